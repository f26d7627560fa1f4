// A Keyv store that forgets what it was given, or cannot list it: misses, never old values.

import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { openFaulty, PENDING, tierErrors, untilDone } from "./broken.ts";
import { never, openOn } from "./caches.ts";
import { undoAfterEach, type Store } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

/** A store that has room for so many. */
class Last extends Map<string, unknown> {
  readonly #room: number;

  constructor(room: number) {
    super();
    this.#room = room;
  }

  override set(key: string, value: unknown): this {
    super.delete(key);
    super.set(key, value);
    for (const oldest of this.keys()) if (this.size > this.#room) super.delete(oldest);
    return this;
  }
}

describe("a store that forgets", () => {
  test("P7 epochs: what belonged to them is gone", async () => {
    const { store, cache } = openFaulty();
    await cache.set("k", 1);
    await cache.set("n", 2, { namespace: "n", tags: ["t"] });
    for (const key of store.keysOf("epochs")) store.map.delete(key);
    expect([await cache.get("k"), await cache.get("n", { namespace: "n" })]).toEqual([undefined, undefined]);
    await cache.set("k", 3);
    expect(await openOn(store).get("k")).toBe(3);
  });

  test("P7 the same when they have become something else, even if that is the same thing twice", async () => {
    const { store, cache } = openFaulty();
    const spoil = (): void => {
      for (const key of store.keysOf("epochs")) store.map.set(key, "5-abc");
    };
    await cache.set("k", 1);
    spoil();
    expect(await cache.get("k")).toBeUndefined();
    await cache.set("k", 2);
    expect(await cache.get("k", never)).toBe(2);
    spoil();
    expect([await cache.get("k"), await openOn(store).get("k")]).toEqual([undefined, undefined]);
  });

  test.each<[string, () => Store]>([
    ["everything at once", () => ({ get: () => undefined, set: () => true, delete: () => false })],
    ["all but the last three", () => new Last(3)],
  ])("P10 %s fails, and keeps nobody waiting", async (_what, make) => {
    const cache = openOn(make());
    const errors = tierErrors(cache);
    let calls = 0;
    const load = (): number => ++calls;
    expect(await cache.get("k", load)).toBe(1);
    expect(await Promise.all([cache.get("other", load, { tags: ["t"] }), cache.getMany(["x"], () => [0])])).toEqual([
      2,
      [0],
    ]);
    await Promise.all([cache.set("k", 5), cache.delete("other"), cache.clear()]);
    const lost = errors.map((event) => String((event as { error?: Error }).error?.cause));
    expect(lost[0]).toMatch(/must keep what it is given, and has lost shop:\S+ 8 times within a second/);
  });

  test("P7 everything", async () => {
    const { store, cache } = openFaulty();
    await cache.set("k", 1);
    store.map.clear();
    expect([await cache.get("k"), await cache.get("k", () => 2), await cache.get("k", never)]).toEqual([
      undefined,
      2,
      2,
    ]);
  });
});

describe("without an iterator", () => {
  test("deleteMatching ends the whole namespace, once it can", async () => {
    const { store, cache } = openFaulty();
    await cache.setMany({ "a:1": 1, "b:1": 2 });
    await cache.set("a:1", 3, { namespace: "n" });
    expect(await cache.deleteMatching("a:*")).toEqual({ ...PENDING, deleted: 1 });
    await untilDone(cache);
    const other = openOn(store);
    expect([await other.getMany(["a:1", "b:1"]), await other.get("a:1", { namespace: "n" })]).toEqual([
      [undefined, undefined],
      3,
    ]);
  });
});
