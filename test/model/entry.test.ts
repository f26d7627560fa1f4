// Entries: their state at an instant.

import { describe, expect, test } from "vitest";
import { Entry, isTooOld, isUsable, keyOfEntry, staleFrom, stateOf } from "../../src/model/entry.ts";
import { Epoch } from "../../src/model/epoch.ts";
import { idPrefix, toId } from "../../src/model/key.ts";

function createEntry(spans = { freshMs: 10, staleMs: 20, errorMs: 30 }, tags?: readonly Epoch[]): Entry {
  const namespaceEpoch = new Epoch("namespace", "n", 0);
  return new Entry("v", 1_000, spans, { asOf: 5, namespaceEpoch, tags }, 7, "1", undefined);
}

describe("stateOf", () => {
  test.each([
    [1_000, "fresh"],
    [1_009.999, "fresh"],
    [1_010, "stale"],
    [1_019, "stale"],
    [1_020, "rescue"],
    [1_029, "rescue"],
    [1_030, "expired"],
    [Infinity, "expired"],
  ])("at %d is %s: windows are half-open", (now, state) => {
    expect(stateOf(createEntry(), now)).toBe(state);
  });

  test("knows no window that is empty", () => {
    expect(stateOf(createEntry({ freshMs: 0, staleMs: 5, errorMs: 5 }), 1_000)).toBe("stale");
    expect(stateOf(createEntry({ freshMs: 0, staleMs: 0, errorMs: 5 }), 1_000)).toBe("rescue");
    expect(stateOf(createEntry({ freshMs: 0, staleMs: 0, errorMs: 0 }), 1_000)).toBe("expired");
  });

  test("is stale, and no less, once its namespace or a tag was marked", () => {
    const tag = new Epoch("tag", "t", 0);
    const entry = createEntry(undefined, [new Epoch("tag", "other", 0), tag]);
    tag.bump(5, true);
    expect(stateOf(entry, 1_000)).toBe("fresh");
    tag.bump(6, true);
    expect(stateOf(entry, 1_000)).toBe("stale");
    expect(stateOf(entry, 1_025)).toBe("rescue");
    const other = createEntry();
    other.namespaceEpoch.bump(6, true);
    expect(stateOf(other, 1_000)).toBe("stale");
  });

  test("is expired, whatever its windows, once its namespace or a tag was ended", () => {
    const tag = new Epoch("tag", "t", 0);
    const entry = createEntry(undefined, [new Epoch("tag", "other", 0), tag]);
    tag.bump(5, false);
    expect(stateOf(entry, 1_000)).toBe("fresh");
    tag.bump(6, false);
    expect(stateOf(entry, 1_000)).toBe("expired");
    const other = createEntry();
    other.namespaceEpoch.bump(6, false);
    expect(stateOf(other, 1_000)).toBe("expired");
  });
});

describe("isUsable", () => {
  test("takes what is fresh or stale, and younger than an age", () => {
    expect(isUsable(createEntry(), 1_019, Infinity)).toBe(true);
    expect(isUsable(createEntry(), 1_020, Infinity)).toBe(false);
    expect(isUsable(createEntry(), 1_004, 5)).toBe(true);
    expect(isUsable(createEntry(), 1_005, 5)).toBe(false);
  });
});

describe("staleFrom", () => {
  test("ends freshness at once, moves no other window, and keeps all else", () => {
    const stale = staleFrom(1_004, createEntry());
    expect(stale).toMatchObject({
      value: "v",
      createdAt: 1_000,
      freshUntil: 1_004,
      staleUntil: 1_020,
      errorUntil: 1_030,
    });
    expect(stale).toMatchObject({ asOf: 5, loadMs: 7, version: "1" });
    expect(stateOf(stale, 1_004)).toBe("stale");
  });

  test("keeps the version of the frame that it is a copy of, also where there is none", () => {
    const { namespaceEpoch, tags } = createEntry();
    const stamp = { asOf: 5, namespaceEpoch, tags };
    for (const version of ["abc", undefined]) {
      const entry = new Entry("v", 1_000, { freshMs: 10, staleMs: 20, errorMs: 30 }, stamp, 7, version, undefined);
      expect(staleFrom(1_004, entry).version).toBe(version);
    }
  });

  test("does not make a stale entry fresher", () => {
    expect(staleFrom(1_015, createEntry()).freshUntil).toBe(1_010);
  });
});

describe("isTooOld", () => {
  test.each([
    [1_000, 10, false],
    [1_009.999, 10, false],
    [1_010, 10, true],
    [1_011, 10, true],
    [1_000, 0, true],
    [1_000, Infinity, false],
    [Number.MAX_VALUE, Infinity, false],
  ])("at %d with maxAge %d: %s", (now, maxAgeMs, expected) => {
    expect(isTooOld(createEntry(), now, maxAgeMs)).toBe(expected);
  });

  test("asks for the age alone, not for the windows", () => {
    const lasting = createEntry({ freshMs: Infinity, staleMs: Infinity, errorMs: Infinity });
    expect(isTooOld(lasting, 1_010, 10)).toBe(true);
    expect(isTooOld(createEntry({ freshMs: 0, staleMs: 0, errorMs: 0 }), 1_009, 10)).toBe(false);
    expect(isTooOld({ createdAt: 1_000 }, 1_010, 10)).toBe(true);
  });

  test("takes one made by a clock that is ahead for younger, never for older", () => {
    expect(isTooOld({ createdAt: 1_000 }, 995, 10)).toBe(false);
    expect(isTooOld({ createdAt: 1_000 }, 1_005, 10)).toBe(false);
  });
});

describe("an entry", () => {
  test("gives its value as one and the same promise", async () => {
    const entry = createEntry();
    expect(entry.promise).toBe(entry.promise);
    expect(await entry.promise).toBe("v");
  });

  test("gives key and namespace back from its id", () => {
    expect(keyOfEntry(toId(idPrefix("n"), "k:1"), createEntry())).toEqual({ key: "k:1", namespace: "n" });
  });
});
