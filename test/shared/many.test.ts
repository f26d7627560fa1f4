// getMany over Redis: like as many reads, with one batch for what nobody has and nobody is loading.

import { describe, expect, test } from "vitest";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { age, keyOf, leaseEnds } from "./frames.ts";
import { eventually, heard, never, SHAPES, SharedWorld } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** A batch refresh that notes what it was asked for. */
function noted(): { readonly asked: string[][]; readonly load: (keys: string[]) => Map<string, string> } {
  const asked: string[][] = [];
  return {
    asked,
    load: (keys) => {
      asked.push(keys);
      return new Map(keys.map((key) => [key, `${key} loaded`]));
    },
  };
}

describe.each(SHAPES)("%s", (_shape, shape) => {
  test("without a refresh gives what there is, in the order of the keys, which may repeat", async () => {
    const { a, b } = await world.pair({ shape });
    await a.setMany({ x: 1, y: null });
    expect(await b.getMany(["y", "gone", "x", "y"])).toEqual([null, undefined, 1, null]);
    expect(await b.getMany([])).toEqual([]);
  });

  test("loads in one batch what neither memory nor Redis has, each key once", async () => {
    const { a, b } = await world.pair({ shape });
    await a.set("there", "set");
    const { asked, load } = noted();
    const keys = ["m", "there", "n", "m", "there"];
    const expected = ["m loaded", "set", "n loaded", "m loaded", "set"];
    expect(await b.getMany(keys, load)).toEqual(expected);
    expect(asked).toEqual([["m", "n"]]);
    expect(await a.getMany(keys, never)).toEqual(expected);
  });

  test("serves what is stale in Redis, and refreshes it behind in one batch", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.setMany({ x: "old", y: "old", z: "old" }, { ttl: 1_000 });
    for (const key of ["x", "y"]) await age(world.raw, keyOf(name, key), 2_000);
    await heard(a, b);
    const { asked, load } = noted();
    expect(await b.getMany(["x", "y", "z"], load)).toEqual(["old", "old", "old"]);
    await eventually(() => b.getMany(["x", "y"]), ["x loaded", "y loaded"]);
    await eventually(() => a.getMany(["x", "y"]), ["x loaded", "y loaded"]);
    expect(asked).toEqual([["x", "y"]]);
  });

  test("shows the batch the stale values it replaces, and takes tags and lifetimes for single keys", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.set("x", 1, { ttl: 1_000 });
    await age(world.raw, keyOf(name, "x"), 2_000);
    await heard(a, b);
    let stale: unknown;
    await b.getMany(
      ["x", "y"],
      (keys, context) => {
        stale = new Map(context.stale);
        context.setTags("y", ["ours"]);
        context.setOptions("y", { ttl: 5_000 });
        return keys.map(() => 2);
      },
      { backgroundRefresh: false, tags: ["all"] },
    );
    expect(stale).toEqual(new Map([["x", 1]]));
    // A tag that nobody had heard of when the batch began: the value is given, and stored by the next try.
    await b.getMany(
      ["y"],
      (_keys, context) => {
        context.setTags("y", ["ours"]);
        context.setOptions("y", { ttl: 5_000 });
        return [2];
      },
      { tags: ["all"] },
    );
    await eventually(async () => (await a.getEntry("y"))?.tags.toSorted(), ["all", "ours"]);
    expect(await a.ttl("y")).toBeLessThanOrEqual(5_000);
    await heard(b, a);
    expect(await a.ttl("x")).toBeGreaterThan(5_000);
  });

  test("a key that another process is refreshing is waited for, and the rest is loaded meanwhile", async () => {
    const { a, b } = await world.pair({ shape });
    const elsewhere = controlled();
    const held = a.get("held", elsewhere.refresh);
    await eventually(() => elsewhere.calls.length, 1);
    const { asked, load } = noted();
    let isOver = false;
    const many = b.getMany(["free", "held"], load).finally(() => (isOver = true));
    await eventually(() => asked, [["free"]]);
    // Stored already, for everybody, though the other key is still waited for.
    await eventually(() => a.get("free"), "free loaded");
    expect(isOver).toBe(false);
    elsewhere.call(0).resolve("from elsewhere");
    expect(await many).toEqual(["free loaded", "from elsewhere"]);
    expect([await held, asked]).toEqual(["from elsewhere", [["free"]]]);
  });

  test("a key whose refresh failed elsewhere is loaded here after all", async () => {
    const { a, b } = await world.pair({ shape });
    const elsewhere = controlled();
    const held = a.get("held", elsewhere.refresh).catch((error: unknown) => error);
    await eventually(() => elsewhere.calls.length, 1);
    const { asked, load } = noted();
    const many = b.getMany(["free", "held"], load);
    await eventually(() => asked, [["free"]]);
    elsewhere.call(0).reject("no database there");
    expect(await many).toEqual(["free loaded", "held loaded"]);
    expect([await held, asked]).toEqual(["no database there", [["free"], ["held"]]]);
  });

  test("a key in flight here is joined, and not passed to the batch", async () => {
    const { a } = await world.pair({ shape });
    const single = controlled();
    const one = a.get("k", single.refresh);
    await eventually(() => single.calls.length, 1);
    const batch = controlledBatch();
    const many = a.getMany(["k", "other"], batch.refresh);
    await eventually(() => batch.calls.map(({ argument }) => argument.keys), [["other"]]);
    single.call(0).resolve("one");
    batch.call(0).resolve({ other: "two" });
    expect([await one, await many]).toEqual(["one", ["one", "two"]]);
  });

  test("what a batch leaves out is undefined and stored nowhere", async () => {
    const { a, b } = await world.pair({ shape });
    expect(await a.getMany(["x", "y"], () => ({ x: 1 }))).toEqual([1, undefined]);
    expect(await b.getMany(["x", "y"])).toEqual([1, undefined]);
  });

  test("a batch that fails rejects where a key has no old value", async () => {
    const { name, b } = await world.pair({ shape });
    const fail = (): Promise<never> => Promise.reject(new Error("no database"));
    await expect(b.getMany(["y", "z"], fail)).rejects.toThrow("no database");
    for (const key of ["y", "z"]) await leaseEnds(world.raw, keyOf(name, key));
  });

  test("a batch that fails leaves the old values where all have one", async () => {
    const { name, a, b } = await world.pair({ shape, staleWhileRevalidate: 0, staleIfError: 60_000 });
    await a.set("x", "old", { ttl: 1_000 });
    await age(world.raw, keyOf(name, "x"), 2_000);
    expect(await b.getMany(["x"], () => Promise.reject(new Error("no database")))).toEqual(["old"]);
  });

  test("namespaces and options hold for all keys of the call", async () => {
    const { a, b } = await world.pair({ shape });
    await a.getMany(["x", "y"], (keys) => keys.map((key) => key.toUpperCase()), { namespace: "n", tags: ["t"] });
    expect(await b.getMany(["x", "y"], { namespace: "n" })).toEqual(["X", "Y"]);
    expect(await b.getMany(["x", "y"])).toEqual([undefined, undefined]);
    await a.invalidateTags(["t"]);
    await eventually(() => b.getMany(["x", "y"], { namespace: "n" }), [undefined, undefined]);
  });
});
