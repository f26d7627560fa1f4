// The epoch table: forgets names that nobody uses, and never an invalidation.

import { describe, expect, test } from "vitest";
import { EpochTable } from "../../src/engine/epochs.ts";
import { isEnded, isMarkedStale, isTouched, type Epoch, type Stamped } from "../../src/model/epoch.ts";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { deferred } from "../support/deferred.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

const names = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

function createTable(limit = 4) {
  const users: { namespaceEpoch: Epoch; tags: readonly Epoch[] | undefined }[] = [];
  const table = new EpochTable(() => users, limit);
  const stamp = (namespace: string | undefined, tags: readonly string[] = []): Stamped => ({
    asOf: table.now,
    namespaceEpoch: table.namespace(namespace),
    tags: table.tags(tags),
  });
  return { table, users, stamp };
}

describe("an epoch table", () => {
  test("knows what an invalidation ends and what came after it", () => {
    const { table, stamp } = createTable();
    const before = stamp("n", ["t"]);
    table.bump(table.tag("t"), false);
    const between = stamp("n", ["t"]);
    table.bump(table.namespace("n"), true);
    const after = stamp("n", ["t"]);
    expect([isEnded(before), isMarkedStale(before), isTouched(before)]).toEqual([true, true, true]);
    expect([isEnded(between), isMarkedStale(between), isTouched(between)]).toEqual([false, true, true]);
    expect([isEnded(after), isMarkedStale(after), isTouched(after)]).toEqual([false, false, false]);
  });

  test("has one epoch per name, and none for no tags", () => {
    const { table } = createTable();
    expect(table.tags([])).toBeUndefined();
    expect(table.tags(["a", "b", "a"])).toHaveLength(2);
    expect(table.tags(["a"])?.[0]).toBe(table.tags(["b", "a"])?.[1]);
    expect(table.namespace(undefined)).toBe(table.namespace(undefined));
    expect(table.namespace("a")).not.toBe(table.tags(["a"])?.[0]);
    expect(table.tag("a")).toBe(table.tags(["a"])?.[0]);
    expect(table.tag("a")).toMatchObject({ kind: "tag", name: "a" });
    expect(table.namespace("a")).toMatchObject({ kind: "namespace", name: "a" });
    expect(table.root).toMatchObject({ kind: "root", name: undefined });
  });

  test("knows when everything was cleared last, and from there on what began before", () => {
    const { table } = createTable();
    const { now } = table;
    expect(table.clearedAt > now).toBe(false);
    table.bump(table.root, true);
    expect(table.clearedAt > now).toBe(false);
    table.bump(table.root, false);
    expect(table.clearedAt > now).toBe(true);
    expect(table.clearedAt > table.now).toBe(false);
  });

  test("makes a newer tick on request without ending anything", () => {
    const { table, stamp } = createTable();
    const before = stamp("n", ["t"]);
    expect(table.advance()).toBe(table.now);
    expect(table.now).toBeGreaterThan(before.asOf);
    expect(isTouched(before)).toBe(false);
    expect(table.clearedAt > before.asOf).toBe(false);
  });

  test("stays small however many names are invalidated", () => {
    const { table } = createTable();
    for (const name of names(1_000, "t")) table.bump(table.tag(name), false);
    for (const name of names(1_000, "n")) table.bump(table.namespace(name), true);
    expect(table.size).toBeLessThanOrEqual(8);
  });

  test("P7 forgets only what nobody uses; who held on to it counts as invalidated", () => {
    const { table, users, stamp } = createTable();
    const kept = stamp("kept", ["kept"]);
    const lost = stamp("lost", ["lost"]);
    users.push(kept);
    for (const name of names(10, "t")) table.bump(table.tag(name), false);
    for (const name of names(10, "n")) table.bump(table.namespace(name), false);
    expect(isTouched(kept)).toBe(false);
    expect(isTouched(lost)).toBe(true);
    expect(isEnded(lost)).toBe(true);
    table.bump(table.tag("kept"), false);
    expect(isEnded(kept)).toBe(true);
  });

  test("P3 remembers that a forgotten name was invalidated: what is older than that stays ended", () => {
    const { table } = createTable();
    const asOf = table.now;
    table.bump(table.tag("late"), false);
    for (const name of names(10, "t")) table.tags([name]);
    const late = { asOf, namespaceEpoch: table.namespace(undefined), tags: table.tags(["late"]) };
    expect(isEnded(late)).toBe(true);
    const fresh = { ...late, asOf: table.now };
    expect(isTouched(fresh)).toBe(false);
  });

  test("gives valid epochs for more names at once than it may hold", () => {
    const { table, users, stamp } = createTable(2);
    const big = stamp("n", names(10, "t"));
    users.push(big);
    expect(big.tags).toHaveLength(10);
    expect(isTouched(big)).toBe(false);
    table.tags(["one more"]);
    expect(isTouched(big)).toBe(false);
    table.bump(table.tag("t7"), false);
    expect(isEnded(big)).toBe(true);
  });
});

describe("a cache that sees more names than it can remember", () => {
  const MANY = names(10_001, "x");

  test("P7 loses no entry that it holds", async () => {
    const { cache } = createCache();
    await cache.set("k", "v", { tags: ["t"], namespace: "n" });
    await cache.invalidateTags(MANY);
    for (const name of MANY) await cache.clearNamespace(name);
    expect(await cache.get("k", { namespace: "n" })).toBe("v");
    await cache.invalidateTags(["t"]);
    expect(await cache.has("k", { namespace: "n" })).toBe(false);
  });

  test("P7 loses no refresh that runs, not even one that has named its tags itself", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh, { tags: ["call"], namespace: "n" });
    call(0).argument.setTags(["own"]);
    await cache.invalidateTags(MANY);
    for (const name of MANY) await cache.clearNamespace(name);
    call(0).resolve("v");
    await got;
    expect(await cache.get("k", { namespace: "n" })).toBe("v");
  });

  test("P7 loses no set that is being validated", async () => {
    const gate = deferred<boolean>();
    const { cache } = createCache({ validate: () => gate.promise });
    const setting = cache.set("k", "v", { tags: ["t"], namespace: "n" });
    await cache.invalidateTags(MANY);
    for (const name of MANY) await cache.clearNamespace(name);
    gate.resolve(true);
    await setting;
    expect(await cache.get("k", { namespace: "n" })).toBe("v");
  });

  test("P3 fences a refresh that names an invalidated tag which is forgotten by then", async () => {
    const { cache } = createCache();
    const { refresh, call } = controlled();
    const got = cache.get("k", refresh);
    await cache.invalidateTags(["late", ...MANY]);
    call(0).argument.setTags(["late"]);
    call(0).resolve("v");
    await got;
    await drainMicrotasks();
    expect(await cache.has("k")).toBe(false);
  });
});
