// The checker on histories made by hand: it flags what is forbidden, and nothing else.

import { describe, expect, it } from "vitest";
import { checkHistory } from "./checker.ts";
import type { Entry, FaultBegan, Invalidation, Read } from "./entries.ts";
import type { Limits } from "./limits.ts";

const LIMITS: Limits = {
  boundMs: 250,
  divergenceMs: 1_000,
  gapMs: 300,
  storeMs: 100,
  lateMs: 500,
  replayMs: 2_000,
  turns: 3,
  longPauseMs: 100,
  pauseRecoveryMs: 1_000,
  failoverLossMs: 1_000,
};

/** Version 2 of key `a` is committed, and process `one` deletes `a`: the call lasts from 100 to 110. */
function deleted(more: Partial<Invalidation> = {}): Invalidation {
  return {
    kind: "invalidation",
    process: "one",
    id: 1,
    verb: "delete",
    start: 100,
    end: 110,
    outcome: "done",
    isSoft: false,
    covers: [["a", 2]],
    ...more,
  };
}

function read(process: string, start: number, version: number | undefined, more: Partial<Read> = {}): Read {
  const value = { key: "a", version: version ?? 0, setBy: 0, loadedAt: start - 1, madeBy: process };
  return {
    kind: "read",
    process,
    key: "a",
    start,
    end: start + 1,
    value: version === undefined ? undefined : value,
    lifeMs: Infinity,
    ...more,
  };
}

function fault(effect: FaultBegan["effect"], from: number, more: Partial<FaultBegan> = {}): FaultBegan {
  return {
    kind: "fault",
    id: 7,
    name: `a ${effect}`,
    effect,
    process: "two",
    from,
    recoveryMs: 500,
    extraMs: 40,
    ...more,
  };
}

const healed = (at: number): Entry => ({ kind: "healed", id: 7, at });
const ended = (process: string, at: number): Entry => ({ kind: "ended", process, at });
const written = (id: number, start: number, end: number, version: number, more: Partial<Invalidation> = {}) =>
  deleted({ id, verb: "set", process: "two", start, end, covers: [["a", version]], ...more });
const of = (setBy: number, version: number, loadedAt = 0) => ({
  value: { key: "a", version, setBy, loadedAt, madeBy: "two" },
});

/** The promises that a history breaks. */
function judge(...entries: Entry[]): string[] {
  return checkHistory(entries, LIMITS).map(({ promise }) => promise);
}

describe("in the process that invalidated", () => {
  it("forbids the old value at once", () => {
    expect(judge(deleted(), read("one", 110.1, 1))).toEqual(["P3"]);
  });

  it("allows it to whoever asked before", () => {
    expect(judge(deleted(), read("one", 109, 1, { end: 500 }))).toEqual([]);
  });

  it("allows the version that was due, newer ones and none", () => {
    expect(
      judge(deleted(), read("one", 111, 2), read("one", 112, 3), read("one", 113, undefined), read("two", 9_999, 2)),
    ).toEqual([]);
  });

  it("forbids it while the call is pending, even cut off", () => {
    const cut = fault("cut", 0, { process: "one" });
    expect(judge(cut, deleted({ outcome: "pending" }), read("one", 111, 1))).toEqual(["P11"]);
  });

  it("forbids nothing after a call that failed, and flags the failure", () => {
    expect(judge(deleted({ outcome: "failed" }), read("one", 9_999, 1))).toEqual(["P10"]);
  });

  it("allows an old value after a soft invalidation", () => {
    expect(judge(deleted({ isSoft: true }), read("one", 9_999, 1))).toEqual([]);
  });
});

describe("in a connected process", () => {
  it("forbids the old value after the bound", () => {
    expect(judge(deleted(), read("two", 361, 1))).toEqual(["P4"]);
  });

  it("allows it until then", () => {
    expect(judge(deleted(), read("two", 359, 1))).toEqual([]);
  });

  it("lengthens the bound by what event loops stood still, that of the coordinator too", () => {
    const pause = (process: string | undefined): Entry => ({ kind: "pause", process, from: 200, to: 250 });
    expect(judge(deleted(), pause("two"), read("two", 509, 1))).toEqual([]);
    expect(judge(deleted(), pause(undefined), read("two", 509, 1))).toEqual([]);
    expect(judge(deleted(), pause("two"), read("two", 511, 1))).toEqual(["P4"]);
    expect(judge(deleted(), pause("three"), read("two", 361, 1))).toEqual(["P4"]);
  });

  it("takes a long pause for a cut", () => {
    const pause: Entry = { kind: "pause", process: "two", from: 200, to: 400 };
    expect(judge(deleted(), pause, read("two", 2_249, 1))).toEqual([]);
    expect(judge(deleted(), pause, read("two", 2_251, 1))).toEqual(["P4"]);
  });

  it("sees through a newer invalidation that does not bind yet to an older one that does", () => {
    const newer = deleted({ id: 2, start: 900, end: 910, covers: [["a", 5]] });
    expect(judge(deleted(), newer, read("two", 920, 1))).toEqual(["P4"]);
    expect(judge(deleted(), newer, read("two", 920, 2))).toEqual([]);
  });

  it("covers every key of a tag with its own version", () => {
    const tag = deleted({
      verb: "invalidateTags",
      covers: [
        ["b", 9],
        ["a", 2],
      ],
    });
    expect(judge(tag, read("two", 400, 1), read("two", 400, 2))).toEqual(["P4"]);
  });

  it("promises nothing after a call that had no authority", () => {
    expect(judge(deleted({ outcome: "none" }), read("two", 9_999, 1))).toEqual([]);
    expect(judge(deleted({ outcome: "none" }), read("one", 111, 1))).toEqual(["P11"]);
  });
});

describe("in a process that is cut off", () => {
  it("allows the old value as long as that lasts, and while it finds back", () => {
    expect(judge(fault("cut", 50), deleted(), read("two", 9_999, 1))).toEqual([]);
    expect(judge(fault("cut", 50), deleted(), healed(1_000), read("two", 1_749, 1))).toEqual([]);
    expect(judge(fault("cut", 50), deleted(), healed(1_000), read("two", 1_751, 1))).toEqual(["P4"]);
  });

  it("counts a cut that began while the word was on its way", () => {
    expect(judge(deleted(), fault("cut", 300), healed(1_000), read("two", 1_700, 1))).toEqual([]);
  });

  it("does not count one that began later", () => {
    expect(judge(deleted(), fault("cut", 400), read("two", 700, 1))).toEqual(["P4"]);
  });

  it("does not count one that it had recovered from", () => {
    expect(judge(fault("cut", 0), healed(1), deleted({ end: 502 }), read("two", 753, 1))).toEqual(["P4"]);
    expect(judge(fault("cut", 0), healed(1), deleted({ end: 500 }), read("two", 751, 1))).toEqual([]);
  });

  it("counts a cut that follows before it has recovered", () => {
    const second = fault("cut", 1_200, { id: 8 });
    expect(judge(fault("cut", 50), deleted(), healed(1_000), second, read("two", 9_999, 1))).toEqual([]);
  });

  it("counts the faults of all processes, but not those of another", () => {
    expect(judge(fault("cut", 50, { process: undefined }), deleted(), read("two", 9_999, 1))).toEqual([]);
    expect(judge(fault("cut", 50, { process: "three" }), deleted(), read("two", 9_999, 1))).toEqual(["P4"]);
  });

  it("gives a process without its bus, but with the authority, the limit of divergence", () => {
    expect(judge(fault("bus", 50), deleted(), read("two", 1_359, 1))).toEqual([]);
    expect(judge(fault("bus", 50), deleted(), read("two", 1_361, 1))).toEqual(["P4"]);
    expect(judge(deleted(), fault("bus", 200), read("two", 1_449, 1))).toEqual([]);
    expect(judge(deleted(), fault("bus", 200), read("two", 1_451, 1))).toEqual(["P4"]);
  });

  it("does not count a loss of the bus after the word has come, or has been missed", () => {
    const second = fault("bus", 900, { id: 8 });
    expect(judge(fault("bus", 50), healed(120), deleted(), second, read("two", 1_361, 1))).toEqual(["P4"]);
  });

  it("has whoever may have missed the word verify a copy, but not while that is not possible", () => {
    const cut = fault("cut", 3_000, { id: 8 });
    const back: Entry = { kind: "healed", id: 8, at: 3_200 };
    expect(judge(fault("bus", 50), healed(120), deleted(), cut, back, read("two", 2_999, 1))).toEqual(["P4"]);
    expect(judge(fault("bus", 50), healed(120), deleted(), cut, back, read("two", 3_949, 1))).toEqual([]);
    expect(judge(fault("bus", 50), healed(120), deleted(), cut, back, read("two", 3_951, 1))).toEqual(["P4"]);
    // Who has not missed it has no such copy.
    expect(judge(deleted(), fault("bus", 2_000), healed(2_100), cut, back, read("two", 3_100, 1))).toEqual(["P4"]);
  });

  it("gives a slow connection its delay", () => {
    expect(judge(fault("slow", 50), deleted(), read("two", 399, 1))).toEqual([]);
    expect(judge(fault("slow", 50), deleted(), read("two", 401, 1))).toEqual(["P4"]);
  });
});

describe("a lock", () => {
  it("excuses no reader: what is written is heard of", () => {
    const lock = fault("lock", 50, { process: undefined });
    expect(judge(lock, deleted(), read("two", 359, 1))).toEqual([]);
    expect(judge(lock, deleted(), read("two", 361, 1))).toEqual(["P4"]);
  });

  it("puts off what is pending until it is free", () => {
    const lock = fault("lock", 50, { process: undefined });
    const pending = deleted({ outcome: "pending" });
    expect(judge(lock, pending, read("two", 9_999, 1))).toEqual([]);
    expect(judge(lock, pending, healed(1_000), read("two", 3_749, 1))).toEqual([]);
    expect(judge(lock, pending, healed(1_000), read("two", 3_751, 1))).toEqual(["P11"]);
  });
});

describe("a failover", () => {
  it("may undo for a while what was acknowledged shortly before, and no longer", () => {
    const failover = fault("failover", 1_000, { process: undefined });
    expect(judge(deleted(), failover, read("two", 1_500, 1))).toEqual([]);
    expect(judge(deleted(), failover, healed(2_000), read("two", 2_751, 1))).toEqual(["P7"]);
    expect(judge(deleted({ end: -1 }), failover, read("two", 1_500, 1))).toEqual(["P4"]);
  });

  it("undoes it for good when the process is gone that had to repeat it", () => {
    const failover = fault("failover", 1_000, { process: undefined });
    expect(judge(deleted(), failover, ended("one", 1_100), healed(2_000), read("two", 9_999, 1))).toEqual([]);
  });
});

describe("a pending invalidation", () => {
  const pending = deleted({ outcome: "pending" });

  it("binds others once it has been replayed", () => {
    expect(judge(pending, read("two", 2_359, 1))).toEqual([]);
    expect(judge(pending, read("two", 2_361, 1))).toEqual(["P11"]);
  });

  it("waits for the end of the fault that keeps its process from the authority", () => {
    const cut = fault("cut", 50, { process: "one" });
    expect(judge(cut, pending, read("two", 9_999, 1))).toEqual([]);
    expect(judge(cut, pending, healed(1_000), read("two", 3_749, 1))).toEqual([]);
    expect(judge(cut, pending, healed(1_000), read("two", 3_751, 1))).toEqual(["P11"]);
  });

  it("dies with its process", () => {
    expect(judge(pending, ended("one", 2_000), read("two", 9_999, 1))).toEqual([]);
    expect(judge(deleted(), ended("one", 111), read("two", 361, 1))).toEqual(["P4"]);
  });
});

describe("values written by set", () => {
  it("bind like an invalidation", () => {
    expect(judge(written(5, 100, 110, 2), read("two", 111, 1), read("one", 361, 1))).toEqual(["P3", "P4"]);
  });

  it("may overwrite an invalidation that came before they were done", () => {
    expect(judge(deleted({ end: 120 }), written(5, 90, 101, 1), read("one", 130, 1, of(5, 1)))).toEqual([]);
    expect(judge(deleted({ end: 120 }), written(5, 90, 99, 1), read("one", 130, 1, of(5, 1)))).toEqual(["P3"]);
  });

  it("may be written late when they are pending, but not for ever", () => {
    const set = (end: number) => written(5, end - 10, end, 1, { outcome: "pending" });
    expect(judge(set(-399), deleted(), read("one", 130, 1, of(5, 1)))).toEqual([]);
    expect(judge(set(-401), deleted(), read("one", 130, 1, of(5, 1)))).toEqual(["P3"]);
  });

  it("may be written until the end of a process that did not live to report it", () => {
    expect(judge(deleted(), read("one", 130, 1, of(5, 1)))).toEqual([]);
    expect(judge(ended("two", -399), deleted(), read("one", 130, 1, of(5, 1)))).toEqual([]);
    expect(judge(ended("two", -401), deleted(), read("one", 130, 1, of(5, 1)))).toEqual(["P3"]);
  });
});

describe("age", () => {
  const aged = (start: number, lifeMs: number) =>
    read("one", start, 1, { lifeMs, value: { key: "a", version: 1, setBy: 0, loadedAt: 1_000, madeBy: "two" } });

  it("is bounded by the life of the value", () => {
    expect(judge(aged(1_549, 200), aged(9_999, Infinity))).toEqual([]);
    expect(judge(aged(1_551, 200))).toEqual(["P8"]);
  });

  it("grows by the pauses of those who made and who read it", () => {
    expect(judge({ kind: "pause", process: "two", from: 1_000, to: 1_050 }, aged(1_699, 200))).toEqual([]);
    expect(judge({ kind: "pause", process: "one", from: 1_000, to: 1_050 }, aged(1_701, 200))).toEqual(["P8"]);
  });
});

describe("reads", () => {
  it("flags a value of another key", () => {
    const value = { key: "b", version: 1, setBy: 0, loadedAt: 0, madeBy: "two" };
    expect(judge(read("one", 10, 1, { value }))).toEqual(["P13"]);
  });

  it("flags one that fails although its refresh does not", () => {
    expect(judge({ kind: "failed read", process: "one", key: "a", start: 1, end: 2, message: "no" })).toEqual(["P10"]);
  });
});

it("says in words what was read, what was due, since when, and what happened to the key", () => {
  const commit: Entry = { kind: "commit", process: "one", key: "a", version: 2, at: 90 };
  const [violation] = checkHistory([commit, deleted(), read("two", 400, 1)], LIMITS);
  expect(violation?.text).toBe(
    "two read a and got version 1, but version 2 was due for 40 ms: one: delete of a was done after 10 ms",
  );
  expect(violation?.lines).toEqual([
    "  -310.0 ms  one committed version 2 of a",
    "  -300.0 ms  one: delete of a was done after 10 ms",
    "     0.0 ms  two read version 1 (refreshed by two at 399.0) within 1.0 ms",
  ]);
});
