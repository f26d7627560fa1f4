// P13 for the default codec: values come back as they went in.

import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { msgpackCodec } from "../../src/codec/msgpack.ts";
import { arbitraryValues, graphs } from "./arbitrary-values.ts";
import { difference } from "./sameness.ts";

const GRAPH = 0xc1;

const roundTrip = (value: unknown): unknown => msgpackCodec.decode(msgpackCodec.encode(value));

/** What a round trip changes; `undefined` when it gives back the very same, or what is expected instead. */
function changeOf(value: unknown, expected: unknown = value): string | undefined {
  return difference(roundTrip(value), expected);
}

function cycle(): object {
  const shared = { n: 1 };
  const value: Record<string, unknown> = { first: shared, second: [shared, shared] };
  value["self"] = value;
  value["map"] = new Map<unknown, unknown>([[value, shared]]);
  value["set"] = new Set([value]);
  return value;
}

function errorWithEverything(): Error {
  const error = Object.assign(new RangeError("too much", { cause: new TypeError("the cause") }), { code: "E_MUCH" });
  return Object.assign(error, { self: error, details: { limit: -0 } });
}

function nested(depth: number): unknown {
  let value: unknown = "the end";
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

class Secret {
  readonly token = "t0k3n";
}

describe("P13 comes back as it went in:", () => {
  test.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["false", false],
    ["0", 0],
    ["-0", -0],
    ["-0 deep inside", { a: [1, { b: -0 }], c: new Map([["d", -0]]), e: new Set([1, { f: -0 }]) }],
    ["NaN", NaN],
    ["infinities", [Infinity, -Infinity]],
    ["numbers of every size", [1, 127, 128, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53, 1e300, 5e-324, 0.1, -1, -33]],
    ["a BigInt of 64 bits", [0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n]],
    ["a BigInt of more", [2n ** 64n, -(2n ** 64n), -(2n ** 63n) - 1n, 3n ** 5_000n, -(7n ** 30_000n)]],
    ["an empty text", ""],
    ["a long text", "Zürich 🚠 ".repeat(20_000)],
    ["texts with lone surrogates", ["\ud800", "a\udc00b", "\udc00\ud800".repeat(50)]],
    ["texts that begin with a byte order mark", ["\ufeff", `\ufeff${"x".repeat(200)}`]],
    ["a date", new Date(1_764_547_200_123)],
    ["dates long ago and far ahead", [new Date(-1), new Date(-62e12 - 1), new Date(8.64e15), new Date(-8.64e15)]],
    ["an invalid date", new Date(NaN)],
    [
      "a Map",
      new Map<unknown, unknown>([
        [{ key: 1 }, [1]],
        [NaN, "NaN"],
        [undefined, null],
      ]),
    ],
    ["a Map in a Map", new Map([["a", new Map([[1, new Map()]])]])],
    ["a Set", new Set(["b", "a", undefined, NaN])],
    ["a RegExp", /a\/b\n[\ud800]/giu],
    ["a RegExp on its way", Object.assign(/a/gy, { lastIndex: 3 })],
    ["an Error with cause, code and itself", errorWithEverything()],
    ["an Error without message", new Error()],
    ["an Error that was renamed", Object.assign(new Error("m"), { name: "ValidationError" })],
    ["every Error of the language", [EvalError, ReferenceError, SyntaxError, URIError].map((Kind) => new Kind("m"))],
    ["an AggregateError", new AggregateError([new Error("a"), "b"], "both", { cause: null })],
    ["a Buffer", Buffer.from("bytes")],
    ["an empty Buffer", Buffer.alloc(0)],
    ["a large Buffer", Buffer.alloc(100_000, "x")],
    ["typed arrays", [new Uint8Array([1]), new Float64Array([-0, NaN]), new BigInt64Array([1n]), new Int16Array()]],
    ["a typed array that is a part of its buffer", new Uint16Array(new ArrayBuffer(10), 2, 3)],
    ["an ArrayBuffer", new Uint8Array([1, 2, 3]).buffer],
    ["a DataView", new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
    ["a nested undefined", { a: undefined, b: [undefined, { c: undefined }] }],
    ["an empty object and an empty array", [{}, [], { a: {} }]],
    ["a sparse array", [1, , 3]], // oxlint-disable-line no-sparse-arrays
    ["an array of nothing but holes", new Array(3)],
    ["an array with as many named members as holes", Object.assign([1, , 3], { x: 1 })], // oxlint-disable-line no-sparse-arrays
    ["what RegExp.exec gives", /b(?<c>c)/d.exec("abcd")],
    ["an object without prototype", Object.assign(Object.create(null) as object, { a: 1, hasOwnProperty: 2 })],
    ["a member called __proto__", JSON.parse('{"__proto__":{"polluted":true},"a":1}')],
    ["the same further inside", Object.fromEntries([["a", JSON.parse('{"__proto__":1}')]])],
    ["members called like methods", { constructor: 1, toJSON: 2, hasOwnProperty: 3, toString: null, valueOf: [] }],
    [
      "keys that are no identifiers",
      { "": 1, "a b": 2, "1": 3, "-1": 4, "\ud800": 5, "\ufeffb": 6, ["k".repeat(300)]: 7 },
    ],
    [
      "more shapes than msgpackr remembers",
      Array.from({ length: 200 }, (_, n) => ({ [`k${n}`]: n, [`l${n % 70}`]: {} })),
    ],
    ["cycles and shared references", cycle()],
    ["a shared date and shared bytes", ((date, bytes) => [date, date, bytes, bytes])(new Date(0), Buffer.from("b"))],
    ["an array with a hundred thousand members", Array.from({ length: 100_000 }, (_, index) => index / 2)],
  ])("%s", (_, value) => {
    expect(changeOf(value)).toBeUndefined();
    expect(changeOf({ inside: [value] })).toBeUndefined();
  });

  test.each([99, 100, 101, 102, 103, 20_000])("%d levels, without running out of stack", (depth) => {
    const bytes = msgpackCodec.encode(nested(depth));
    let value = msgpackCodec.decode(bytes);
    let levels = 0;
    for (; typeof value === "object" && value !== null; levels++) value = Object.values(value)[0];
    expect([levels, value]).toEqual([depth, "the end"]);
  });

  test("whatever data anybody comes up with", () => {
    fc.assert(
      fc.property(arbitraryValues, (value) => {
        expect(changeOf(value)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  test("any graph of objects that point to each other", () => {
    fc.assert(
      fc.property(graphs, (value) => {
        expect(changeOf(value)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

describe("what a value is made of", () => {
  test("a getter counts as the value it gives", () => {
    const value = {
      first: "A",
      get both() {
        return `${this.first}B`;
      },
    };
    expect(changeOf(value, { first: "A", both: "AB" })).toBeUndefined();
    expect(changeOf([-0, value], [-0, { first: "A", both: "AB" }])).toBeUndefined();
  });

  test("members that are not enumerable are not data", () => {
    const hidden = Object.defineProperty({ a: 1 }, "hidden", { value: () => 1 });
    expect(changeOf(hidden, { a: 1 })).toBeUndefined();
    expect(changeOf([-0, hidden], [-0, { a: 1 }])).toBeUndefined();
    expect(changeOf(Object.defineProperty([1], Symbol("hidden"), { value: 1 }), [1])).toBeUndefined();
  });

  test("frozen objects come back unfrozen", () => {
    expect(changeOf(Object.freeze({ a: 1 }), { a: 1 })).toBeUndefined();
  });

  test("a Buffer comes back with no more than its bytes, and on memory of its own", () => {
    const slice = Buffer.from("0123456789").subarray(2, 5);
    const bytes = msgpackCodec.encode({ slice: Object.assign(slice, { note: 1 }) });
    const { slice: copy } = msgpackCodec.decode(bytes) as { slice: Buffer };
    expect(difference(copy, Buffer.from("234"))).toBeUndefined();
    expect(Object.keys(copy)).toEqual(["0", "1", "2"]);
    bytes.fill(0);
    expect(copy.toString()).toBe("234");
  });

  test("a Buffer that pretends to be something else comes back as a Buffer", () => {
    expect(changeOf(Object.assign(Buffer.from("b"), { constructor: 1 }), Buffer.from("b"))).toBeUndefined();
  });

  test("bytes are read from a view of a larger buffer, with and without a graph", () => {
    for (const value of [{ a: 1, b: "text" }, [-0, new Date(1)]]) {
      const bytes = msgpackCodec.encode(value);
      const large = new Uint8Array(bytes.length + 20).fill(0xc1);
      large.set(bytes, 10);
      expect(difference(msgpackCodec.decode(large.subarray(10, 10 + bytes.length)), value)).toBeUndefined();
    }
  });

  test("an encoded value is not overwritten by the next", () => {
    const first = msgpackCodec.encode({ a: 1 });
    const before = Buffer.from(first);
    for (let n = 0; n < 1_000; n++) msgpackCodec.encode([-0, { n }]);
    expect(Buffer.from(first).equals(before)).toBe(true);
  });

  test("a plain tree is nothing but MessagePack", () => {
    expect(Buffer.from(msgpackCodec.encode([1, "a", null])).toString("hex")).toBe("9301a161c0");
    expect(msgpackCodec.encode([1, -0])[0]).toBe(GRAPH);
  });
});

describe("P13 is refused, and the message names the path:", () => {
  const symbol = Symbol("s");
  const pathOf = (value: unknown): string => {
    try {
      msgpackCodec.encode(value);
    } catch (error) {
      expect(error).toMatchObject({ name: "CacheError", code: "unserializable" });
      return (error as Error).message;
    }
    return "not refused";
  };
  const rule = "must be plain data to be stored as bytes, got";

  test.each<[string, unknown, string]>([
    ["a function", () => 1, `value ${rule} a function`],
    ["a symbol", symbol, `value ${rule} Symbol(s)`],
    [
      "a class instance",
      { items: [0, 1, 2, { price: new Secret() }] },
      `value.items[3].price ${rule} an instance of Secret`,
    ],
    ["a URL", [new URL("http://localhost")], `value[0] ${rule} an instance of URL`],
    ["a method", { "a b": { run() {} } }, `value["a b"].run ${rule} function run`],
    ["a promise", { p: Promise.resolve() }, `value.p ${rule} an instance of Promise`],
    ["a WeakMap", new Map([["k", new WeakMap()]]), `value.get('k') ${rule} an instance of WeakMap`],
    ["a key of a Map", { m: new Map([[new URL("http://localhost"), 1]]) }, `value.m.keys() ${rule} an instance of URL`],
    ["a member of a Set", new Set([1, () => 1]), `value.values() ${rule} a function`],
    ["a symbol as key", { a: { [symbol]: 1 } }, `value.a[Symbol(s)] ${rule} Symbol(s)`],
    ["a symbol as key of an array", Object.assign([1], { [symbol]: 1 }), `value[Symbol(s)] ${rule} Symbol(s)`],
    ["a boxed number", new Number(1), `value ${rule} an instance of Number`], // oxlint-disable-line no-new-wrappers
    ["shared memory", new SharedArrayBuffer(1), `value ${rule} an instance of SharedArrayBuffer`],
    ["a view of shared memory", new Uint8Array(new SharedArrayBuffer(1)), `value ${rule} an instance of Uint8Array`],
    ["a Buffer on shared memory", Buffer.from(new SharedArrayBuffer(1)), `value ${rule} an instance of Buffer`],
    [
      "an error of a class of one's own",
      { e: new (class Failed extends Error {})("m") },
      `value.e ${rule} an instance of Failed`,
    ],
    ["a class instance as cause", new Error("m", { cause: new Secret() }), `value.cause ${rule} an instance of Secret`],
    [
      "a symbol as key of an error",
      Object.assign(new Error("m"), { [symbol]: 1 }),
      `value[Symbol(s)] ${rule} Symbol(s)`,
    ],
    ["something hung on a date", { d: Object.assign(new Date(0), { note: 1 }) }, `value.d.note ${rule} 1`],
    ["something hung on a Map", Object.assign(new Map(), { note: 1 }), `value.note ${rule} 1`],
    ["something hung on a Set", Object.assign(new Set(), { [symbol]: 1 }), `value[Symbol(s)] ${rule} Symbol(s)`],
    ["something hung on a RegExp", Object.assign(/a/, { note: 1 }), `value.note ${rule} 1`],
    ["something hung on an ArrayBuffer", Object.assign(new ArrayBuffer(1), { note: 1 }), `value.note ${rule} 1`],
    ["a named member of an array", Object.assign([1], { note: () => 1 }), `value.note ${rule} function note`],
    ["a member behind holes", Object.assign(new Array(3), { 2: symbol }), `value[2] ${rule} Symbol(s)`],
    ["an object that inherits", Object.create({ a: 1 }), `value ${rule} an instance of Object`],
    [
      "an object of an unknown kind",
      Object.create(Object.create(null) as object),
      `value ${rule} an object of an unknown kind`,
    ],
    ["a class without a name", new (class {})(), `value ${rule} an object of an unknown kind`],
    ["a subclass of Array", new (class Rows extends Array {})(), `value ${rule} an instance of Rows`],
    ["what is no Date inside", Object.create(Date.prototype), `value ${rule} an instance of Date`],
    ["what is no RegExp inside", Object.create(RegExp.prototype), `value ${rule} an instance of RegExp`],
    ["what is no Map inside", Object.create(Map.prototype), `value ${rule} an instance of Map`],
    ["what is no Set inside", Object.create(Set.prototype), `value ${rule} an instance of Set`],
    ["what is no array inside", Object.create(Array.prototype), `value ${rule} an instance of Array`],
    ["what is no error inside", Object.create(Error.prototype), `value ${rule} an instance of Error`],
    ["what is no Buffer inside", Object.create(Buffer.prototype), `value ${rule} an instance of Buffer`],
    ["objects of another realm", runInNewContext("({ a: 1 })"), `value ${rule} an instance of Object`],
  ])("%s", (_, value, message) => {
    expect(pathOf(value)).toBe(message);
  });

  test("the arguments of a function", () => {
    function own(): unknown {
      return arguments;
    }
    expect(pathOf(own())).toBe(`value ${rule} an instance of Object`);
  });

  test("memory that may grow", () => {
    const growing = Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }]) as ArrayBuffer;
    expect(pathOf({ growing })).toBe(`value.growing ${rule} an instance of ArrayBuffer`);
  });

  test("at the end of a long way", () => {
    let value: unknown = new Secret();
    for (let level = 0; level < 3_000; level++) value = [value];
    expect(pathOf(value)).toBe(`value${"[0]".repeat(3_000)} ${rule} an instance of Secret`);
  });

  test("and nothing of what it holds is told", () => {
    expect(pathOf({ auth: new Secret() })).not.toContain("t0k3n");
  });
});

describe("the rest of the process", () => {
  test("an encoding that failed leaves the next one whole", () => {
    const value = {
      get broken(): unknown {
        throw new Error("from a getter");
      },
    };
    expect(() => msgpackCodec.encode([{ a: 1 }, value])).toThrow("from a getter");
    expect(changeOf([{ a: 1 }, { broken: 1 }])).toBeUndefined();
  });

  test("a getter that uses the codec itself disturbs nothing", () => {
    const inner = [{ a: 1, b: [new Date(0)] }];
    const value = {
      before: inner.slice(),
      get inner() {
        return difference(roundTrip(inner), inner) ?? "same";
      },
      after: [{ a: 2, b: [] }],
    };
    expect(
      changeOf(value, { before: [{ a: 1, b: [new Date(0)] }], inner: "same", after: [{ a: 2, b: [] }] }),
    ).toBeUndefined();
  });

  test("a toJSON on Object.prototype changes nothing", () => {
    // oxlint-disable-next-line no-extend-native
    Object.defineProperty(Object.prototype, "toJSON", { value: () => "changed", configurable: true });
    try {
      expect(changeOf({ constructor: 1, a: new Map([[1, { b: 2 }]]) })).toBeUndefined();
    } finally {
      Reflect.deleteProperty(Object.prototype, "toJSON");
    }
  });

  test.each<[string, unknown]>([
    ["no graph", "text"],
    ["a pointer to nowhere", [[2], ["o"]]],
    ["a node of an unknown kind", [[1], ["?"]]],
    ["a class of errors that nobody has", [[1], ["e", "constructor"]]],
    ["a class of bytes that nobody has", [[1], ["b", "Blob", Buffer.alloc(1)]]],
  ])("bytes that hold %s are refused", (_, content) => {
    const bytes = Buffer.concat([Buffer.of(GRAPH), msgpackCodec.encode(content)]);
    expect(() => msgpackCodec.decode(bytes)).toThrow(TypeError);
  });

  test("other bytes throw and leave the next decoding whole", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        try {
          msgpackCodec.decode(random);
        } catch {
          // As it should for most.
        }
        expect(changeOf([{ a: [1, { b: new Map([[1, 2]]) }] }])).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
