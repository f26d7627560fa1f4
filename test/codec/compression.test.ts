// Compression: kept where it helps, read whatever is configured, and bounded whatever the bytes say.

import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import type { CompressionCodec } from "../../src/contracts/codec.ts";
import { decodeFrame } from "../../src/codec/frame-decode.ts";
import type { BuiltInCompression } from "../../src/model/compression-options.ts";
import type { PayloadOptions } from "../../src/model/payload-options.ts";
import { coderOf, damageIn, forged, KEY, payloadAt, read, write } from "./payload-kit.ts";
import { difference } from "./sameness.ts";

const ALGORITHMS: readonly BuiltInCompression[] = ["brotli", "gzip", "deflate", "zstd"];
const HERE = ALGORITHMS.filter((name) => name !== "zstd" || "zstdCompressSync" in zlib);
const IDS = { brotli: 1, gzip: 2, deflate: 3, zstd: 4 };

const texts = (bytes: number): string => "all work and no play makes jack a dull boy. ".repeat(bytes / 44);
const VALUE = { text: texts(5_000), n: [1, null] };

/** Bytes that nothing makes smaller. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, state = 1; at < length; at++) {
    state = (state * 48_271) % 0x7fff_ffff;
    bytes[at] = state >> 8;
  }
  return bytes;
}

function isCompressed(frame: Buffer): boolean {
  const decoded = decodeFrame(KEY, frame);
  return decoded.kind === "frame" && decoded.isCompressed;
}

/** Leaves out every byte but the first. */
const first: CompressionCodec = {
  id: 77,
  name: "first",
  compress: (bytes) => bytes.subarray(0, 1),
  decompress: (bytes, length) => Buffer.alloc(length, bytes[0]),
};
const SAME = Buffer.alloc(3_000, "s");

describe.each(HERE)("%s", (compression) => {
  test("P13 gives back what it was given, and takes less room", async () => {
    const [plain, small] = [await write(coderOf(), VALUE), await write(coderOf({ compression }), VALUE)];
    expect([isCompressed(plain), isCompressed(small), small.length < plain.length / 5]).toEqual([false, true, true]);
    expect(difference(await read(coderOf({ compression }), small), VALUE)).toBeUndefined();
  });

  test("is named beside the payload, with the length that it had", async () => {
    const { bytes } = await coderOf({ codec: "json" }).encode(VALUE);
    const frame = await write(coderOf({ codec: "json", compression }), VALUE);
    const at = payloadAt(frame);
    expect([frame[at], frame.readUInt32BE(at + 1)]).toEqual([IDS[compression], bytes.length]);
  });

  test("is read by who compresses otherwise, or not at all", async () => {
    const frame = await write(coderOf({ compression }), VALUE);
    const others: PayloadOptions[] = [{}, { compression: "deflate" }, { compression: first }, { codec: "json" }];
    for (const options of others) expect(difference(await read(coderOf(options), frame), VALUE)).toBeUndefined();
  });

  test("is left out below the threshold, and where it gains nothing", async () => {
    const at = (value: unknown, threshold: number) =>
      write(coderOf({ compression: { algorithm: compression, threshold } }), value);
    const { length } = (await coderOf().encode(VALUE)).bytes;
    expect(isCompressed(await at(VALUE, length + 1))).toBe(false);
    expect(isCompressed(await at(VALUE, length))).toBe(true);
    const incompressible = noise(5_000);
    const frame = await at(incompressible, 1);
    expect([isCompressed(frame), await read(coderOf(), frame)]).toEqual([false, incompressible]);
  });

  test("P13 a large value is compressed and decompressed elsewhere, and comes back the same", async () => {
    const value = { text: texts(2_000_000) };
    const coder = coderOf({ compression });
    await coder.load();
    const payload = coder.encode(value);
    expect(payload).toBeInstanceOf(Promise);
    const frame = await write(coder, value);
    expect([isCompressed(frame), frame.length < 200_000]).toEqual([true, true]);
    const decoded = decodeFrame(KEY, frame);
    const reading = decoded.kind === "frame" ? coder.decode(decoded) : undefined;
    expect(reading).toBeInstanceOf(Promise);
    expect(difference(await reading, value)).toBeUndefined();
  });

  test("P13 a Buffer comes back on memory of its own", async () => {
    for (const length of [1_500, 3_000, 100_000, 1_500_000]) {
      const value = Buffer.alloc(length, "pattern");
      const frame = await write(coderOf({ compression }), value);
      const back = (await read(coderOf(), frame)) as Buffer;
      expect([isCompressed(frame), back.equals(value), back.buffer.byteLength]).toEqual([true, true, length]);
    }
  });

  test("P14 a bomb is stopped by the length it admits to", async () => {
    const frame = await write(coderOf({ compression }), Buffer.alloc(1_000_000));
    const at = payloadAt(frame);
    const bound = (maxDecompressedBytes: number) => coderOf({ maxDecompressedBytes });
    expect(await damageIn(bound(999_999), frame)).toBe("too-large");
    expect(await damageIn(bound(1_000_000), frame)).toBeUndefined();
    for (const length of [999_999, 1_000_001, 5_000, 1, 0]) {
      const lying = forged(frame, (copy) => copy.writeUInt32BE(length, at + 1));
      expect(await damageIn(coderOf(), lying)).toBe("payload");
    }
  });

  test("P14 what is truncated or changed is a miss", async () => {
    const frame = await write(coderOf({ compression }), VALUE);
    const at = payloadAt(frame);
    for (const kept of [0, 1, 4, 5, 6, 20]) {
      const cut = forged(Buffer.from(frame.subarray(0, at + kept)), (copy) => copy.writeUInt32BE(copy.length, 44));
      expect(await damageIn(coderOf(), cut)).toBe("payload");
    }
    const garbage = forged(frame, (copy) => copy.fill(0xa5, at + 5));
    expect(await damageIn(coderOf(), garbage)).toBe("payload");
  });

  test("nothing larger than may be read is compressed", async () => {
    const frame = await write(coderOf({ compression, maxDecompressedBytes: 2_000 }), VALUE);
    expect([isCompressed(frame), difference(await read(coderOf({ maxDecompressedBytes: 1 }), frame), VALUE)]).toEqual([
      false,
      undefined,
    ]);
  });
});

test("P14 what a Node.js without the algorithm, or a later release, compressed is a miss that says so", async () => {
  const frame = await write(coderOf({ compression: "gzip" }), VALUE);
  const at = payloadAt(frame);
  const ids = "zstdCompressSync" in zlib ? [5, 63, 0] : [4, 5, 63, 0];
  for (const id of ids) {
    const other = forged(frame, (copy) => copy.writeUInt8(id, at));
    expect(await damageIn(coderOf(), other)).toBe("unknown-compression");
  }
});

describe("compression of one's own", () => {
  const compression = first;

  test("P13 writes and reads", async () => {
    const frame = await write(coderOf({ compression }), SAME);
    expect([isCompressed(frame), frame[payloadAt(frame)], await read(coderOf({ compression }), frame)]).toEqual([
      true,
      77,
      SAME,
    ]);
    expect(await damageIn(coderOf({ compression: "gzip" }), frame)).toBe("unknown-compression");
  });

  test("P13 may take its time", async () => {
    const slow: CompressionCodec = {
      ...first,
      compress: async (bytes) => first.compress(bytes),
      decompress: async (bytes, length) => first.decompress(bytes, length),
    };
    const frame = await write(coderOf({ compression: slow }), SAME);
    expect([isCompressed(frame), await read(coderOf({ compression: slow }), frame)]).toEqual([true, SAME]);
  });

  test.each<[string, Partial<CompressionCodec>]>([
    [
      "throws",
      {
        compress: () => {
          throw new Error("full");
        },
      },
    ],
    [
      "rejects",
      {
        compress: async () => {
          throw new Error("full");
        },
      },
    ],
    ["gives nothing", { compress: () => undefined as never }],
    ["promises nothing", { compress: async () => "text" as never }],
    ["makes it larger", { compress: (bytes) => Buffer.concat([bytes, bytes]) }],
  ])("that %s leaves the value as it is", async (_name, changes) => {
    const coder = coderOf({ compression: { ...first, ...changes } });
    const frame = await write(coder, SAME);
    expect([isCompressed(frame), await read(coder, frame)]).toEqual([false, SAME]);
  });

  test.each<[string, Partial<CompressionCodec>]>([
    [
      "throws",
      {
        decompress: () => {
          throw new Error("lost");
        },
      },
    ],
    [
      "rejects",
      {
        decompress: async () => {
          throw new Error("lost");
        },
      },
    ],
    ["gives too little", { decompress: (_bytes, length) => Buffer.alloc(length - 1) }],
    ["gives too much", { decompress: async (_bytes, length) => Buffer.alloc(length + 1) }],
    ["gives nothing", { decompress: () => undefined as never }],
    ["gives a text", { decompress: (_bytes, length) => "x".repeat(length) as never }],
  ])("P14 that %s when it decompresses makes it a miss", async (_name, changes) => {
    const frame = await write(coderOf({ compression }), SAME);
    expect(await damageIn(coderOf({ compression: { ...first, ...changes } }), frame)).toBe("payload");
  });
});

test("the event loop turns while a value is compressed that takes long", async () => {
  const coder = coderOf({ compression: { algorithm: "brotli", level: 11 } });
  await coder.load();
  let turns = 0;
  let next = setImmediate(function turn() {
    turns++;
    next = setImmediate(turn);
  });
  const payload = await coder.encode(Buffer.from(texts(1_000_000)));
  clearImmediate(next);
  expect(payload.isCompressed).toBe(true);
  expect(turns).toBeGreaterThan(1);
});
