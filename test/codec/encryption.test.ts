// Encryption: what is stored is readable only with its key, in its place; everything else is a miss.

import { createDecipheriv } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { PayloadOptions } from "../../src/model/payload-options.ts";
import type { EncryptionOptions } from "../../src/model/encryption-options.ts";
import { decodeFrame } from "../../src/codec/frame-decode.ts";
import { encodeFrame } from "../../src/codec/frame-encode.ts";
import { FRAME_FLAGS, FRAME_OFFSETS, writeInstants } from "../../src/codec/frame-layout.ts";
import { envelopeWith } from "./envelopes.ts";
import { coderOf, damageIn, forged, KEY, OTHER_SECRET, payloadAt, read, SECRET, write } from "./payload-kit.ts";
import { difference } from "./sameness.ts";

const VALUE = { name: "Ada Lovelace", card: "4111 1111 1111 1111", n: [1, null] };
const ENCRYPTION: EncryptionOptions = { keys: [{ id: 7, key: SECRET }] };
const coder = coderOf({ encryption: ENCRYPTION });
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The instants, and the checksum that is made right again. */
const isOpen = (at: number): boolean => at >= FRAME_OFFSETS.createdAt && at < FRAME_OFFSETS.byteLength;

test("P13 a value comes back as it was, and does not show in the frame", async () => {
  const frame = await write(coder, VALUE);
  expect(difference(await read(coder, frame), VALUE)).toBeUndefined();
  for (const part of ["Ada", "Lovelace", "4111", "name", "card"]) {
    const plain = await write(coderOf(), VALUE);
    expect([part, frame.includes(part), plain.includes(part)]).toEqual([part, false, true]);
  }
});

test("is AES-256-GCM with key, header without instants, epochs and tags as additional data", async () => {
  const frame = await write(coder, VALUE);
  const at = payloadAt(frame);
  expect([frame[FRAME_OFFSETS.flags], frame[FRAME_OFFSETS.keyId]]).toEqual([FRAME_FLAGS.encrypted, 7]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(KEY));
  const decipher = createDecipheriv("aes-256-gcm", SECRET, frame.subarray(at, at + NONCE_BYTES));
  decipher.setAAD(Buffer.concat([length, Buffer.from(KEY), frame.subarray(0, 8), frame.subarray(44, at)]));
  decipher.setAuthTag(frame.subarray(-TAG_BYTES));
  const plain = Buffer.concat([decipher.update(frame.subarray(at + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  expect(plain.equals(Buffer.from((await coderOf().encode(VALUE)).bytes))).toBe(true);
});

test("no two frames have the same nonce, nor the same bytes", async () => {
  const frames = await Promise.all(Array.from({ length: 200 }, () => write(coder, VALUE)));
  const at = payloadAt(frames[0] as Buffer);
  expect(new Set(frames.map((frame) => frame.toString("hex", at, at + NONCE_BYTES))).size).toBe(200);
  expect(new Set(frames.map((frame) => frame.toString("hex", at + NONCE_BYTES))).size).toBe(200);
});

test("the instants may be written afterwards, as the authority does", async () => {
  const frame = await write(coder, VALUE);
  writeInstants(frame, { createdAt: 1, freshUntil: 2, staleUntil: 3, errorUntil: Infinity });
  expect(difference(await read(coder, frame), VALUE)).toBeUndefined();
});

test("what is compressed is compressed before it is encrypted", async () => {
  const value = "all work and no play ".repeat(500);
  const both = await write(coderOf({ encryption: ENCRYPTION, compression: "gzip" }), value);
  expect([both.length < 1_000, both[FRAME_OFFSETS.flags]]).toEqual([
    true,
    FRAME_FLAGS.compressed | FRAME_FLAGS.encrypted,
  ]);
  expect(await read(coder, both)).toBe(value);
});

describe("rotation", () => {
  const [old, next] = [
    { id: 7, key: SECRET },
    { id: 8, key: OTHER_SECRET.toString("base64") },
  ];
  const rotated = coderOf({ encryption: { keys: [next, old] } });

  test("the first key writes, and all read: nobody loses an entry", async () => {
    const [before, after] = [await write(coder, VALUE), await write(rotated, VALUE)];
    expect([before[FRAME_OFFSETS.keyId], after[FRAME_OFFSETS.keyId]]).toEqual([7, 8]);
    for (const frame of [before, after]) expect(difference(await read(rotated, frame), VALUE)).toBeUndefined();
  });

  test("P14 what was written with a key that is no longer there is a miss that says so", async () => {
    const dropped = coderOf({ encryption: { keys: [next] } });
    expect(await damageIn(dropped, await write(coder, VALUE))).toBe("unknown-key");
    expect(await damageIn(coderOf(), await write(coder, VALUE))).toBe("unknown-key");
  });

  test("P14 another key under the same number is a miss", async () => {
    const confused = coderOf({ encryption: { keys: [{ id: 7, key: OTHER_SECRET }] } });
    expect(await damageIn(confused, await write(coder, VALUE))).toBe("authentication");
  });
});

describe("what is not encrypted", () => {
  const migrating = coderOf({ encryption: { ...ENCRYPTION, allowPlaintext: true } });

  test("P14 is a miss: anybody could have written it", async () => {
    expect(await damageIn(coder, await write(coderOf(), VALUE))).toBe("unencrypted");
    expect(await damageIn(coder, await write(coderOf({ compression: "gzip" }), "x".repeat(5_000)))).toBe("unencrypted");
    expect(await damageIn(coder, await write(coderOf(), Buffer.from("raw")))).toBe("unencrypted");
  });

  test("P13 is read with allowPlaintext, and what is written is encrypted all the same", async () => {
    expect(difference(await read(migrating, await write(coderOf(), VALUE)), VALUE)).toBeUndefined();
    const frame = await write(migrating, VALUE);
    expect(frame[FRAME_OFFSETS.keyId]).toBe(7);
    expect(difference(await read(coder, frame), VALUE)).toBeUndefined();
  });

  test("P14 with allowPlaintext an encrypted frame cannot be passed off as plain", async () => {
    const stripped = forged(await write(coder, VALUE), (copy) => {
      copy[FRAME_OFFSETS.flags] = 0;
      copy[FRAME_OFFSETS.keyId] = 0;
    });
    expect(await damageIn(migrating, stripped)).toBe("payload");
  });

  test("never happens: nothing is stored before the key is there", () => {
    expect(() => coderOf({ encryption: ENCRYPTION }).seal).toThrow(/nothing may be stored unencrypted/);
  });
});

describe("tampering", () => {
  test("P14 any flipped bit outside the instants is a miss, though the checksum is made right again", async () => {
    const frame = await write(coder, VALUE);
    for (let at = 0; at < frame.length; at++) {
      if (isOpen(at)) continue;
      for (let bit = 0; bit < 8; bit++) {
        const flip = (copy: Buffer): void => void (copy[at] = (copy[at] as number) ^ (1 << bit));
        expect(await damageIn(coder, forged(frame, flip)), `bit ${bit} of byte ${at}`).toBeDefined();
      }
    }
  });

  test.each<[string, (frame: Buffer) => void]>([
    ["version", (frame) => frame.writeUInt8(9, FRAME_OFFSETS.version)],
    ["time of loading", (frame) => frame.writeUInt8(9, FRAME_OFFSETS.loadMs)],
    ["codec", (frame) => frame.writeUInt8(4, FRAME_OFFSETS.codecId)],
    ["negative mark", (frame) => frame.writeUInt8(5, FRAME_OFFSETS.flags)],
    ["compressed mark", (frame) => frame.writeUInt8(6, FRAME_OFFSETS.flags)],
    ["root epoch", (frame) => frame.write("X", FRAME_OFFSETS.texts + 3)],
    ["tag", (frame) => frame.write("boots", frame.indexOf("shoes"))],
    ["nonce", (frame) => frame.write("X", payloadAt(frame))],
    ["ciphertext", (frame) => frame.write("X", payloadAt(frame) + NONCE_BYTES)],
    ["tag of the encryption", (frame) => frame.write("X", frame.length - 1)],
  ])("P14 another %s is noticed, though the checksum is made right again", async (_name, change) => {
    expect(await damageIn(coder, forged(await write(coder, VALUE), change))).toBe("authentication");
  });

  test("P14 a frame that is moved to another key is a miss, though the checksum is made right again", async () => {
    const frame = await write(coder, VALUE, "shop:v:{:a}");
    expect(await damageIn(coder, frame, "shop:v:{:b}")).toBe("checksum");
    const moved = forged(frame, () => undefined, "shop:v:{:b}");
    expect(decodeFrame("shop:v:{:b}", moved).kind).toBe("frame");
    expect(await damageIn(coder, moved, "shop:v:{:b}")).toBe("authentication");
  });

  test("P14 a payload that is moved into the envelope of another frame of the key is a miss", async () => {
    const [one, other] = [await write(coder, VALUE), await write(coder, VALUE)];
    other.writeUInt8(9, FRAME_OFFSETS.version);
    const mixed = forged(other, (copy) => one.copy(copy, payloadAt(one), payloadAt(one)));
    expect(await damageIn(coder, mixed)).toBe("authentication");
  });

  test("P14 no key and envelope run into others", async () => {
    // The key's last byte and the header's first change places; without a length between them they would read the same.
    const frame = await write(coder, VALUE, "shop:v:{:k}F");
    expect(
      await damageIn(
        coder,
        forged(frame, () => undefined, "shop:v:{:k}"),
        "shop:v:{:k}",
      ),
    ).toBe("authentication");
  });

  test("P14 a truncated payload is a miss, however short", async () => {
    const frame = await write(coder, VALUE);
    const at = payloadAt(frame);
    for (let kept = 0; kept < frame.length - at; kept++) {
      const cut = forged(frame.subarray(0, at + kept), (copy) =>
        copy.writeUInt32BE(copy.length, FRAME_OFFSETS.byteLength),
      );
      expect(await damageIn(coder, cut), `${kept} bytes`).toBe("authentication");
    }
  });
});

test("P13 an empty payload can be encrypted", async () => {
  const frame = await write(coder, Buffer.alloc(0));
  expect([frame.length - payloadAt(frame), await read(coder, frame)]).toEqual([
    NONCE_BYTES + TAG_BYTES,
    Buffer.alloc(0),
  ]);
});

test("a key of the entry beyond ASCII is part of it", async () => {
  const key = "shop:v:{städte:Zürich 🚠}";
  expect(difference(await read(coder, await write(coder, VALUE, key), key), VALUE)).toBeUndefined();
});

test.each<[string, PayloadOptions]>([
  ["msgpack", { codec: "msgpack" }],
  ["json", { codec: "json" }],
  ["v8", { codec: "v8" }],
])("a custom seal is asked once per frame, also with %s", async (_name, options) => {
  const { codecId, bytes } = await coderOf(options).encode(VALUE);
  const calls: unknown[] = [];
  const seal = {
    keyId: 3,
    extraBytes: 1,
    seal: (key: string, frame: Buffer, at: number, payload: Uint8Array) => {
      calls.push([key, at, payload]);
      frame.set([...payload, 0], at);
    },
  };
  const frame = encodeFrame(KEY, envelopeWith(), codecId, bytes, false, seal);
  expect(calls).toEqual([[KEY, frame.length - bytes.length - 1, bytes]]);
});
