// What the suites of tiers, authorities and buses share. No test runner: whoever runs them brings `test` and `assert`.

import type { Authority, EpochName } from "../contracts/authority.ts";
import type { FrameLayout } from "../contracts/frame.ts";

/** The part of `node:assert/strict` that the suites use; `equal` and `deepEqual` are the strict ones. */
export interface SuiteAssert {
  ok(value: unknown, message?: string): asserts value;
  equal(actual: unknown, expected: unknown, message?: string): void;
  notEqual(actual: unknown, expected: unknown, message?: string): void;
  deepEqual(actual: unknown, expected: unknown, message?: string): void;
}

/**
 * A test runner, reduced to what the suites need: `{ test, assert }`, with `assert` from `node:assert/strict` and `test`
 * from node:test, vitest, mocha (there called `it`) or another.
 */
export interface Suite {
  /** Takes a test. The tests of a suite may run one after the other or at once: they share no keys. */
  readonly test: (name: string, body: () => Promise<void>) => void;
  readonly assert: SuiteAssert;
}

/** Two authorities that share their data, and what they were opened with. */
export interface AuthorityUnderTest {
  readonly authority: Authority;
  /** The same, as another process sees it: over a connection of its own. */
  readonly other: Authority;
  /** What full keys start with. */
  readonly root: string;
  /** Where the authorities find version and instants in a frame, such as {@link SAMPLE_LAYOUT}. */
  readonly layout: FrameLayout;
}

/**
 * A layout of frames to open authorities and buses with. It is deliberately not the one that caches use: an authority
 * goes by the layout it is given.
 */
export const SAMPLE_LAYOUT: FrameLayout = {
  magic: Uint8Array.of(0x53, 0x00, 0xff),
  headerBytes: 61,
  instantsOffset: 21,
  versionOffset: 4,
};

/** Spans of an entry that outlives the test. */
export const LONG = { freshMs: 60_000, staleMs: 120_000, errorMs: 180_000 };

/** A lease that outlives the test. */
export const LEASE_MS = 30_000;

/** A full key that no other test uses: what is shared is never empty. */
export function freshKey(root: string): string {
  return `${root}:v:{${unique("n")}:${unique("k")}}`;
}

/** A name that no other test uses. */
export function unique(prefix: string): string {
  return `${prefix}-${process.pid.toString(36)}-${(++count).toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

let count = 0;

/** A tag that no other test uses. */
export function freshTag(): EpochName {
  return { kind: "tag", name: unique("tag") };
}

/** Sixteen hexadecimal digits. */
export function randomVersion(): string {
  return Array.from({ length: 16 }, () => Math.floor(Math.random() * 16).toString(16)).join("");
}

/** Bytes that look like a frame to an authority: header, instants of zero, version, and any bytes as the rest. */
export function frameOf(layout: FrameLayout, version: string): Uint8Array {
  const frame = Buffer.alloc(layout.headerBytes + 256);
  frame.set(layout.magic);
  frame.write(version, layout.versionOffset, "hex");
  for (let byte = 0; byte < 256; byte++) frame[layout.headerBytes + byte] = byte;
  return frame;
}

/** The four instants of a frame. */
export function instantsOf(layout: FrameLayout, frame: Uint8Array): [number, number, number, number] {
  const view = new DataView(frame.buffer, frame.byteOffset + layout.instantsOffset);
  return [view.getFloat64(0), view.getFloat64(8), view.getFloat64(16), view.getFloat64(24)];
}

/** The frame as it was before an authority wrote the instants. */
export function withoutInstants(layout: FrameLayout, frame: Uint8Array): Buffer {
  return Buffer.from(frame).fill(0, layout.instantsOffset, layout.instantsOffset + 32);
}

/** Waits until a condition holds, for at most five seconds. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
