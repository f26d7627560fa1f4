// Invalidating many entries over Redis: by tag, by namespace, everything; gone, or stale from now on.

import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { instantsAt, keyOf } from "./frames.ts";
import { DONE, eventually, heard, SHAPES, SharedWorld, type Pair } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** Has both processes hold what is there in memory. */
async function warm({ a, b }: Pair, keys: readonly string[], namespace?: string): Promise<void> {
  const of = namespace === undefined ? {} : { namespace };
  await a.getMany(keys, of);
  await b.getMany(keys, of);
}

describe.each(SHAPES)("%s", (_shape, shape) => {
  const open = (): Promise<Pair> => world.pair({ shape });

  test("markStale: served while the next reader refreshes it, by whichever process that is", async () => {
    const pair = await open();
    const { name, a, b } = pair;
    await a.set("k", "old");
    await warm(pair, ["k"]);
    const before = await instantsAt(world.raw, keyOf(name, "k"));
    expect(await b.markStale("k")).toEqual(DONE);
    const after = await instantsAt(world.raw, keyOf(name, "k"));
    expect(after.freshUntil).toBeLessThan(before.freshUntil);
    expect([after.staleUntil, after.errorUntil]).toEqual([before.staleUntil, before.errorUntil]);
    for (const cache of [a, b]) await eventually(async () => (await cache.getEntry("k"))?.state, "stale");
    // Word of it that came later would overtake the refresh.
    await heard(b, a);
    expect([await a.has("k"), await a.ttl("k")]).toEqual([true, 0]);
    let calls = 0;
    const load = (): string => `new ${++calls}`;
    expect(await a.get("k", load)).toBe("old");
    for (const cache of [a, b]) await eventually(() => cache.get("k"), "new 1");
    expect(calls).toBe(1);
  });

  test("markStale of what is not there is done as well", async () => {
    const { a, b } = await open();
    expect(await a.markStale("k")).toEqual(DONE);
    expect([await a.get("k"), await b.has("k")]).toEqual([undefined, false]);
  });

  test("invalidateTags ends what has one of the tags, in every namespace, and nothing else", async () => {
    const pair = await open();
    const { a, b } = pair;
    await a.set("red", 1, { tags: ["colour", "warm"] });
    await a.set("blue", 2, { tags: ["colour"], namespace: "n" });
    await a.set("other", 3, { tags: ["shape"] });
    await a.set("bare", 4);
    await warm(pair, ["red", "other", "bare"]);
    await warm(pair, ["blue"], "n");
    expect(await b.invalidateTags(["cold", "colour"])).toEqual(DONE);
    const left = [undefined, 3, 4];
    for (const cache of [b, a]) {
      await eventually(() => cache.getMany(["red", "other", "bare"]), left);
      await eventually(() => cache.get("blue", { namespace: "n" }), undefined);
    }
    // What is stored from now on is of the new generation.
    await a.set("red", 5, { tags: ["colour"] });
    expect([await a.get("red"), await b.get("red")]).toEqual([5, 5]);
    expect(await a.invalidateTags([])).toEqual(DONE);
  });

  test("invalidateTags knows the tags that a refresh has named", async () => {
    const pair = await open();
    const { a, b } = pair;
    // Known before the refresh begins; otherwise nobody could tell whether it was invalidated meanwhile.
    await a.set("seed", 1, { tags: ["late"] });
    const load = (): Promise<string> =>
      a.get("k", ({ setTags }) => {
        setTags(["late"]);
        return "v";
      });
    await load();
    await warm(pair, ["k"]);
    expect((await b.getEntry("k"))?.tags).toEqual(["late"]);
    expect(await b.invalidateTags(["late"])).toEqual(DONE);
    await eventually(() => a.getMany(["k", "seed"]), [undefined, undefined]);
    expect(await b.getMany(["k", "seed"])).toEqual([undefined, undefined]);
  });

  test("markTagsStale turns what has the tag stale, also what is read from Redis only later", async () => {
    const pair = await open();
    const { a, b } = pair;
    await a.setMany({ x: 1, y: 2 }, { tags: ["t"] });
    await a.set("other", 3);
    await warm(pair, ["x"]);
    expect(await b.markTagsStale(["t"])).toEqual(DONE);
    for (const cache of [a, b])
      await eventually(
        async () => [await cache.getEntry("x"), await cache.getEntry("y"), await cache.getEntry("other")].map(stateOf),
        ["stale", "stale", "fresh"],
      );
    expect([await a.ttl("x"), await b.getMany(["x", "y"])]).toEqual([0, [1, 2]]);
    // Ended is ended, however it is marked later.
    await b.invalidateTags(["t"]);
    await b.markTagsStale(["t"]);
    await eventually(() => a.getMany(["x", "y"]), [undefined, undefined]);
  });

  test("clearNamespace ends a namespace, and no other", async () => {
    const pair = await open();
    const { a, b } = pair;
    for (const namespace of ["n", "n:x", "N"]) await a.set("k", namespace, { namespace });
    await a.set("k", "none");
    for (const namespace of ["n", "n:x", "N"]) await warm(pair, ["k"], namespace);
    await warm(pair, ["k"]);
    expect(await b.clearNamespace("n")).toEqual(DONE);
    const read = (cache: Pair["a"]): Promise<unknown[]> =>
      Promise.all([...["n", "n:x", "N"].map((namespace) => cache.get("k", { namespace })), cache.get("k")]);
    for (const cache of [b, a]) await eventually(() => read(cache), [undefined, "n:x", "N", "none"]);
    expect(await b.clearNamespace()).toEqual(DONE);
    for (const cache of [b, a]) await eventually(() => read(cache), [undefined, "n:x", "N", undefined]);
    await a.set("k", "again", { namespace: "n" });
    expect(await b.get("k", { namespace: "n" })).toBe("again");
  });

  test("markNamespaceStale turns a namespace stale, and one refresh brings each entry back", async () => {
    const pair = await open();
    const { a, b } = pair;
    await a.set("k", "old", { namespace: "n" });
    await a.set("k", "other");
    await warm(pair, ["k"], "n");
    expect(await b.markNamespaceStale("n")).toEqual(DONE);
    await eventually(async () => stateOf(await a.getEntry("k", { namespace: "n" })), "stale");
    expect(stateOf(await a.getEntry("k"))).toBe("fresh");
    expect(await a.get("k", () => "new", { namespace: "n" })).toBe("old");
    for (const cache of [a, b]) await eventually(() => cache.get("k", { namespace: "n" }), "new");
    expect(stateOf(await b.getEntry("k", { namespace: "n" }))).toBe("fresh");
  });

  test("clear ends everything, and other caches of the server keep what they have", async () => {
    const pair = await open();
    const other = await world.open({ shape, name: `${pair.name}2` });
    const { a, b } = pair;
    await other.set("k", "kept");
    await a.set("k", 1, { tags: ["t"] });
    await a.set("k", 2, { namespace: "n" });
    await warm(pair, ["k"]);
    await warm(pair, ["k"], "n");
    expect(await b.clear()).toEqual(DONE);
    for (const cache of [b, a]) {
      await eventually(() => cache.get("k"), undefined);
      await eventually(() => cache.get("k", { namespace: "n" }), undefined);
    }
    expect(await other.get("k")).toBe("kept");
    await a.set("k", 3);
    expect([await a.get("k"), await b.get("k")]).toEqual([3, 3]);
  });
});

const stateOf = (entry: { readonly state: string } | undefined): string | undefined => entry?.state;
