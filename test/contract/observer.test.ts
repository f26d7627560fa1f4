// Runs the contract of an observer on the listeners of a cache, and looks at how listeners are added.

import { expect, test } from "vitest";
import type { CacheEventType } from "../../src/index.ts";
import { Listeners } from "../../src/observe/events.ts";
import { observerContract } from "./observer.ts";

observerContract("Listeners", () => {
  const observer = new Listeners("shop");
  return {
    observer,
    listen(type, listener) {
      observer.add(type, listener);
      return () => observer.remove(type, listener);
    },
  };
});

test("Listeners hears a listener once, however often it was added", () => {
  const listeners = new Listeners("shop");
  let calls = 0;
  const listener = (): void => void calls++;
  listeners.add("miss", listener);
  listeners.add("miss", listener);
  listeners.notify({ type: "miss", key: "a", namespace: undefined });
  expect(calls).toBe(1);
  listeners.remove("miss", listener);
  expect(listeners.wants("miss")).toBe(false);
});

test("Listeners refuses a type that does not exist, and what is no function", () => {
  const listeners = new Listeners("shop");
  const listener = (): void => undefined;
  const add = (type: unknown, value: unknown) => () => listeners.add(type as CacheEventType, value as () => void);
  expect(add("missing", listener)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  expect(add("toString", listener)).toThrow(/event type must be one of hit, stale/);
  expect(add("miss", "listener")).toThrow("listener must be a function");
  expect(listeners.wants("miss")).toBe(false);
});
