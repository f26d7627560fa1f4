// Data as parts of keys: equal data share a text and a hash, different data never do.

import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileKeyTemplate } from "../../src/model/key-template.ts";
import { defaultKey } from "../../src/decorators/default-key.ts";
import { encodeData } from "../../src/decorators/encode-data.ts";
import { KEY_FORMATS } from "../../src/decorators/key-formats.ts";

const encode = (value: unknown): string => encodeData(value, "value");
const hash = (value: unknown): string => compileKeyTemplate("{0:hash}", [], KEY_FORMATS)(undefined, [value]);
const keyOf = (...args: unknown[]): string => defaultKey("Shop.find", "Shop.find", new Set())(undefined, args);

class Account {
  readonly id = 1;
}

/** Data whose parts are easily confused. */
const confusable = fc.constantFrom<unknown>(
  ...["", "1", "n", "u", "null", "1n", "[]", "{}", 'a","b', "D0", "\ud800", "é"],
  ...[0, -0, 1, 1n, Number.NaN, Infinity, true, false, null, undefined],
);
const { data } = fc.letrec<{ data: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    confusable,
    fc.string({ unit: "binary", maxLength: 4 }),
    fc.double(),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 3 }),
    fc.constantFrom(/a/, /a/g, /\//, new URL("http://a/"), new URLSearchParams("a=1"), new ArrayBuffer(2)),
  ),
  data: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc.array(tie("data"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "a:b", "__proto__", "1", 'a":1,"b'), tie("data"), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    fc.array(fc.tuple(tie("data"), tie("data")), { maxLength: 2 }).map((pairs) => new Map(pairs)),
    fc.array(tie("data"), { maxLength: 3 }).map((members) => new Set(members)),
    fc.sparseArray(tie("data"), { maxLength: 3, maxNumElements: 2 }),
  ),
}));

describe("the text of data", () => {
  it.each<[string, unknown, unknown]>([
    ["objects, whatever the order of their properties", { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
    ["objects without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [
      "maps and sets, whatever their order",
      new Map<unknown, unknown>([
        [1, new Set([1, 2])],
        [2, 0],
      ]),
      new Map<unknown, unknown>([
        [2, 0],
        [1, new Set([2, 1])],
      ]),
    ],
    ["options with and without a signal", { a: 1, signal: AbortSignal.abort() }, { a: 1 }],
    ["views of the same bytes", new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)],
  ])("is the same for equal %s", (_what, one, other) => {
    expect([encode(one), hash(one)]).toEqual([encode(other), hash(other)]);
  });

  it.each<[unknown, unknown]>([
    [1, "1"],
    [1, 1n],
    [0, -0],
    [null, undefined],
    [null, "null"],
    [[], {}],
    [[undefined], []],
    // oxlint-disable-next-line no-sparse-arrays
    [[,], [undefined]],
    [{ a: undefined }, {}],
    [{ a: { b: 1 } }, { a: 1, b: 1 }],
    [
      [["a"], "b"],
      ["a", ["b"]],
    ],
    [["a,b"], ["a", "b"]],
    [new Date(1), 1],
    [new Date(Number.NaN), new Date(0)],
    [new Map([["a", 1]]), { a: 1 }],
    [new Set([1]), [1]],
    [new Uint8Array([1]), new Int8Array([1])],
    [new Uint8Array([1]).buffer, new Uint8Array([1])],
    [/a/g, /a/i],
    [new URL("http://a/"), "http://a/"],
    [new URLSearchParams("a=1"), new URL("http://a/?a=1")],
  ])("differs for %o and %o", (one, other) => {
    expect(encode(one)).not.toBe(encode(other));
    expect(hash(one)).not.toBe(hash(other));
  });

  it("differs exactly where data differ", () => {
    const property = fc.property(data, data, (one, other) => {
      const isEqual = isDeepStrictEqual(one, other);
      expect(encode(one) === encode(other)).toBe(isEqual);
      expect(hash(one) === hash(other)).toBe(isEqual);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it("stays the same in another process and release: keys outlive both", () => {
    expect(encode({ b: [1n, "x"], a: new Date(0) })).toBe('{"a":D0,"b":[1n,"x"]}');
    expect(hash({ b: [1n, "x"], a: new Date(0) })).toBe("sIE5Inq2kupaVfA_c0Zj1saS1uFqTlx2");
  });

  it.each<[string, unknown, string]>([
    ["a function", () => 1, "got a function"],
    ["a symbol", Symbol("s"), "got a symbol"],
    ["an instance of a class", new Account(), "got an object (Account)"],
    ["an instance of a class that extends Map", new (class Registry extends Map {})(), "got an object (Registry)"],
    ["an error", new Error("x"), "got an object (Error)"],
    ["a promise", Promise.resolve(), "got an object (Promise)"],
    ["a boxed number", Object(1), "got an object (Number)"],
    ["a weak map", new WeakMap(), "got an object (WeakMap)"],
    ["a property named by a symbol", { [Symbol("s")]: 1 }, "got a property named by a symbol"],
    ["an array with more than members", Object.assign([1], { total: 2 }), "an array with a property 'total'"],
  ])("is refused for %s, and says where it is", (_what, value, found) => {
    expect(() => encode(value)).toThrow(expect.objectContaining({ code: "invalid_key_argument" }));
    expect(() => encode(value)).toThrow(found);
    expect(() => encode({ filters: [0, value] })).toThrow("value, at filters.1, must be data");
    expect(() => encode(new Map([["k", value]]))).toThrow("at 'k', must be data");
    expect(() => hash({ a: value })).toThrow("{0:hash}, at a, must be data");
  });

  it("is refused for a cycle, and for what goes too deep", () => {
    const cycle: { self?: unknown } = {};
    cycle.self = { again: cycle };
    expect(() => encode(cycle)).toThrow("value, at self.again, must be data");
    expect(() => encode(cycle)).toThrow("got a cycle");
    let deep: unknown = [];
    for (let i = 0; i < 200; i++) deep = [deep];
    expect(() => encode(deep)).toThrow("too deep");
    const twice = { id: 1 };
    expect(encode([twice, twice])).toBe('[{"id":1},{"id":1}]');
  });
});

describe("a key made of arguments", () => {
  it("names the function and shows short arguments", () => {
    expect(keyOf()).toBe("Shop.find()");
    expect(keyOf(7, "de", { page: 1 })).toBe('Shop.find(7,"de",{"page":1})');
  });

  it("drops what is undefined at the end, and nowhere else", () => {
    expect(keyOf(1, undefined, undefined)).toBe(keyOf(1));
    expect(keyOf(undefined, 1)).not.toBe(keyOf(1));
    expect(keyOf(null)).not.toBe(keyOf());
  });

  it("takes a signal for undefined, wherever it stands", () => {
    const { signal } = new AbortController();
    expect(keyOf(1, signal)).toBe(keyOf(1));
    expect(keyOf(signal, 1)).toBe(keyOf(undefined, 1));
  });

  it("has a hash for long arguments, and never outgrows the limit of keys", () => {
    const [one, other] = [keyOf("x".repeat(1000)), keyOf(`${"x".repeat(999)}y`)];
    expect(one).toMatch(/^Shop\.find\(#[\w-]{32}\)$/);
    expect(one).not.toBe(other);
  });

  it("leaves out what is to be ignored", () => {
    const key = defaultKey("f", "f", new Set([1]));
    expect(key(undefined, [1, () => 1, 2])).toBe("f(1,u,2)");
    expect(key(undefined, [1, () => 1])).toBe("f(1)");
  });

  it("differs for all different arguments", () => {
    const trimmed = (args: unknown[]): unknown[] => {
      const last = args.findLastIndex((argument) => argument !== undefined);
      return args.slice(0, last + 1);
    };
    const list = fc.array(data, { maxLength: 3 });
    const property = fc.property(list, list, (one, other) => {
      expect(keyOf(...one) === keyOf(...other)).toBe(isDeepStrictEqual(trimmed(one), trimmed(other)));
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it("says which argument cannot be part of it", () => {
    expect(() => keyOf(1, { user: new Account() })).toThrow(
      "argument 1 of Shop.find, at user, must be data: primitives, plain objects, arrays, Date, RegExp, Map, Set, URL or bytes, got an object (Account)",
    );
  });
});

describe("formats", () => {
  const key = (template: string, ...args: unknown[]): string =>
    compileKeyTemplate(template, ["name", "day"], KEY_FORMATS)(undefined, args);

  it("make a hash, lower case, or an ISO date", () => {
    expect(key("user:{name:lower}", "ÅSA B")).toBe("user:åsa%20b");
    expect(key("{0:lower}", 1n)).toBe("1");
    expect(key("{1:iso}", "", new Date(0))).toBe("1970-01-01T00%3A00%3A00.000Z");
    expect(key("{day:iso}", "", 0)).toBe(key("{1:iso}", "", new Date(0)));
    expect(key("list:{0.filters:hash}", { filters: { a: 1 } })).toMatch(/^list:[\w-]{32}$/);
  });

  it("keep a hash in its placeholder", () => {
    const [one, other] = [key("{0:hash}-{1:hash}", 1, 2), key("{0:hash}-{1:hash}", 1, 3)];
    expect(one.split("-")).toHaveLength(2);
    expect(one).not.toBe(other);
  });

  it.each([
    ["{0:upper}", "must name a known format (hash, lower, iso), got {0:upper}"],
    ["{0:}", "must name a known format (hash, lower, iso), got {0:}"],
    ["{0:toString}", "must name a known format"],
    ["{0:hash:lower}", "got {0:hash:lower}"],
    ["{this:hash}", "must name a property of this"],
  ])("are refused when unknown: %s", (template, found) => {
    expect(() => key(template, 1)).toThrow(expect.objectContaining({ code: "invalid_key_template" }));
    expect(() => key(template, 1)).toThrow(found);
  });

  it.each<[string, unknown, string]>([
    ["{0:iso}", "2020-01-01", "must get a valid Date, or its milliseconds, for {0:iso}, got a string"],
    ["{0:iso}", Number.NaN, "got NaN"],
    ["{0:iso}", new Date(Number.NaN), "got an invalid Date"],
    ["{0:lower}", {}, "for {0:lower}, got an object"],
    ["{0.a.b:lower}", {}, "must find an object at 0.a for {0.a.b:lower}"],
  ])("refuse what they do not take: %s %o", (template, value, found) => {
    expect(() => key(template, value)).toThrow(expect.objectContaining({ code: "invalid_key_argument" }));
    expect(() => key(template, value)).toThrow(found);
  });
});
