// Entries: their state at an instant.

import { describe, expect, test } from "vitest";
import { Entry, keyOfEntry, newVersion, staleFrom, stateOf } from "../../src/model/entry.ts";
import { Epoch } from "../../src/model/epoch.ts";
import { idPrefix, toId } from "../../src/model/key.ts";

function createEntry(spans = { freshMs: 10, staleMs: 20, errorMs: 30 }, tags?: readonly Epoch[]): Entry {
  const namespaceEpoch = new Epoch("n", 0);
  return new Entry("v", 1_000, spans, { asOf: 5, namespaceEpoch, tags }, 7, 1, undefined);
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
    const tag = new Epoch("t", 0);
    const entry = createEntry(undefined, [new Epoch("other", 0), tag]);
    tag.bump(5, true);
    expect(stateOf(entry, 1_000)).toBe("fresh");
    tag.bump(6, true);
    expect(stateOf(entry, 1_000)).toBe("stale");
    expect(stateOf(entry, 1_025)).toBe("rescue");
    const other = createEntry();
    other.namespaceEpoch.bump(6, true);
    expect(stateOf(other, 1_000)).toBe("stale");
  });
});

describe("staleFrom", () => {
  test("ends freshness at once, moves no other window, and keeps all else", () => {
    const stale = staleFrom(1_004, createEntry(), 2);
    expect(stale).toMatchObject({
      value: "v",
      createdAt: 1_000,
      freshUntil: 1_004,
      staleUntil: 1_020,
      errorUntil: 1_030,
    });
    expect(stale).toMatchObject({ asOf: 5, loadMs: 7, version: 2 });
    expect(stateOf(stale, 1_004)).toBe("stale");
  });

  test("does not make a stale entry fresher", () => {
    expect(staleFrom(1_015, createEntry(), 2).freshUntil).toBe(1_010);
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

  test("has a version of 32 random bits", () => {
    expect(newVersion(() => 0)).toBe(0);
    expect(newVersion(() => 0.5)).toBe(-(2 ** 31));
    expect(newVersion(() => 1 - 2 ** -53)).toBe(-1);
    const versions = new Set(Array.from({ length: 1_000 }, () => newVersion(Math.random)));
    expect(versions.size).toBeGreaterThan(990);
    for (const version of versions) expect(version).toBe(version | 0);
  });
});
