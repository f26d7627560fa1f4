// P13: values come back as they went in, and what callers may do to them is what `isolation` says.

import { describe, expect, test } from "vitest";
import { memoryTier, type Isolation } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";

function cyclic(): object {
  const value: { self?: object; list: unknown[] } = { list: [] };
  value.self = value;
  value.list.push(value, value.list);
  return value;
}

function withCause(): Error {
  return Object.assign(new TypeError("outer", { cause: new RangeError("inner") }), { code: "E" });
}

const VALUES: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  "0": () => 0,
  "-0": () => -0,
  "the empty string": () => "",
  false: () => false,
  NaN: () => NaN,
  Infinity: () => -Infinity,
  "a BigInt": () => 2n ** 80n,
  "a Date": () => new Date(1_700_000_000_000),
  "an invalid Date": () => new Date(NaN),
  "a RegExp": () => Object.assign(/a(b)?/giu, { lastIndex: 3 }),
  "a Map": () =>
    new Map<unknown, unknown>([
      [{ id: 1 }, new Set([1])],
      ["k", undefined],
    ]),
  "a Set": () => new Set<unknown>([1, "1", null, new Date(0)]),
  "an Error with cause": withCause,
  "an AggregateError": () => new AggregateError([new Error("a"), new Error("b")], "both"),
  "a Buffer": () => Buffer.from("naïve"),
  "an empty Buffer": () => Buffer.alloc(0),
  "a Uint8Array": () => new Uint8Array([1, 2, 255]),
  "a Float64Array": () => new Float64Array([NaN, -0, 1.5]),
  "a BigInt64Array": () => new BigInt64Array([-1n]),
  "an ArrayBuffer": () => new Uint8Array([9, 8]).buffer,
  "a DataView": () => new DataView(new ArrayBuffer(4), 1, 2),
  "nested undefined": () => ({ a: undefined, b: [undefined, { c: undefined }] }),
  "a sparse array": () => Object.assign([], { 2: "x", length: 5 }),
  "an object without a prototype": () => Object.assign(Object.create(null) as object, { a: 1 }),
  "a member called __proto__": () => JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as unknown,
  "a cycle": cyclic,
};

const ISOLATIONS: readonly Isolation[] = ["shared", "freeze", "clone"];

describe.each(ISOLATIONS)("isolation %s", (isolation) => {
  test.each(Object.keys(VALUES))("P13 brings %s back as it went in", async (name) => {
    const { cache } = createCache({ isolation });
    const make = VALUES[name] as () => unknown;
    await cache.set("set", make());
    const refreshed = await cache.get("refreshed", make);
    const [batched] = await cache.getMany(["batched"], () => ({ batched: make() }));
    const expected = make();
    const all = [refreshed, batched, await cache.get("set"), cache.getSync("refreshed"), await cache.get("batched")];
    all.push((await cache.getEntry("set"))?.value);
    for (const value of all) {
      expect(value).toStrictEqual(expected);
      expect(Object.is(value, expected) || typeof expected === "object").toBe(true);
      if (typeof expected === "object" && expected !== null) {
        expect(Object.getPrototypeOf(value)).toBe(Object.getPrototypeOf(expected));
      }
    }
  });

  test("P13 keeps cycles and shared references within a value", async () => {
    const { cache } = createCache({ isolation });
    const shared = { n: 1 };
    await cache.set("k", { a: shared, b: shared, cycle: cyclic() });
    const got = await cache.get<{ a: object; b: object; cycle: { self: object; list: unknown[] } }>("k");
    expect(got?.a).toBe(got?.b);
    expect(got?.cycle.self).toBe(got?.cycle);
    expect(got?.cycle.list[1]).toBe(got?.cycle.list);
  });
});

describe("isolation shared", () => {
  test("gives everybody the same object, which a caller could change", async () => {
    const { cache } = createCache();
    const value = { n: 1 };
    await cache.set("k", value);
    expect(await cache.get("k")).toBe(value);
    expect(Object.isFrozen(value)).toBe(false);
  });

  test("P13 keeps class instances, functions and symbols", async () => {
    const { cache } = createCache();
    const url = new URL("https://example.com");
    for (const value of [url, () => 1, Symbol("s")]) {
      await cache.set<unknown>("k", value);
      expect(await cache.get("k")).toBe(value);
    }
  });
});

describe("isolation freeze", () => {
  test("freezes all that a value holds, cycles included, whoever stored it", async () => {
    const { cache } = createCache({ isolation: "freeze" });
    const value = await cache.get("k", () => ({ a: [{ deep: { er: 1 } }], cycle: cyclic() }));
    expect(await cache.get("k")).toBe(value);
    expect(() => value.a.push({ deep: { er: 2 } })).toThrow(TypeError);
    expect(() => ((value.a[0] as { deep: { er: number } }).deep.er = 2)).toThrow(TypeError);
    await cache.set("l", value);
    expect(Object.isFrozen((await cache.get<typeof value>("l"))?.cycle)).toBe(true);
  });

  test("freezes what hides behind symbols, and leaves bytes alone, which cannot be frozen", async () => {
    const { cache } = createCache({ isolation: "freeze" });
    const key = Symbol("k");
    const value = { [key]: { n: 1 }, bytes: new Uint8Array([1]), map: new Map([["k", 1]]) };
    await cache.set("k", value);
    expect(Object.isFrozen(value[key])).toBe(true);
    value.bytes[0] = 2;
    expect(value.bytes[0]).toBe(2);
  });
});

describe("isolation clone", () => {
  test("gives everybody a copy of their own: callers cannot reach each other or the cache", async () => {
    const { cache } = createCache({ isolation: "clone" });
    const value = { list: [1] };
    await cache.set("k", value);
    value.list.push(2);
    const first = await cache.get<typeof value>("k");
    first?.list.push(3);
    cache.getSync<typeof value>("k")?.list.push(4);
    (await cache.getEntry<typeof value>("k"))?.value.list.push(5);
    (await cache.getMany<typeof value>(["k"]))[0]?.list.push(6);
    expect(await cache.get("k")).toEqual({ list: [1] });
  });

  test("gives callers of one flight copies of their own, and its stale value is a copy too", async () => {
    const { cache } = createCache({ isolation: "clone" });
    const own = { list: [1] };
    const [a, b] = await Promise.all([cache.get("k", () => own), cache.get("k", () => own)]);
    a.list.push(2);
    own.list.push(3);
    expect(b).toEqual({ list: [1] });
    await cache.get<{ list: number[] }>("k", ({ stale }) => (stale?.list.push(4), { list: [] }), {
      forceRefresh: true,
    });
    await cache.set("k", { list: [1] });
    const refresh = (_keys: string[], { stale }: { stale: ReadonlyMap<string, { list: number[] }> }) => {
      stale.get("k")?.list.push(5);
      throw new Error("down");
    };
    await expect(cache.getMany<{ list: number[] }>(["k"], refresh, { forceRefresh: true })).rejects.toThrow("down");
    expect(await cache.get("k")).toEqual({ list: [1] });
  });

  class Point {
    readonly x: number = 1;
  }
  class Rows extends Array<number> {
    readonly total: number = 0;
  }
  class NotFound extends Error {}

  const REFUSED: readonly [string, unknown, string][] = [
    ["a function", () => 1, "value "],
    ["a symbol", Symbol("s"), "value "],
    ["a class instance", new Point(), "an instance of Point"],
    ["a URL", { link: [new URL("https://example.com")] }, "value.link[0] "],
    ["a method", { user: { name: "Ada", greet: () => 1 } }, "value.user.greet "],
    ["an instance in a Map", new Map([["p", new Point()]]), "value.get('p') "],
    ["an instance as a key of a Map", new Map([[new Point(), 1]]), "value.keys() "],
    ["an instance in a Set", new Set([new Point()]), "value.values() "],
    ["a symbol as a key", { [Symbol("s")]: 1 }, "value.Symbol(s) "],
    ["a Date with a member of its own", { at: Object.assign(new Date(0), { zone: "UTC" }) }, "got a member 'zone'"],
    ["a Map with a symbol of its own", Object.assign(new Map(), { [Symbol("s")]: 1 }), "value.Symbol(s) "],
    [
      "arguments",
      {
        list: (function () {
          return arguments;
        })(),
      },
      "value.list ",
    ],
    ["an instance in a cause", new Error("e", { cause: new Point() }), "value.cause "],
    ["an error of a class of one's own", new NotFound("n"), "an instance of NotFound"],
    ["an array of a class of one's own", new Rows(), "an instance of Rows"],
    ["a Promise", [Promise.resolve(1)], "value[0] "],
    ["a WeakMap", { weak: new WeakMap() }, "value.weak "],
    ["a boxed number", [Object(1)], "value[0] "],
    ["an object of no known class", Object.create({ inherited: 1 }), "an instance of Object"],
    ["an object that says of no class at all", Object.create(Object.create(null)), "an instance of ?"],
  ];

  test.each(REFUSED)("P13 refuses %s and names its path", async (_name, value, path) => {
    const { cache } = createCache({ isolation: "clone" });
    await cache.set("k", "old");
    const error = { code: "unserializable", message: expect.stringContaining(path) };
    await expect(cache.set<unknown>("k", value)).rejects.toMatchObject(error);
    expect(() => cache.setSync<unknown>("k", value)).toThrow(expect.objectContaining(error));
    await expect(cache.get<unknown>("l", () => value)).rejects.toMatchObject(error);
    expect(await cache.get("k")).toBe("old");
    expect(await cache.has("l")).toBe(false);
  });

  test("may be the choice of the tier, over that of the cache", async () => {
    const { cache } = createCache({ isolation: "freeze", tiers: [memoryTier({ isolation: "clone" })] });
    const value = { n: 1 };
    await cache.set("k", value);
    expect(await cache.get("k")).not.toBe(value);
    expect(Object.isFrozen(value)).toBe(false);
  });
});
