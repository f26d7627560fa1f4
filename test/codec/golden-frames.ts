// What the golden frames of format 1 hold: the source they were made from, and what they have to give back for ever.

import { jsonCodec } from "../../src/codec/json.ts";
import { msgpackCodec } from "../../src/codec/msgpack.ts";
import type { Codec } from "../../src/contracts/codec.ts";
import type { Envelope } from "../../src/codec/frame-layout.ts";
import { envelopeWith } from "./envelopes.ts";

/** One frame, under `test/golden/frame-v1/{name}.bin`. */
export interface GoldenFrame {
  readonly name: string;
  /** What is remarkable about it, for the index. */
  readonly about: string;
  readonly key: string;
  readonly envelope: Envelope;
  readonly codec: Codec;
  readonly value: unknown;
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
    codec: msgpackCodec,
    value: product,
  },
  {
    name: "everything",
    about: "a graph: every type that can be carried, shared and cyclic",
    key,
    envelope: envelopeWith(),
    codec: msgpackCodec,
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
    codec: msgpackCodec,
    value: "Zürich",
  },
  {
    name: "negative",
    about: "says that there is nothing",
    key,
    envelope: envelopeWith({ negative: true, loadMs: 0xffff_ffff }),
    codec: msgpackCodec,
    value: null,
  },
  {
    name: "json",
    about: "the JSON codec",
    key,
    envelope: envelopeWith(),
    codec: jsonCodec,
    value: { id: 4711, title: "Laufschuhe, blau", sizes: [41, 42], discount: null },
  },
];
