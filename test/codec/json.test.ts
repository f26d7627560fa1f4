// The JSON codec: what JSON carries unchanged, and nothing else.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonCodec } from "../../src/codec/json.ts";
import { arbitraryValues } from "./arbitrary-values.ts";
import { difference } from "./sameness.ts";

const roundTrip = (value: unknown): unknown => jsonCodec.decode(jsonCodec.encode(value));

function messageOf(value: unknown): string {
  try {
    jsonCodec.encode(value);
  } catch (error) {
    expect(error).toMatchObject({ name: "CacheError", code: "unserializable" });
    return (error as Error).message;
  }
  return "not refused";
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
}

describe("P13 JSON", () => {
  test("is what is written: every other program can read it", () => {
    expect(Buffer.from(jsonCodec.encode({ name: "Zürich", n: [1, null] })).toString()).toBe(
      '{"name":"Zürich","n":[1,null]}',
    );
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["primitives", [true, false, 0, 1.5, 1e300, 2 ** 53, "", "text"]],
    ["lone surrogates", ["\ud800", { "\udc00": 1 }]],
    ["a member called __proto__", JSON.parse('{"__proto__":{"a":1}}')],
    ["a member called toJSON", { toJSON: 1 }],
    ["a thousand levels", nested(1_000)],
  ])("carries %s", (_, value) => {
    expect(difference(roundTrip(value), value)).toBeUndefined();
  });

  test("carries what is shared as equal copies", () => {
    const shared = { a: 1 };
    expect(roundTrip([shared, shared])).toEqual([{ a: 1 }, { a: 1 }]);
  });

  test("leaves out members that are not enumerable", () => {
    for (const key of ["hidden", Symbol("hidden"), "toJSON"]) {
      const hide = (object: object): object => Object.defineProperty(object, key, { value: () => "changed" });
      expect(roundTrip(hide({ a: 1 }))).toEqual({ a: 1 });
      expect(roundTrip([hide([1, { toJSON: 2, $type: "a" }])])).toEqual([[1, { toJSON: 2, $type: "a" }]]);
    }
  });

  test("P13 carries any value unchanged or refuses it", () => {
    fc.assert(
      fc.property(fc.oneof(arbitraryValues, fc.jsonValue()), (value) => {
        const isRefused = messageOf(value) !== "not refused";
        expect(isRefused || difference(roundTrip(value), value) === undefined).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  const cycle: Record<string, unknown> = {};
  cycle["a"] = [cycle];
  const rule = "must be what JSON carries unchanged, got";

  test.each<[string, unknown, string]>([
    ["undefined", undefined, `value ${rule} undefined`],
    ["an undefined member", { a: [{ b: undefined }] }, `value.a[0].b ${rule} undefined`],
    ["NaN", [NaN], `value[0] ${rule} NaN`],
    ["Infinity", { "a b": -Infinity }, `value["a b"] ${rule} -Infinity`],
    ["-0", { a: -0 }, `value.a ${rule} -0`],
    ["a BigInt", 1n, `value ${rule} 1n`],
    ["a Date", { at: new Date(0) }, `value.at ${rule} an instance of Date`],
    ["a Map", new Map(), `value ${rule} an instance of Map`],
    ["a Buffer", [Buffer.from("b")], `value[0] ${rule} an instance of Buffer`],
    ["a class instance", [new (class Money {})()], `value[0] ${rule} an instance of Money`],
    ["an object without prototype", [Object.create(null)], `value[0] ${rule} an object of an unknown kind`],
    ["a function", { f: () => 1 }, `value.f ${rule} function f`],
    ["a symbol as key", [{ [Symbol("s")]: 1 }], `value[0][Symbol(s)] ${rule} Symbol(s)`],
    ["a sparse array", { a: new Array(2) }, `value.a ${rule} an instance of Array`],
    ["an array with named members", { a: /b/.exec("b") }, `value.a ${rule} an instance of Array`],
    ["a cycle", cycle, `value.a[0] ${rule} an instance of Object`],
    ["too many levels", nested(1_001), `value${"[0]".repeat(1_000)} ${rule} an instance of Array`],
  ])("P13 refuses %s, and says where", (_, value, message) => {
    expect(messageOf(value)).toBe(message);
  });

  test.each([Object.prototype, Array.prototype])(
    "P13 refuses everything while a prototype has a toJSON",
    (prototype) => {
      // oxlint-disable-next-line no-extend-native
      Object.defineProperty(prototype, "toJSON", { value: () => "changed", configurable: true });
      try {
        const taught = jsonCodec.extend(Date, { encode: Number, decode: (ms) => new Date(ms) });
        for (const codec of [jsonCodec, taught])
          expect(() => codec.encode([{ a: 1 }])).toThrow(expect.objectContaining({ code: "unserializable" }));
      } finally {
        Reflect.deleteProperty(prototype, "toJSON");
      }
    },
  );

  test("throws for bytes that are no JSON", () => {
    expect(() => jsonCodec.decode(Buffer.from("{"))).toThrow(SyntaxError);
  });
});
