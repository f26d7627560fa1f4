// Options of tiers of bytes: what is taken, what it becomes, and what the messages about the rest say, and do not say.

import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import type { Codec, CompressionCodec } from "../../src/contracts/codec.ts";
import { v8Codec } from "../../src/codec/index.ts";
import { CacheError } from "../../src/errors.ts";
import { resolvePayload, type PayloadOptions } from "../../src/model/payload-options.ts";
import { SECRET } from "./payload-kit.ts";

const resolve = (options: PayloadOptions) => resolvePayload(options, "options");
const refuse = (options: object) => () => resolve(options);
const invalid = (message: string): unknown => expect.objectContaining({ code: "invalid_option", message });

const own: Codec = { id: 64, name: "own", encode: () => Buffer.alloc(0), decode: () => null };
const squeeze: CompressionCodec = {
  id: 255,
  name: "squeeze",
  compress: (bytes) => bytes,
  decompress: (bytes) => bytes,
};

test("fills in the defaults, and nothing stays optional", () => {
  const defaults = { codec: "msgpack", compression: undefined, encryption: undefined, maxDecompressedBytes: 2 ** 26 };
  expect(resolve({})).toEqual(defaults);
  expect(Object.isFrozen(resolve({}))).toBe(true);
});

test.each<[PayloadOptions["codec"]]>([["msgpack"], ["json"], ["v8"], [own], [v8Codec]])(
  "takes the codec %o",
  (codec) => {
    expect(resolve({ codec }).codec).toBe(codec);
  },
);

test.each<[PayloadOptions["compression"], object]>([
  ["brotli", { algorithm: "brotli", threshold: 1_024, level: 4, isQuick: true }],
  ["gzip", { algorithm: "gzip", threshold: 1_024, level: 6, isQuick: true }],
  ["deflate", { algorithm: "deflate", threshold: 1_024, level: 6, isQuick: true }],
  [
    { algorithm: "brotli", level: 11, threshold: 1 },
    { algorithm: "brotli", threshold: 1, level: 11, isQuick: false },
  ],
  [squeeze, { algorithm: squeeze, threshold: 1_024, level: 0, isQuick: true }],
  [
    { algorithm: squeeze, threshold: 9 },
    { algorithm: squeeze, threshold: 9, level: 0, isQuick: true },
  ],
])("takes the compression %o", (compression, settings) => {
  expect(resolve({ compression }).compression).toEqual(settings);
});

test.each<[object, string]>([
  [
    { codec: "yaml" },
    `options.codec must be "msgpack", "json", "v8" or an object with id, name, encode and decode, got 'yaml'`,
  ],
  [
    { codec: null },
    `options.codec must be "msgpack", "json", "v8" or an object with id, name, encode and decode, got null`,
  ],
  [{ codec: { ...own, id: 63 } }, "options.codec.id must be a whole number from 64 to 255, got 63"],
  [{ codec: { ...own, id: 256 } }, "options.codec.id must be a whole number from 64 to 255, got 256"],
  [{ codec: { ...own, id: 4, extend: () => own } }, "options.codec.id must be a whole number from 64 to 255, got 4"],
  [{ codec: { ...own, id: "a" } }, "options.codec.id must be a whole number from 64 to 255, got 'a'"],
  [
    { compression: "lz4" },
    `options.compression must be "brotli", "gzip", "deflate", "zstd" or an object with id, name, compress and decompress, got 'lz4'`,
  ],
  [
    { compression: { algorithm: null } },
    `options.compression.algorithm must be "brotli", "gzip", "deflate", "zstd" or an object with id, name, compress and decompress, got null`,
  ],
  [{ compression: { ...squeeze, id: 1 } }, "options.compression.id must be a whole number from 64 to 255, got 1"],
  [
    { compression: { algorithm: "gzip", level: 0 } },
    "options.compression.level must be a whole number from 1 to 9 for gzip, got 0",
  ],
  [
    { compression: { algorithm: "brotli", level: 12 } },
    "options.compression.level must be a whole number from 0 to 11 for brotli, got 12",
  ],
  [
    { compression: { algorithm: "brotli", level: "4" } },
    "options.compression.level must be a whole number from 0 to 11 for brotli, got '4'",
  ],
  [
    { compression: { algorithm: squeeze, level: 1 } },
    "options.compression.level must be absent where the algorithm is one's own, got 1",
  ],
  [
    { compression: { algorithm: "gzip", threshold: 0 } },
    "options.compression.threshold must be a whole number of at least 1, got 0",
  ],
  [
    { compression: { algorithm: "gzip", treshold: 5 } },
    "options.compression must hold known options only (algorithm, threshold, level), got 'treshold'",
  ],
  [{ maxDecompressedBytes: 0 }, "options.maxDecompressedBytes must be a whole number of at least 1, got 0"],
])("refuses %o, and says why", (options, message) => {
  expect(refuse(options)).toThrow(invalid(message));
});

describe("zstd", () => {
  const zlib = process.getBuiltinModule("node:zlib");

  test("is refused by a Node.js that does not have it, which says so", () => {
    const { zstdCompressSync: _none, ...without } = zlib as typeof zlib & { zstdCompressSync?: unknown };
    const spy = vi.spyOn(process, "getBuiltinModule").mockReturnValue(without);
    try {
      const rule = 'one that this Node.js has ("zstd" needs 22.15, 23.8 or later)';
      expect(refuse({ compression: "zstd" })).toThrow(
        invalid(`options.compression must be ${rule}, got 'zstd on ${process.version}'`),
      );
    } finally {
      spy.mockRestore();
    }
  });

  test.runIf("zstdCompressSync" in zlib)("is taken by a Node.js that has it", () => {
    expect(resolve({ compression: "zstd" }).compression).toEqual({
      algorithm: "zstd",
      threshold: 1_024,
      level: 3,
      isQuick: true,
    });
  });
});

describe("keys", () => {
  const text = SECRET.toString("base64");

  test.each<[string, Uint8Array | string]>([
    ["a Buffer", SECRET],
    ["a Uint8Array", new Uint8Array(SECRET)],
    ["base64", text],
  ])("may be %s", (_name, key) => {
    const { writer, keys, allowPlaintext } = resolve({ encryption: { keys: [{ id: 255, key }] } }).encryption ?? {};
    expect([writer?.id, writer?.key.export().toString("base64"), [...(keys ?? [])].length, allowPlaintext]).toEqual([
      255,
      text,
      1,
      false,
    ]);
  });

  test("are copied: whoever gave them may wipe them", () => {
    const key = Buffer.from(SECRET);
    const { encryption } = resolve({ encryption: { keys: [{ id: 1, key }] } });
    key.fill(0);
    expect(encryption?.writer.key.export().equals(SECRET)).toBe(true);
  });

  test("show in nothing that is printed of the settings", () => {
    const shown = inspect(resolve({ encryption: { keys: [{ id: 1, key: text }] } }), { depth: 9, showHidden: true });
    for (const secret of [text, SECRET.toString("hex"), inspect(SECRET).slice(8, 20)])
      expect(shown).not.toContain(secret);
  });

  const one = { id: 1, key: SECRET };
  const rule = "32 bytes, as a Uint8Array or 44 characters of base64";
  const at = "options.encryption";

  test.each<[unknown, string]>([
    [text, `${at} must be an object with keys and allowPlaintext, got a string of 44 characters`],
    [SECRET, `${at} must be an object with keys and allowPlaintext, got 32 bytes`],
    [[one], `${at} must be an object with keys and allowPlaintext, got an array of 1`],
    [null, `${at} must be an object with keys and allowPlaintext, got null`],
    [{}, `${at}.keys must be an array of at least one { id, key }, got undefined`],
    [{ keys: [] }, `${at}.keys must be an array of at least one { id, key }, got an array of 0`],
    [{ keys: text }, `${at}.keys must be an array of at least one { id, key }, got a string of 44 characters`],
    [{ keys: [one], key: text }, `${at} must hold known options only (keys, allowPlaintext)`],
    [{ keys: [text] }, `${at}.keys[0] must be an object with id and key, got a string of 44 characters`],
    [{ keys: [{ ...one, [text]: 1 }] }, `${at}.keys[0] must hold known options only (id, key)`],
    [{ keys: [{ ...one, id: 0 }] }, `${at}.keys[0].id must be a whole number from 1 to 255, got 0`],
    [{ keys: [{ ...one, id: 256 }] }, `${at}.keys[0].id must be a whole number from 1 to 255, got 256`],
    [{ keys: [{ ...one, id: 1.5 }] }, `${at}.keys[0].id must be a whole number from 1 to 255, got 1.5`],
    [
      { keys: [{ id: text, key: text }] },
      `${at}.keys[0].id must be a whole number from 1 to 255, got a string of 44 characters`,
    ],
    [{ keys: [one, { id: 1, key: Buffer.alloc(32) }] }, `${at}.keys[1].id must be one that no other key has, got 1`],
    [{ keys: [one, { id: 2, key: text }] }, `${at}.keys[1].key must be another than that of the key with id 1`],
    [{ keys: [{ id: 1, key: SECRET.subarray(1) }] }, `${at}.keys[0].key must be ${rule}, got 31 bytes`],
    [{ keys: [{ id: 1, key: Buffer.alloc(33) }] }, `${at}.keys[0].key must be ${rule}, got 33 bytes`],
    [{ keys: [{ id: 1, key: new Uint32Array(32) }] }, `${at}.keys[0].key must be ${rule}, got 128 bytes`],
    [
      { keys: [{ id: 1, key: SECRET.toString("hex") }] },
      `${at}.keys[0].key must be ${rule}, got a string of 64 characters`,
    ],
    [{ keys: [{ id: 1, key: text.slice(0, -1) }] }, `${at}.keys[0].key must be ${rule}, got a string of 43 characters`],
    [
      { keys: [{ id: 1, key: `${text.slice(0, -2)}!=` }] },
      `${at}.keys[0].key must be ${rule}, got a string of 44 characters`,
    ],
    [
      { keys: [{ id: 1, key: `${text.slice(0, -2)}/=` }] },
      `${at}.keys[0].key must be ${rule}, got a string of 44 characters`,
    ],
    [
      { keys: [{ id: 1, key: text.replaceAll("/", "_").replaceAll("+", "-").replace("=", " ") }] },
      `${at}.keys[0].key must be ${rule}, got a string of 44 characters`,
    ],
    [{ keys: [{ id: 1 }] }, `${at}.keys[0].key must be ${rule}, got undefined`],
    [{ keys: [one], allowPlaintext: 1 }, `${at}.allowPlaintext must be true or false, got 1`],
  ])("refused, number %#, without showing any of it", (encryption, message) => {
    expect(refuse({ encryption })).toThrow(invalid(message));
    try {
      resolve({ encryption } as PayloadOptions);
    } catch (error) {
      expect(error).toBeInstanceOf(CacheError);
      for (const secret of [text, text.slice(0, 20), SECRET.toString("hex").slice(0, 20), "0, 7, 14", "00 07 0e"])
        expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain(secret);
    }
  });
});
