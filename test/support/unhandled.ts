// Catches promise rejections that nobody handles, which would crash a process.

import { afterEach, beforeEach, expect } from "vitest";

/** Fails every test of the file during which a rejection goes unhandled. */
export function forbidUnhandledRejections(): void {
  let unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    unhandled = [];
    process.on("unhandledRejection", listener);
  });
  afterEach(async () => {
    // Node reports them after a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", listener);
    expect(unhandled).toEqual([]);
  });
}
