// P13 as a list: every kind of value, what each codec does with it, and values of the kind.

import { runInNewContext } from "node:vm";

/** What a codec does with a kind of value. */
export type Fate =
  /** It comes back as it went in. */
  | "carried"
  /** The write throws, and names the path. */
  | "refused"
  /** It comes back, and what was shared comes back as equal copies. */
  | "copied";

/** A kind of value. */
export interface Kind {
  /** As the documentation calls it. */
  readonly kind: string;
  /** By msgpack and v8. */
  readonly graph: Fate;
  readonly json: Fate;
  readonly values: readonly (readonly [name: string, value: unknown])[];
}

/** A value that no codec carries, and where in it the trouble is. */
export interface Refusal {
  readonly name: string;
  readonly value: unknown;
  /** The end of the message: the path, and what is there. */
  readonly path: string;
  readonly got: string;
  /** JSON finds something to refuse earlier. */
  readonly jsonPath?: string;
}

function cycle(): object {
  const value: Record<string, unknown> = { first: 1 };
  value["self"] = value;
  value["map"] = new Map<unknown, unknown>([[value, 1]]);
  value["set"] = new Set([value]);
  return value;
}

function listInItself(): unknown[] {
  const list: unknown[] = [1];
  list.push(list);
  return list;
}

function shared(): object {
  const part = { n: 1 };
  return { first: part, second: [part, part] };
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

/** Everything that data can be. */
export const KINDS: readonly Kind[] = [
  {
    kind: "`null`, booleans, finite numbers, strings",
    graph: "carried",
    json: "carried",
    values: [
      ["null", null],
      ["false", false],
      ["true", true],
      ["0", 0],
      ["numbers of every size", [1, 127, 128, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53, 1e300, 5e-324, 0.1, -1, -33]],
      ["an empty text", ""],
      ["a long text", "Zürich 🚠 ".repeat(20_000)],
      ["texts with lone surrogates", ["\ud800", "a\udc00b", "\udc00\ud800".repeat(50)]],
      ["texts that begin with a byte order mark", ["\ufeff", `\ufeff${"x".repeat(200)}`]],
    ],
  },
  {
    kind: "plain objects, dense arrays",
    graph: "carried",
    json: "carried",
    values: [
      ["an empty object and an empty array", [{}, [], { a: {} }]],
      ["a member called __proto__", JSON.parse('{"__proto__":{"polluted":true},"a":1}')],
      ["the same further inside", Object.fromEntries([["a", JSON.parse('{"__proto__":1}')]])],
      ["members called like methods", { constructor: 1, toJSON: 2, hasOwnProperty: 3, toString: null, valueOf: [] }],
      ["members that a tag could have", { $type: "Money", value: { $type: "", value: 1 } }],
      [
        "keys that are no identifiers",
        { "": 1, "a b": 2, "1": 3, "-1": 4, "\ud800": 5, "\ufeffb": 6, ["k".repeat(300)]: 7 },
      ],
      [
        "more shapes than msgpackr remembers",
        Array.from({ length: 200 }, (_, n) => ({ [`k${n}`]: n, [`l${n % 70}`]: {} })),
      ],
      ["an array with a hundred thousand members", Array.from({ length: 100_000 }, (_, index) => index / 2)],
      ["several hundred levels", nested(900)],
    ],
  },
  {
    kind: "the same object in several places",
    graph: "carried",
    json: "copied",
    values: [["shared references", shared()]],
  },
  {
    kind: "a Buffer or `Uint8Array` that is the whole value",
    graph: "carried",
    json: "carried",
    values: [
      ["a Buffer", Buffer.from("bytes")],
      ["an empty Buffer", Buffer.alloc(0)],
      ["a large Buffer", Buffer.alloc(100_000, "x")],
      ["a part of a Buffer", Buffer.from("0123456789").subarray(2, 5)],
      ["a Uint8Array", new Uint8Array([1, 2])],
      ["an empty Uint8Array", new Uint8Array(0)],
      ["a part of its buffer", new Uint8Array(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
    ],
  },
  {
    kind: "other bytes: Buffers further inside, typed arrays, `ArrayBuffer`, `DataView`",
    graph: "carried",
    json: "refused",
    values: [
      ["a Buffer in an object", { bytes: Buffer.from("bytes") }],
      ["an empty Buffer in an array", [Buffer.alloc(0)]],
      ["typed arrays", [new Uint8Array([1]), new Float64Array([-0, NaN]), new BigInt64Array([1n]), new Int16Array()]],
      ["a typed array", new Float32Array([1.5, -0])],
      ["a typed array that is a part of its buffer", new Uint16Array(new ArrayBuffer(10), 2, 3)],
      ["an ArrayBuffer", new Uint8Array([1, 2, 3]).buffer],
      ["a DataView", new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
      ["the same bytes twice", ((bytes) => [bytes, bytes])(Buffer.from("b"))],
    ],
  },
  {
    kind: "`undefined` further inside",
    graph: "carried",
    json: "refused",
    values: [["a nested undefined", { a: undefined, b: [undefined, { c: undefined }] }]],
  },
  {
    kind: "`NaN`, `-0`, infinities",
    graph: "carried",
    json: "refused",
    values: [
      ["NaN", NaN],
      ["-0", -0],
      ["-0 deep inside", { a: [1, { b: -0 }], c: new Map([["d", -0]]), e: new Set([1, { f: -0 }]) }],
      ["infinities", [Infinity, -Infinity]],
    ],
  },
  {
    kind: "BigInt",
    graph: "carried",
    json: "refused",
    values: [
      ["BigInts of 64 bits", [0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n]],
      ["BigInts of more", [2n ** 64n, -(2n ** 64n), -(2n ** 63n) - 1n, 3n ** 5_000n, -(7n ** 30_000n)]],
    ],
  },
  {
    kind: "`Date`, also an invalid one",
    graph: "carried",
    json: "refused",
    values: [
      ["a date", new Date(1_764_547_200_123)],
      ["dates long ago and far ahead", [new Date(-1), new Date(-62e12 - 1), new Date(8.64e15), new Date(-8.64e15)]],
      ["an invalid date", new Date(NaN)],
      ["a date twice", ((date) => [date, date])(new Date(0))],
    ],
  },
  {
    kind: "`Map`, `Set`",
    graph: "carried",
    json: "refused",
    values: [
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
    ],
  },
  {
    kind: "RegExp",
    graph: "carried",
    json: "refused",
    values: [
      ["a RegExp", /a\/b\n[\ud800]/giu],
      ["a RegExp on its way", Object.assign(/a/gy, { lastIndex: 3 })],
    ],
  },
  {
    kind: "the `Error` classes of the language, with cause, stack and members",
    graph: "carried",
    json: "refused",
    values: [
      ["an Error with cause, code and itself", errorWithEverything()],
      ["an Error without message", new Error()],
      ["an Error that was renamed", Object.assign(new Error("m"), { name: "ValidationError" })],
      ["every Error of the language", [EvalError, ReferenceError, SyntaxError, URIError].map((Kind) => new Kind("m"))],
      ["an AggregateError", new AggregateError([new Error("a"), "b"], "both", { cause: null })],
    ],
  },
  {
    kind: "arrays with holes or named members",
    graph: "carried",
    json: "refused",
    values: [
      ["a sparse array", [1, , 3]], // oxlint-disable-line no-sparse-arrays
      ["an array of nothing but holes", new Array(3)],
      ["an array with as many named members as holes", Object.assign([1, , 3], { x: 1 })], // oxlint-disable-line no-sparse-arrays
      ["what RegExp.exec gives", /b(?<c>c)/d.exec("abcd")],
    ],
  },
  {
    kind: "objects without prototype",
    graph: "carried",
    json: "refused",
    values: [
      ["an object without prototype", Object.assign(Object.create(null) as object, { a: 1, hasOwnProperty: 2 })],
    ],
  },
  {
    kind: "cycles",
    graph: "carried",
    json: "refused",
    values: [
      ["cycles of every kind", cycle()],
      ["a list in itself", listInItself()],
    ],
  },
  {
    kind: "more than 1,000 levels",
    graph: "carried",
    json: "refused",
    values: [
      ["a level too many for JSON", nested(1_001)],
      ["two thousand levels", nested(2_000)],
    ],
  },
];

class Secret {
  readonly token = "t0k3n";
}

const symbol = Symbol("s");

/** What is left of memory that was handed to another thread. */
function handedOver<T extends ArrayBuffer | NodeJS.ArrayBufferView>(bytes: T): T {
  structuredClone(null, { transfer: [(ArrayBuffer.isView(bytes) ? bytes.buffer : bytes) as ArrayBuffer] });
  return bytes;
}

function argumentsOf(..._values: unknown[]): unknown {
  return arguments;
}

/** What no codec carries. */
export const REFUSALS: readonly Refusal[] = [
  { name: "a function", value: [() => 1], path: "value[0]", got: "a function" },
  { name: "a symbol", value: symbol, path: "value", got: "Symbol(s)" },
  {
    name: "a class instance",
    value: { items: [0, 1, 2, { price: new Secret() }] },
    path: "value.items[3].price",
    got: "an instance of Secret",
  },
  { name: "a URL", value: [new URL("http://localhost")], path: "value[0]", got: "an instance of URL" },
  { name: "a method", value: { "a b": { run() {} } }, path: 'value["a b"].run', got: "function run" },
  { name: "a promise", value: { p: Promise.resolve() }, path: "value.p", got: "an instance of Promise" },
  {
    name: "a WeakMap",
    value: new Map([["k", new WeakMap()]]),
    path: "value.get('k')",
    got: "an instance of WeakMap",
    jsonPath: "value",
  },
  {
    name: "a key of a Map",
    value: { m: new Map([[new URL("http://localhost"), 1]]) },
    path: "value.m.keys()",
    got: "an instance of URL",
    jsonPath: "value.m",
  },
  {
    name: "a member of a Set",
    value: new Set([1, () => 1]),
    path: "value.values()",
    got: "a function",
    jsonPath: "value",
  },
  { name: "a symbol as key", value: { a: { [symbol]: 1 } }, path: "value.a[Symbol(s)]", got: "Symbol(s)" },
  {
    name: "a symbol as key of an array",
    value: Object.assign([1], { [symbol]: 1 }),
    path: "value[Symbol(s)]",
    got: "Symbol(s)",
  },
  { name: "a boxed number", value: new Number(1), path: "value", got: "an instance of Number" }, // oxlint-disable-line no-new-wrappers
  { name: "shared memory", value: new SharedArrayBuffer(1), path: "value", got: "an instance of SharedArrayBuffer" },
  {
    name: "a view of shared memory",
    value: new Uint8Array(new SharedArrayBuffer(1)),
    path: "value",
    got: "an instance of Uint8Array",
  },
  {
    name: "a Buffer on shared memory",
    value: Buffer.from(new SharedArrayBuffer(1)),
    path: "value",
    got: "an instance of Buffer",
  },
  {
    name: "memory that was handed over",
    value: { a: [handedOver(new ArrayBuffer(8))] },
    path: "value.a[0]",
    got: "an instance of ArrayBuffer",
  },
  {
    name: "a view of memory that was handed over",
    value: new Map([["a", handedOver(new Uint16Array(8))]]),
    path: "value.get('a')",
    got: "an instance of Uint16Array",
    jsonPath: "value",
  },
  {
    name: "a DataView of memory that was handed over",
    value: [handedOver(new DataView(new ArrayBuffer(8)))],
    path: "value[0]",
    got: "an instance of DataView",
  },
  {
    name: "an error of a class of one's own",
    value: { e: new (class Failed extends Error {})("m") },
    path: "value.e",
    got: "an instance of Failed",
  },
  {
    name: "a class instance as cause",
    value: new Error("m", { cause: new Secret() }),
    path: "value.cause",
    got: "an instance of Secret",
    jsonPath: "value",
  },
  {
    name: "a symbol as key of an error",
    value: Object.assign(new Error("m"), { [symbol]: 1 }),
    path: "value[Symbol(s)]",
    got: "Symbol(s)",
    jsonPath: "value",
  },
  {
    name: "something hung on a date",
    value: { d: Object.assign(new Date(0), { note: 1 }) },
    path: "value.d.note",
    got: "1",
    jsonPath: "value.d",
  },
  {
    name: "something hung on a Map",
    value: Object.assign(new Map(), { note: 1 }),
    path: "value.note",
    got: "1",
    jsonPath: "value",
  },
  {
    name: "something hung on a Set",
    value: Object.assign(new Set(), { [symbol]: 1 }),
    path: "value[Symbol(s)]",
    got: "Symbol(s)",
    jsonPath: "value",
  },
  {
    name: "something hung on a RegExp",
    value: Object.assign(/a/, { note: 1 }),
    path: "value.note",
    got: "1",
    jsonPath: "value",
  },
  {
    name: "something hung on an ArrayBuffer",
    value: Object.assign(new ArrayBuffer(1), { note: 1 }),
    path: "value.note",
    got: "1",
    jsonPath: "value",
  },
  {
    name: "a named member of an array",
    value: Object.assign([1], { note: () => 1 }),
    path: "value.note",
    got: "function note",
    jsonPath: "value",
  },
  {
    name: "a member behind holes",
    value: Object.assign(new Array(3), { 2: symbol }),
    path: "value[2]",
    got: "Symbol(s)",
    jsonPath: "value",
  },
  { name: "an object that inherits", value: Object.create({ a: 1 }), path: "value", got: "an instance of Object" },
  {
    name: "an object of an unknown kind",
    value: Object.create(Object.create(null) as object),
    path: "value",
    got: "an object of an unknown kind",
  },
  { name: "a class without a name", value: new (class {})(), path: "value", got: "an object of an unknown kind" },
  {
    name: "a subclass of Array",
    value: new (class Rows extends Array {})(),
    path: "value",
    got: "an instance of Rows",
  },
  { name: "what is no Date inside", value: Object.create(Date.prototype), path: "value", got: "an instance of Date" },
  {
    name: "what is no RegExp inside",
    value: Object.create(RegExp.prototype),
    path: "value",
    got: "an instance of RegExp",
  },
  { name: "what is no Map inside", value: Object.create(Map.prototype), path: "value", got: "an instance of Map" },
  { name: "what is no Set inside", value: Object.create(Set.prototype), path: "value", got: "an instance of Set" },
  {
    name: "what is no array inside",
    value: Object.create(Array.prototype),
    path: "value",
    got: "an instance of Array",
  },
  {
    name: "what is no error inside",
    value: Object.create(Error.prototype),
    path: "value",
    got: "an instance of Error",
  },
  {
    name: "what is no Buffer inside",
    value: Object.create(Buffer.prototype),
    path: "value",
    got: "an instance of Buffer",
  },
  {
    name: "objects of another realm",
    value: runInNewContext("({ a: 1 })"),
    path: "value",
    got: "an instance of Object",
  },
  { name: "the arguments of a function", value: [argumentsOf(1)], path: "value[0]", got: "an instance of Object" },
];
