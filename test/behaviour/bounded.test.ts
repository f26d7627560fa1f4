// What is remembered of keys that others hold has a bound: the oldest goes first, and costs one more try.

import { expect, test } from "vitest";
import { Backoff } from "../../src/engine/backoff.ts";
import { EpochTable } from "../../src/engine/epochs.ts";
import { Waiters } from "../../src/engine/waiters.ts";
import { Entry } from "../../src/model/entry.ts";
import { FakeClock } from "../support/fake-clock.ts";

const MOST = 10_000;

test("back-offs of entries that come from a shared tier", () => {
  const clock = new FakeClock();
  const backoff = new Backoff(clock, () => 0.5);
  const epochs = new EpochTable(() => []);
  const stamp = { asOf: epochs.now, namespaceEpoch: epochs.namespace(undefined), tags: undefined };
  const spans = { freshMs: 0, staleMs: 1_000, errorMs: 1_000 };
  /** Another object each time, as every read gives another. */
  const entry = (version: number): Entry => new Entry("v", clock.now(), spans, stamp, 0, String(version), undefined);
  const isLeftAlone = (version: number): boolean => backoff.current(entry(version), clock.now()) !== undefined;
  for (let version = 0; version < MOST; version++) backoff.add(entry(version), new Error("no"), stamp.asOf);
  expect([isLeftAlone(0), isLeftAlone(1), isLeftAlone(MOST - 1), isLeftAlone(MOST)]).toEqual([true, true, true, false]);
  // Noted anew, so that another is the oldest.
  backoff.add(entry(0), new Error("again"), stamp.asOf);
  backoff.add(entry(MOST), new Error("no"), stamp.asOf);
  expect([isLeftAlone(0), isLeftAlone(1), isLeftAlone(2), isLeftAlone(MOST)]).toEqual([true, false, true, true]);
});

test("leases that were denied", async () => {
  const clock = new FakeClock();
  const waiters = new Waiters(clock);
  for (let key = 0; key < MOST; key++) waiters.deny(String(key), 200);
  expect([waiters.isDenied("0"), waiters.isDenied("1"), waiters.isDenied(String(MOST))]).toEqual([true, true, false]);
  waiters.deny("0", 200);
  waiters.deny(String(MOST), 200);
  expect([waiters.isDenied("0"), waiters.isDenied("1"), waiters.isDenied(String(MOST))]).toEqual([true, false, true]);
  await clock.advance(10_000);
  expect([waiters.isDenied("0"), waiters.isDenied(String(MOST))]).toEqual([false, false]);
});
