// Frames: what is written comes back, and nothing else is ever taken for it.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, type DamageReason } from "../../src/codec/frame-decode.ts";
import { encodeFrame, frameChecksum } from "../../src/codec/frame-encode.ts";
import {
  FRAME_FLAGS,
  FRAME_LAYOUT,
  FRAME_OFFSETS,
  readInstants,
  readVersion,
  writeInstants,
  type Instants,
} from "../../src/codec/frame-layout.ts";
import { envelopes, envelopeWith } from "./envelopes.ts";

const KEY = "shop:v:{users:user%3A1}";
const TAGS = [{ name: "category:shoes", hard: "1-a", soft: "2-b" }];
const EMPTY = { hard: "", soft: "" };
const PAYLOAD = Buffer.from("the payload");
const FRAME = Buffer.from(encodeFrame(KEY, envelopeWith({ tags: TAGS }), 1, PAYLOAD));

const bytes = fc.uint8Array({ maxLength: 100 });
const damaged = (reason: DamageReason): unknown => ({ kind: "damaged", reason });
const isInstant = (at: number): boolean => at >= FRAME_OFFSETS.createdAt && at < FRAME_OFFSETS.checksum;

/** The frame with a change, and the checksum that goes with it: the work of a faulty or newer writer. */
function forged(change: (frame: Buffer) => void): Buffer {
  const frame = Buffer.from(FRAME);
  change(frame);
  frame.writeUInt32BE(frameChecksum(KEY, frame), FRAME_OFFSETS.checksum);
  return frame;
}

describe("a frame", () => {
  test("gives back key, envelope, codec and payload as they were written", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        envelopes,
        fc.nat({ max: 255 }),
        bytes,
        (key, envelope, id, payload) => {
          const written = encodeFrame(key, envelope, id, payload);
          const bare = { isCompressed: false, isEncrypted: false, bytes: written };
          const frame = { kind: "frame", key, envelope, codecId: id, payload: Buffer.from(payload), ...bare };
          expect(decodeFrame(key, written)).toEqual(frame);
        },
      ),
    );
  });

  test("begins with FT and its format", () => {
    expect(FRAME.subarray(0, 3)).toEqual(Buffer.from("FT\u0001"));
  });

  test("is read from a view of a larger buffer, and outside of it nothing", () => {
    const large = new Uint8Array(FRAME.length + 20).fill(0xff);
    large.set(FRAME, 10);
    const view = large.subarray(10, 10 + FRAME.length);
    expect(decodeFrame(KEY, view)).toEqual(decodeFrame(KEY, FRAME));
    expect(readInstants(view)).toEqual(readInstants(FRAME));
    expect(readVersion(view)).toBe(readVersion(FRAME));
    expect(decodeFrame(KEY, large.subarray(10, 9 + FRAME.length))).toEqual(damaged("truncated"));
  });

  test("keeps the time a load took in whole milliseconds, as long as there is room", () => {
    const loadMsOf = (loadMs: number): unknown =>
      decodeFrame(KEY, encodeFrame(KEY, envelopeWith({ loadMs }), 1, PAYLOAD));
    expect(loadMsOf(12.7)).toMatchObject({ envelope: { loadMs: 13 } });
    expect(loadMsOf(1e12)).toMatchObject({ envelope: { loadMs: 0xffff_ffff } });
  });

  test.each([
    ["a text", { tags: [{ name: "x".repeat(65_536), hard: "", soft: "" }] }, /at most 65535 bytes long/],
    ["the tags", { tags: new Array(65_536).fill(TAGS[0]) as typeof TAGS }, /tags.length must be at most 65535/],
    ["a short version", { version: "0123" }, /version must be 16 hexadecimal digits, got '0123'/],
    ["a version in capitals", { version: "00112233445566FF" }, /version must be 16 hexadecimal digits/],
  ])("refuses what it has no room for: %s", (_, changes, message) => {
    expect(() => encodeFrame(KEY, envelopeWith(changes), 1, PAYLOAD)).toThrow(message);
  });
});

describe("damage", () => {
  test("P14 any flipped bit outside the instants is a miss", () => {
    for (let at = 0; at < FRAME.length; at++)
      for (let bits = 1; bits < 256 && !isInstant(at); bits++) {
        const flipped = Buffer.from(FRAME);
        flipped[at] = (flipped[at] as number) ^ bits;
        expect(decodeFrame(KEY, flipped).kind, `byte ${at} with ${bits}`).toBe("damaged");
      }
  });

  test("P14 a flipped bit of the instants is a miss or leaves them in order, and changes nothing else", () => {
    // All but the bytes themselves.
    const shown = (frame: object): object => ({ ...frame, bytes: undefined });
    const whole = shown(decodeFrame(KEY, FRAME));
    for (let at = FRAME_OFFSETS.createdAt; at < FRAME_OFFSETS.checksum; at++)
      for (let bits = 1; bits < 256; bits++) {
        const flipped = Buffer.from(FRAME);
        flipped[at] = (flipped[at] as number) ^ bits;
        const read = decodeFrame(KEY, flipped);
        if (read.kind === "damaged") {
          expect(read.reason).toBe("instants");
          continue;
        }
        const { createdAt, freshUntil, staleUntil, errorUntil } = read.envelope;
        expect([createdAt, freshUntil, staleUntil, errorUntil].every((instant) => !Number.isNaN(instant))).toBe(true);
        expect([0 <= createdAt, createdAt <= freshUntil, freshUntil <= staleUntil, staleUntil <= errorUntil]).toEqual(
          new Array(4).fill(true),
        );
        writeInstants(flipped, envelopeWith());
        expect(shown(decodeFrame(KEY, flipped))).toEqual(whole);
      }
  });

  test("P14 a truncated frame is a miss, never an exception", () => {
    for (let length = 0; length < FRAME.length; length++)
      expect(decodeFrame(KEY, FRAME.subarray(0, length)), `${length} bytes`).toEqual(damaged("truncated"));
  });

  test("P14 a frame with something behind it is a miss", () => {
    expect(decodeFrame(KEY, Buffer.concat([FRAME, Buffer.of(0)]))).toEqual(damaged("checksum"));
  });

  test("P14 a frame under another key is a miss", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), envelopes, (key, other, envelope) => {
        fc.pre(key !== other);
        expect(decodeFrame(other, encodeFrame(key, envelope, 1, PAYLOAD))).toEqual(damaged("checksum"));
      }),
    );
  });

  test("P14 any other bytes are a miss, never an exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        expect(decodeFrame(KEY, random).kind).toBe("damaged");
      }),
      { numRuns: 1_000 },
    );
  });

  test("P14 any bytes behind a good header and checksum never make it throw or read out of bounds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat({ max: 0xffff }), (random, tagCount) => {
        const frame = Buffer.concat([FRAME.subarray(0, FRAME_OFFSETS.texts), random]);
        frame.writeUInt16BE(tagCount, FRAME_OFFSETS.tagCount);
        frame.writeUInt32BE(frame.length, FRAME_OFFSETS.byteLength);
        frame.writeUInt32BE(frameChecksum(KEY, frame), FRAME_OFFSETS.checksum);
        const read = decodeFrame(KEY, frame);
        if (read.kind === "damaged") expect(read.reason).toBe("malformed");
        else expect(read.envelope.tags.length).toBe(tagCount);
      }),
      { numRuns: 1_000 },
    );
  });

  test("P14 bytes of another program are called foreign", () => {
    expect(decodeFrame(KEY, Buffer.from("just some text that another program has stored here"))).toEqual(
      damaged("foreign"),
    );
  });

  test.each([0, 2, 255])("P14 a frame of format %d is a miss, for who reads it is older or newer", (format) => {
    expect(
      decodeFrame(
        KEY,
        forged((frame) => frame.writeUInt8(format, FRAME_OFFSETS.format)),
      ),
    ).toEqual(damaged("unknown-format"));
  });

  test.each([
    ["treated in a new way", (frame: Buffer) => frame.writeUInt8(8, FRAME_OFFSETS.flags)],
    ["treated in several", (frame: Buffer) => frame.writeUInt8(128 | FRAME_FLAGS.negative, FRAME_OFFSETS.flags)],
    ["encrypted with no key", (frame: Buffer) => frame.writeUInt8(FRAME_FLAGS.encrypted, FRAME_OFFSETS.flags)],
    ["not encrypted with a key", (frame: Buffer) => frame.writeUInt8(1, FRAME_OFFSETS.keyId)],
  ])("P14 a payload that a newer release has %s is not taken for another", (_, change) => {
    expect(decodeFrame(KEY, forged(change))).toEqual(damaged("unknown-format"));
  });

  test.each([
    ["a text that ends behind the frame", (frame: Buffer) => frame.writeUInt16BE(0xffff, FRAME_OFFSETS.texts)],
    ["more tags than it holds", (frame: Buffer) => frame.writeUInt16BE(0xffff, FRAME_OFFSETS.tagCount)],
  ])("P14 a frame with %s is a miss though its checksum is right", (_, change) => {
    expect(decodeFrame(KEY, forged(change))).toEqual(damaged("malformed"));
  });

  test.each([
    ["the last text", { rootEpoch: EMPTY, namespaceEpoch: { hard: "", soft: "abc" } }],
    ["the length of the last text", { rootEpoch: EMPTY, namespaceEpoch: EMPTY }],
  ])("P14 %s may end where the frame does, and no later", (_, changes) => {
    const whole = encodeFrame(KEY, envelopeWith(changes), 1, Buffer.alloc(0));
    expect(decodeFrame(KEY, whole)).toMatchObject({ kind: "frame", envelope: changes });
    for (const count of [1, 2, 3]) {
      const cut = Buffer.from(whole.subarray(0, whole.length - count));
      cut.writeUInt32BE(cut.length, FRAME_OFFSETS.byteLength);
      cut.writeUInt32BE(frameChecksum(KEY, cut), FRAME_OFFSETS.checksum);
      expect(decodeFrame(KEY, cut)).toEqual(damaged("malformed"));
    }
  });
});

describe("instants", () => {
  const good = { createdAt: 1, freshUntil: 2, staleUntil: 3, errorUntil: 4 };

  test.each<[string, Partial<Instants>]>([
    ["all at once", { freshUntil: 1, staleUntil: 1, errorUntil: 1 }],
    ["for ever", { freshUntil: Infinity, staleUntil: Infinity, errorUntil: Infinity }],
    ["at the beginning of time", { createdAt: 0 }],
  ])("may be %s", (_, changes) => {
    const frame = encodeFrame(KEY, envelopeWith({ ...good, ...changes }), 1, PAYLOAD);
    expect(decodeFrame(KEY, frame)).toMatchObject({ kind: "frame", envelope: { ...good, ...changes } });
    expect(readInstants(frame)).toEqual({ ...good, ...changes });
  });

  test.each<[string, Partial<Instants>]>([
    ["not a number", { createdAt: NaN }],
    ["not a number", { freshUntil: NaN }],
    ["not a number", { staleUntil: NaN }],
    ["not a number", { errorUntil: NaN }],
    ["created for ever", { createdAt: Infinity, freshUntil: Infinity, staleUntil: Infinity, errorUntil: Infinity }],
    [
      "created after all time",
      { createdAt: 8.64e15 + 2, freshUntil: Infinity, staleUntil: Infinity, errorUntil: Infinity },
    ],
    ["created before the epoch", { createdAt: -1 }],
    ["out of order", { freshUntil: 0.5 }],
    ["out of order", { staleUntil: 1.5 }],
    ["out of order", { errorUntil: 2.5 }],
    ["out of order", { errorUntil: -Infinity }],
  ])("P14 that are %s make the frame a miss", (_, changes) => {
    const frame = encodeFrame(KEY, envelopeWith({ ...good, ...changes }), 1, PAYLOAD);
    expect(decodeFrame(KEY, frame)).toEqual(damaged("instants"));
    expect(readInstants(frame)).toBeUndefined();
  });

  test("are written in place, as an authority does, and the frame stays whole", () => {
    const frame = Buffer.from(FRAME);
    writeInstants(frame, good);
    expect(decodeFrame(KEY, frame)).toMatchObject({
      kind: "frame",
      envelope: { ...envelopeWith({ tags: TAGS }), ...good },
    });
  });

  test("lie where authorities are told", () => {
    const { magic, headerBytes, instantsOffset, versionOffset } = FRAME_LAYOUT;
    expect(FRAME.subarray(0, 3)).toEqual(Buffer.from(magic));
    expect([headerBytes, instantsOffset, versionOffset]).toEqual([60, 8, 48]);
  });

  test("lie side by side at byte 8 as doubles, where a script can write them", () => {
    const frame = Buffer.from(FRAME);
    const doubles = Buffer.alloc(32);
    for (const [index, instant] of [1, 2, 3, Infinity].entries()) doubles.writeDoubleBE(instant, index * 8);
    const written = Buffer.concat([frame.subarray(0, 8), doubles, frame.subarray(40)]);
    expect(readInstants(written)).toEqual({ ...good, errorUntil: Infinity });
    expect(decodeFrame(KEY, written).kind).toBe("frame");
  });
});

describe("reading without decoding", () => {
  test("the version is at byte 48, whatever the payload", () => {
    expect(readVersion(FRAME)).toBe("00112233445566ff");
    expect(FRAME.toString("hex", 48, 56)).toBe("00112233445566ff");
  });

  test("P14 gives nothing for bytes that are no frame of this format", () => {
    const newer = Buffer.from(FRAME);
    newer.writeUInt8(2, FRAME_OFFSETS.format);
    const foreign = Buffer.from(FRAME);
    foreign.write("f");
    const other = Buffer.from(FRAME);
    other.write("t", 1);
    for (const wrong of [newer, foreign, other, FRAME.subarray(0, 59), Buffer.alloc(0)]) {
      expect(readInstants(wrong)).toBeUndefined();
      expect(readVersion(wrong)).toBeUndefined();
    }
  });
});
