// P13 over Redis: values come to another process as they went in; what bytes cannot carry is refused, and changes nothing.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Isolation } from "../../src/index.ts";
import { arbitraryValues, graphs } from "../codec/arbitrary-values.ts";
import { difference } from "../codec/sameness.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { age, keyOf, leaseEnds } from "./frames.ts";
import { DONE, eventually, heard, never, REDIS_ALONE, SHAPES, SharedWorld } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

function cycle(): object {
  const shared = { n: 1 };
  const value: Record<string, unknown> = { first: shared, second: [shared] };
  value["self"] = value;
  return value;
}

const VALUES: readonly (readonly [name: string, value: unknown])[] = [
  ["null", null],
  ["0", 0],
  ["-0", -0],
  ["an empty text", ""],
  ["false", false],
  ["NaN", NaN],
  ["an infinity", -Infinity],
  ["a BigInt", 2n ** 80n],
  ["a text with a lone surrogate", "a\ud800"],
  ["a long text", "Zürich 🚠 ".repeat(20_000)],
  ["a date", new Date(1_700_000_000_123)],
  ["an invalid date", new Date(NaN)],
  ["a RegExp", Object.assign(/a(b)?/giu, { lastIndex: 3 })],
  ["a Map", new Map<unknown, unknown>([[{ id: 1 }, new Set([1])]])],
  ["a Set", new Set<unknown>([1, "1", null, undefined])],
  ["an Error with cause and code", Object.assign(new TypeError("outer", { cause: new RangeError("in") }), { code: 1 })],
  ["a Buffer", Buffer.from([0, 255, 13, 10])],
  ["an empty Buffer", Buffer.alloc(0)],
  ["a typed array", new Float64Array([NaN, -0, 1.5])],
  ["an ArrayBuffer", new Uint8Array([9, 8]).buffer],
  ["a DataView", new DataView(new ArrayBuffer(4), 1, 2)],
  ["nested undefined", { a: undefined, b: [undefined, { c: undefined }] }],
  ["a sparse array", Object.assign([], { 2: "x", length: 5 })],
  ["an object without a prototype", Object.assign(Object.create(null) as object, { a: 1 })],
  ["a member called __proto__", JSON.parse('{"__proto__":{"polluted":true}}')],
  ["a cycle", cycle()],
];

describe.each<Isolation>(["shared", "clone", "freeze"])("isolation %s", (isolation) => {
  test.each(VALUES)("P13 %s comes to another process as it went in", async (_name, value) => {
    const { a, b } = await world.pair({ isolation });
    await a.set("set", value);
    await a.get("got", () => value);
    await a.getMany(["many"], () => [value]);
    const keys = ["set", "got", "many"];
    const there = [...(await b.getMany(keys)), await b.get("set", never), (await b.getEntry("got"))?.value];
    const here = await a.getMany(keys, never);
    for (const read of [...there, ...here]) expect(difference(read, value)).toBeUndefined();
  });
});

test("P13 whatever data comes back as it went in", async () => {
  const { a, b } = await world.pair({ shape: REDIS_ALONE });
  let count = 0;
  const roundTrip = async (value: unknown): Promise<void> => {
    const key = `k${++count}`;
    if (value === undefined) return;
    await a.set(key, value);
    expect(difference(await b.get(key), value)).toBeUndefined();
  };
  await fc.assert(fc.asyncProperty(arbitraryValues, roundTrip), { numRuns: 100 });
  await fc.assert(fc.asyncProperty(graphs, roundTrip), { numRuns: 50 });
});

class Money {
  readonly amount = 5;
}

const REFUSED: readonly (readonly [name: string, value: unknown, path: string])[] = [
  ["a class instance", new Money(), "value must"],
  ["one further inside", { items: [{ price: new Money() }] }, "value.items[0].price"],
  ["a function", { onClick: () => 1 }, "value.onClick"],
  ["a symbol", [Symbol("s")], "value[0]"],
  ["a URL", { at: new URL("http://localhost") }, "value.at"],
  ["a promise inside", { later: Promise.resolve(1) }, "value.later"],
  ["a WeakMap", new WeakMap(), "value must"],
];

describe.each(SHAPES)("%s", (_shape, shape) => {
  test.each(REFUSED)("P13 set refuses %s by its path, and leaves what was there", async (_name, value, path) => {
    const { a, b } = await world.pair({ shape });
    await a.setMany({ k: "kept", other: "kept" });
    await b.get("k");
    const refused = { code: "unserializable", message: expect.stringContaining(path) as string };
    await expect(a.set("k", value)).rejects.toMatchObject(refused);
    await expect(a.setMany({ other: "changed", k: value })).rejects.toMatchObject(refused);
    expect([await a.getMany(["k", "other"], never), await b.getMany(["k", "other"])]).toEqual([
      ["kept", "kept"],
      ["kept", "kept"],
    ]);
  });

  test.each(REFUSED)(
    "P13 get refuses %s of a refresh by its path, and leaves what was there",
    async (_name, value, path) => {
      const { name, a, b } = await world.pair({ shape });
      await a.setMany({ k: "old", many: "old" }, { ttl: 1_000 });
      for (const key of ["k", "many"]) await age(world.raw, keyOf(name, key), 2_000);
      await heard(a, b);
      const refused = { code: "unserializable", message: expect.stringContaining(path) as string };
      const waiting = { backgroundRefresh: false, forceRefresh: true };
      await expect(b.get("k", () => value, waiting)).rejects.toMatchObject(refused);
      await expect(b.getMany(["many"], () => [value], waiting)).rejects.toMatchObject(refused);
      await expect(b.get("nothing", () => value)).rejects.toMatchObject(refused);
      expect(await b.getMany(["k", "many", "nothing"])).toEqual(["old", "old", undefined]);
      for (const key of ["k", "many", "nothing"]) await leaseEnds(world.raw, keyOf(name, key));
    },
  );

  test("P13 setSync refuses it too, and leaves what was there", async () => {
    const { a, b } = await world.pair({ shape });
    await a.set("k", "kept");
    const refused = { code: "unserializable", message: expect.stringContaining("value.price") as string };
    expect(() => a.setSync("k", { price: new Money() })).toThrow(expect.objectContaining(refused));
    expect([await a.get("k", never), await b.get("k")]).toEqual(["kept", "kept"]);
  });

  test("P13 setSync before the codec is there reports it, and leaves what Redis has", async () => {
    const { name, a } = await world.pair({ shape });
    await a.set("k", "kept");
    const late = world.openAtOnce({ shape, name });
    const errors: unknown[] = [];
    late.on("tierError", ({ error }) => errors.push(error));
    expect(late.setSync("k", { price: new Money() })).toEqual({ authority: "pending" });
    await eventually(() => errors.length, 1);
    expect(errors).toMatchObject([{ code: "unserializable" }]);
    expect([await late.get("k", never), await a.get("k")]).toEqual(["kept", "kept"]);
  });
});

describe.each(SHAPES.filter(([, shape]) => shape !== REDIS_ALONE))("%s", (_shape, shape) => {
  test("isolation: clone gives every caller a copy of what came from Redis", async () => {
    const { a, b } = await world.pair({ shape, isolation: "clone" });
    await a.set("k", { list: [1] });
    const copies = [await b.get<{ list: number[] }>("k"), await b.get<{ list: number[] }>("k", never)];
    copies[0]?.list.push(2);
    copies[1]?.list.push(3);
    expect([copies[0] === copies[1], await b.get("k"), await a.get("k")]).toEqual([
      false,
      { list: [1] },
      { list: [1] },
    ]);
  });

  test("isolation: freeze freezes what came from Redis", async () => {
    const { a, b } = await world.pair({ shape, isolation: "freeze" });
    await a.set("k", { list: [1] });
    for (const cache of [b, b, a]) {
      const value = await cache.get<{ list: number[] }>("k");
      expect(() => value?.list.push(2)).toThrow(TypeError);
      expect(Object.isFrozen(value)).toBe(true);
    }
  });

  test("isolation: shared gives all callers of a process the same object", async () => {
    const { a, b } = await world.pair({ shape });
    const value = { list: [1] };
    expect(await a.set("k", value)).toEqual(DONE);
    expect([(await a.get("k")) === value, (await b.get("k")) === (await b.get("k", never))]).toEqual([true, true]);
  });
});
