// P13 for what most values are: written and read without the library, and to the byte as it would.

import fc from "fast-check";
import { Packr, Unpackr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../../src/codec/frame-encode.ts";
import { decodeFrame } from "../../src/codec/frame-decode.ts";
import { msgpackCodec } from "../../src/codec/index.ts";
import { NOT_PLAIN, readPlain } from "../../src/codec/plain-read.ts";
import { isPlainTree } from "../../src/codec/plain-tree.ts";
import { writePlain } from "../../src/codec/plain-write.ts";
import { ROOM_BYTES, takeRoom } from "../../src/codec/room.ts";
import type { Payload } from "../../src/codec/payload.ts";
import type { Draft } from "../../src/engine/draft.ts";
import type { Target } from "../../src/engine/engine.ts";
import { makeFrame } from "../../src/engine/share.ts";
import type { SharedTier } from "../../src/engine/shared-tier.ts";
import { Epoch } from "../../src/model/epoch.ts";
import { arbitraryValues, graphs } from "./arbitrary-values.ts";
import { envelopeWith } from "./envelopes.ts";
import { coderOf } from "./payload-kit.ts";
import { difference } from "./sameness.ts";

const OPTIONS = { structuredClone: false, moreTypes: true, useBigIntExtension: true };
const packr = new Packr({ ...OPTIONS, useToJSON: false });
const unpackr = new Unpackr({ ...OPTIONS, copyBuffers: true });

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Values of JSON, and dates. */
const simple: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ maxLength: 40 }),
    fc.integer(),
    fc.double(),
    fc.constantFrom(null, undefined, true, false, 0, 63, 64, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32, -32, -33),
    fc.date({ min: new Date(0), max: new Date(2 ** 32 * 1_000 - 1), noInvalidDate: true }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom("id", "name", "tags")), tie("value")),
  ),
})).value;

describe("what it writes", () => {
  test("is what the library would write", () => {
    let written = 0;
    const check = (value: unknown): void => {
      const bytes = writePlain(value);
      // Dictionaries have no prototype, and some numbers are -0.
      if (bytes === undefined) return;
      written++;
      expect(hex(bytes)).toBe(hex(packr.pack(value)));
    };
    const ordinary = simple.map((value) => structuredClone(value));
    fc.assert(fc.property(fc.oneof(ordinary, arbitraryValues, graphs), check), { numRuns: 3_000 });
    expect(written).toBeGreaterThan(1_000);
  });

  test("is nothing, where the value is no plain tree", () => {
    const isSo = (value: unknown): boolean => isPlainTree(value) || writePlain(value) === undefined;
    const values = fc.oneof(arbitraryValues, graphs);
    expect(fc.check(fc.property(values, isSo), { numRuns: 2_000 })).toMatchObject({ failed: false });
  });

  test.each<[string, unknown]>([
    [
      "lengths of texts around their limits",
      [31, 32, 255, 256, 4_095, 4_096, 65_535, 65_536].map((n) => "x".repeat(n)),
    ],
    ["texts whose bytes are more than their characters", [10, 11, 31, 85, 86, 22_000].map((n) => "€".repeat(n))],
    [
      "lengths of arrays around their limits",
      [15, 16, 65_535, 65_536].map((n) => Array.from({ length: n }, (_, i) => i)),
    ],
    ["one shape many times", Array.from({ length: 2_000 }, (_, id) => ({ id, name: `user ${id}`, tags: [{ id }] }))],
    ["as many shapes as there are records", Array.from({ length: 64 }, (_, n) => ({ [`k${n}`]: n }))],
    ["shapes that differ late", Array.from({ length: 20 }, (_, n) => ({ id: 1, name: 2, kind: 3, [`k${n}`]: n }))],
    ["more than a slab", Array.from({ length: 50 }, (_, n) => ({ n, text: "äöü".repeat(5_000) }))],
    ["dates", [0, 1, 999, 1_000, 1_700_000_000_123, (2 ** 32 - 1) * 1_000 + 999].map((time) => new Date(time))],
  ])("is the same of %s", (_, value) => {
    const bytes = writePlain(value) as Buffer;
    expect(hex(bytes)).toBe(hex(packr.pack(value)));
    expect(difference(readPlain(bytes), value)).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["a date before 1970", new Date(-1)],
    ["no date at all", new Date(NaN)],
    ["a key that is a prototype", JSON.parse('{"__proto__":1}')],
    ["an array with a name", Object.assign([1], { name: 1 })],
    ["a lone surrogate", ["\ud800"]],
    ["a key with a lone surrogate", { "\udc00": 1 }],
    ["too many keys", Object.fromEntries(Array.from({ length: 65 }, (_, n) => [n, n]))],
    ["too many shapes", Array.from({ length: 65 }, (_, n) => ({ [`k${n}`]: n }))],
    ["the same twice", ((part) => [part, part])({})],
  ])("leaves %s to others", (_, value) => {
    expect(writePlain(value)).toBeUndefined();
    expect(difference(msgpackCodec.decode(msgpackCodec.encode(value)), value)).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["a date with a member", Object.assign(new Date(1), { a: 1 })],
    ["a symbol for a key", { [Symbol("s")]: 1 }],
    ["a symbol for a key of an array", Object.assign([1], { [Symbol("s")]: 1 })],
    ["a function", { f: () => 1 }],
  ])("leaves %s to be refused", (_, value) => {
    expect(writePlain(value)).toBeUndefined();
    expect(() => msgpackCodec.encode(value)).toThrow("must be plain data");
  });

  test("a getter that takes members away makes no record that lies about them", () => {
    const value = {
      get a() {
        delete (this as { b?: number }).b;
        return 1;
      },
      b: 2,
    };
    expect(writePlain(value)).toBeUndefined();
  });

  test("members of Object.prototype are not data", () => {
    // oxlint-disable-next-line no-extend-native
    Object.defineProperty(Object.prototype, "polluted", { value: 1, enumerable: true, configurable: true });
    const bytes = writePlain({ a: 1 });
    Reflect.deleteProperty(Object.prototype, "polluted");
    expect(bytes).toBeUndefined();
  });
});

describe("what it reads", () => {
  test("is what the library would read, whatever the bytes", () => {
    const bytesOf = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      simple.map((value) => packr.pack(structuredClone(value))),
      // One byte of a good value is another.
      fc.tuple(simple, fc.nat(), fc.nat({ max: 255 })).map(([value, at, byte]) => {
        const bytes = Buffer.from(packr.pack(structuredClone(value)));
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
    );
    let read = 0;
    const check = (bytes: Uint8Array): void => {
      const value = readPlain(Buffer.from(bytes));
      if (value === NOT_PLAIN) return;
      read++;
      expect(difference(value, unpackr.unpack(Buffer.from(bytes)))).toBeUndefined();
    };
    fc.assert(fc.property(bytesOf, check), { numRuns: 5_000 });
    expect(read).toBeGreaterThan(2_000);
  });

  test("is everything that it writes, cut off nowhere", () => {
    const value = { id: 1, name: "somebody", at: new Date(1_700_000_000_123), list: [1.5, -3, { id: 2 }], none: null };
    const bytes = writePlain(value) as Buffer;
    expect(difference(readPlain(bytes), value)).toBeUndefined();
    for (let end = 0; end < bytes.length; end++) expect(readPlain(bytes.subarray(0, end))).toBe(NOT_PLAIN);
    expect(readPlain(Buffer.concat([bytes, Buffer.of(0)]))).toBe(NOT_PLAIN);
  });

  test("is nothing that would take more memory than the bytes, or more stack than there is", () => {
    expect(readPlain(Buffer.from("ddffffffff00", "hex"))).toBe(NOT_PLAIN);
    expect(readPlain(Buffer.alloc(1_000_000, 0x91))).toBe(NOT_PLAIN);
  });

  test("objects of one shape do not share what they hold", () => {
    const [first, second] = [{ a: 1 }, { a: 2 }].map((value) => readPlain(writePlain(value) as Buffer) as object);
    Object.assign(first as object, { a: 3, b: 4 });
    expect(second).toEqual({ a: 2 });
    expect(readPlain(writePlain({ a: 5 }) as Buffer)).toEqual({ a: 5 });
  });
});

describe("the room before a payload", () => {
  const envelope = envelopeWith({});

  test("belongs to one frame alone", () => {
    const bytes = writePlain({ a: "value" }) as Buffer;
    expect([takeRoom(Buffer.from(bytes)), takeRoom(bytes), takeRoom(bytes)]).toEqual([0, ROOM_BYTES, 0]);
  });

  test("is not written to by a second frame of the same payload", async () => {
    const payloads = coderOf({ codec: "msgpack" });
    await payloads.load();
    const shared = { payloads, fullKey: () => "k" } as unknown as SharedTier;
    const payload = payloads.encode({ a: "value" }) as Payload;
    const epochs = { get: () => ({ hard: "hard", soft: "soft" }) };
    const root = new Epoch("root", undefined, 0);
    const stamp = { asOf: 0, namespaceEpoch: root, tags: undefined };
    const make = () => makeFrame(shared, {} as Target, { loadMs: 0 } as Draft, payload, stamp, epochs, root);
    for (const { frame, version } of [make(), make()]) {
      expect(decodeFrame("k", frame)).toMatchObject({ kind: "frame", envelope: { version } });
    }
  });

  test("holds the header, and nobody else's bytes", () => {
    const values = Array.from({ length: 300 }, (_, n) => ({ n, text: "x".repeat(n) }));
    const payloads = values.map((value) => writePlain(value) as Buffer);
    const frames = payloads.map((bytes, n) => encodeFrame(`k${n}`, envelope, 1, bytes, false, undefined, ROOM_BYTES));
    for (const [n, frame] of frames.entries()) {
      expect(frame.buffer).toBe((payloads[n] as Buffer).buffer);
      expect(hex(frame)).toBe(hex(encodeFrame(`k${n}`, envelope, 1, Buffer.from(payloads[n] as Buffer))));
      const decoded = decodeFrame(`k${n}`, frame);
      expect(decoded.kind === "frame" && readPlain(Buffer.from(decoded.payload))).toEqual(values[n]);
    }
  });

  test("is not used where it is too small", () => {
    const bytes = writePlain({ a: 1 }) as Buffer;
    const tags = Array.from({ length: 20 }, (_, n) => ({ name: `tag ${n}`, hard: "hard", soft: "soft" }));
    const frame = encodeFrame("k", { ...envelope, tags }, 1, bytes, false, undefined, ROOM_BYTES);
    expect(frame.buffer).not.toBe(bytes.buffer);
    expect(decodeFrame("k", frame)).toMatchObject({ kind: "frame", envelope: { tags } });
  });
});
