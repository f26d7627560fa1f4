// What the golden frames of format 1 hold: the source they were made from, and what they have to give back for ever.

import { jsonCodec, msgpackCodec } from "../../src/codec/index.ts";
import type { Envelope } from "../../src/codec/frame-layout.ts";
import type { PayloadOptions } from "../../src/model/payload-options.ts";
import { envelopeWith } from "./envelopes.ts";
import { Basket, Money, taught } from "./money.ts";
import { SECRET } from "./payload-kit.ts";

/** One frame, under `test/golden/frame-v1/{name}.bin`. */
export interface GoldenFrame {
  readonly name: string;
  /** What is remarkable about it, for the index. */
  readonly about: string;
  readonly key: string;
  readonly envelope: Envelope;
  /** How it was written, and what may be needed to read it. */
  readonly options: PayloadOptions;
  readonly value: unknown;
  /** Whether the same value gives the same bytes, whenever and wherever it is written. */
  readonly isExact: boolean;
}

const product = {
  id: 4711,
  title: "Laufschuhe, blau",
  price: 89.95,
  stock: 17,
  active: true,
  discount: null,
  tags: ["shoes", "running"],
  variants: [
    { sku: "RS-41", size: 41 },
    { sku: "RS-42", size: 42 },
  ],
  updatedAt: new Date(1_764_547_199_123),
  image: Buffer.from([0x89, 0x50, 0x4e, 0x47]),
  ratings: new Map([["alice", 5]]),
  buyers: new Set([1, 2]),
};

function everything(): unknown {
  const cause = new TypeError("the cause");
  cause.stack = "TypeError: the cause\n    at nowhere";
  const error = Object.assign(new RangeError("too much", { cause }), { code: "E_MUCH" });
  error.stack = "RangeError: too much\n    at nowhere";
  const shared = { shared: true };
  const value: Record<string, unknown> = {
    numbers: [-0, NaN, Infinity, 2 ** 53, 0.1],
    bigints: [-1n, 2n ** 64n, -(2n ** 100n)],
    texts: ["Zürich 🚠", "\ud800", "\ufeffmark"],
    dates: [new Date(-1), new Date(NaN)],
    regExp: Object.assign(/a\/b/gy, { lastIndex: 2 }),
    error,
    aggregate: Object.assign(new AggregateError([1], "both"), { stack: "AggregateError: both" }),
    map: new Map<unknown, unknown>([[shared, new Set([shared])]]),
    sparse: Object.assign([1, , 3], { named: undefined }), // oxlint-disable-line no-sparse-arrays
    bare: Object.assign(Object.create(null) as object, { a: 1 }),
    bytes: [Buffer.from("b"), new Uint8Array([1, 2]), new Float64Array([1.5]), new BigInt64Array([-1n])],
    buffers: [new Uint8Array([3]).buffer, new DataView(new Uint8Array([4, 5]).buffer)],
    proto: JSON.parse('{"__proto__":1}') as unknown,
  };
  value["self"] = value;
  return value;
}

const key = "shop:v:{products:4711}";
const encryption = { keys: [{ id: 7, key: SECRET }] };
const repetitive = { lines: Array.from({ length: 50 }, (_, n) => ({ sku: `RS-${n}`, title: "Laufschuhe, blau" })) };

/** All golden frames. A released one never changes; new ones may be added. */
export const goldenFrames: readonly GoldenFrame[] = [
  {
    name: "product",
    about: "a plain tree as MessagePack, two tags",
    key,
    envelope: envelopeWith({
      tags: [
        { name: "category:shoes", hard: "1764547100002-0a0b", soft: "0" },
        { name: "Schuhgröße", hard: "1764547100003-0c0d", soft: "1764547150001-0e0f" },
      ],
    }),
    options: {},
    isExact: true,
    value: product,
  },
  {
    name: "everything",
    about: "a graph: every type that can be carried, shared and cyclic",
    key,
    envelope: envelopeWith(),
    options: {},
    isExact: true,
    value: everything(),
  },
  {
    name: "for-ever",
    about: "no expiry, empty texts, a key beyond ASCII",
    key: "shop:v:{städte:Zürich 🚠}",
    envelope: envelopeWith({
      freshUntil: Infinity,
      staleUntil: Infinity,
      errorUntil: Infinity,
      version: "ffffffffffffffff",
      rootEpoch: { hard: "", soft: "" },
      namespaceEpoch: { hard: "", soft: "" },
      loadMs: 0,
    }),
    options: {},
    isExact: true,
    value: "Zürich",
  },
  {
    name: "negative",
    about: "says that there is nothing",
    key,
    envelope: envelopeWith({ negative: true, loadMs: 0xffff_ffff }),
    options: {},
    isExact: true,
    value: null,
  },
  {
    name: "json",
    about: "the JSON codec",
    key,
    envelope: envelopeWith(),
    options: { codec: "json" },
    isExact: true,
    value: { id: 4711, title: "Laufschuhe, blau", sizes: [41, 42], discount: null },
  },
  {
    name: "json-taught",
    about: "the JSON codec with instances of a class",
    key,
    envelope: envelopeWith(),
    options: { codec: taught(jsonCodec) },
    isExact: true,
    value: { price: new Money(8995n, "EUR"), like: { $type: "Money" } },
  },
  {
    name: "taught",
    about: "a graph with instances of two classes, one in the other",
    key,
    envelope: envelopeWith(),
    options: { codec: taught(msgpackCodec) },
    isExact: true,
    value: new Basket([{ name: "shoe", price: new Money(8995n, "EUR") }]),
  },
  {
    name: "v8",
    about: "the V8 codec, a plain tree with bytes; written by Node.js 20, whose version of the format it has",
    key,
    envelope: envelopeWith(),
    options: { codec: "v8" },
    isExact: false,
    value: product,
  },
  {
    name: "v8-graph",
    about: "the V8 codec, a graph",
    key,
    envelope: envelopeWith(),
    options: { codec: "v8" },
    isExact: false,
    value: everything(),
  },
  {
    name: "buffer",
    about: "a Buffer, which needs no codec",
    key,
    envelope: envelopeWith(),
    options: {},
    isExact: true,
    value: Buffer.from([0, 1, 2, 253, 254, 255]),
  },
  {
    name: "uint8array",
    about: "a Uint8Array, which needs no codec",
    key,
    envelope: envelopeWith(),
    options: {},
    isExact: true,
    value: new Uint8Array([255, 0]),
  },
  ...(["brotli", "gzip", "deflate", "zstd"] as const).map((compression) => ({
    name: compression,
    about: `compressed with ${compression}`,
    key,
    envelope: envelopeWith(),
    options: { compression },
    // Another release of the algorithm may do better.
    isExact: false,
    value: repetitive,
  })),
  {
    name: "encrypted",
    about: "encrypted with key 7, with a tag",
    key,
    envelope: envelopeWith({ tags: [{ name: "category:shoes", hard: "1764547100002-0a0b", soft: "0" }] }),
    options: { encryption },
    // The nonce is random.
    isExact: false,
    value: product,
  },
  {
    name: "compressed-encrypted",
    about: "compressed with gzip, then encrypted with key 7; a negative value of the JSON codec",
    key,
    envelope: envelopeWith({ negative: true }),
    options: { codec: "json", compression: "gzip", encryption },
    isExact: false,
    value: repetitive,
  },
];
