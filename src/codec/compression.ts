// Compressed payloads: the id of what compressed them, how long they were, and the compressed bytes.

import type * as Zlib from "node:zlib";
import type { CompressionCodec } from "../contracts/codec.ts";
import type { BuiltInCompression, CompressionSettings } from "../model/compression-options.ts";
import { COMPRESSION_IDS } from "./frame-layout.ts";
import { PayloadDamage } from "./payload-damage.ts";

/** u8 id, u32 length. */
const HEADER_BYTES = 5;

/**
 * More than this is compressed, or decompressed, by another thread, which costs more in all and keeps the event loop
 * free: below, each takes less than half a millisecond at the usual level. A higher level may take a hundred times that.
 */
const COMPRESS_HERE_BYTES = 64 * 1_024;
const DECOMPRESS_HERE_BYTES = 256 * 1_024;

/** Sizes of the pieces that `node:zlib` puts its output together from. */
const MIN_PIECE_BYTES = 1_024;
const MAX_PIECE_BYTES = 1_024 * 1_024;

/** What compression makes of a payload; `undefined` where that is not smaller. */
export function compress(
  { algorithm, level, isQuick }: CompressionSettings,
  bytes: Uint8Array,
): Uint8Array | undefined | Promise<Uint8Array | undefined> {
  const isOwn = typeof algorithm === "object";
  const id = isOwn ? algorithm.id : COMPRESSION_IDS[algorithm];
  const settle = (compressed: Uint8Array): Uint8Array | undefined => wrap(id, bytes.length, compressed);
  try {
    const compressed = isOwn ? algorithm.compress(bytes) : compressBuiltIn(algorithm, level, bytes, isQuick);
    if (compressed instanceof Uint8Array) return settle(compressed);
    return Promise.resolve(compressed).then(settle).catch(giveUp);
  } catch {
    return giveUp();
  }
}

/**
 * What was compressed.
 * @param own the user's own algorithm
 * @param maxBytes what would be longer is not even begun
 * @throws PayloadDamage, or anything for bytes that `compress` did not make; or rejects with it
 */
export function decompress(
  payload: Uint8Array,
  own: CompressionCodec | undefined,
  maxBytes: number,
): Uint8Array | Promise<Uint8Array> {
  if (payload.length < HEADER_BYTES) throw new PayloadDamage("payload");
  const view = new DataView(payload.buffer, payload.byteOffset);
  const [id, length] = [view.getUint8(0), view.getUint32(1)];
  if (length > maxBytes) throw new PayloadDamage("too-large");
  if (length === 0) throw new PayloadDamage("payload");
  const compressed = payload.subarray(HEADER_BYTES);
  const bytes = id === own?.id ? own.decompress(compressed, length) : decompressBuiltIn(id, compressed, length);
  if (bytes instanceof Uint8Array) return assertLength(bytes, length);
  return Promise.resolve(bytes).then((all) => assertLength(all, length));
}

/** A payload that cannot be compressed can be stored. */
function giveUp(): undefined {
  return undefined;
}

function wrap(id: number, length: number, compressed: Uint8Array): Uint8Array | undefined {
  if (!(compressed instanceof Uint8Array) || compressed.length + HEADER_BYTES >= length) return undefined;
  const payload = Buffer.allocUnsafe(HEADER_BYTES + compressed.length);
  payload.writeUInt8(id, 0);
  payload.writeUInt32BE(length, 1);
  payload.set(compressed, HEADER_BYTES);
  return payload;
}

function assertLength(bytes: Uint8Array, length: number): Uint8Array {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) throw new PayloadDamage("payload");
  return bytes;
}

/** One direction of an algorithm: a function of `node:zlib`, which has a twin for this thread with `Sync` at the end. */
const FUNCTIONS = {
  brotli: ["brotliCompress", "brotliDecompress"],
  gzip: ["gzip", "gunzip"],
  deflate: ["deflate", "inflate"],
  // Since 22.15.
  zstd: ["zstdCompress", "zstdDecompress"],
} as const;

type Options = Zlib.BrotliOptions & Zlib.ZlibOptions;
type Here = (bytes: Uint8Array, options: Options) => Buffer;
type Elsewhere = (bytes: Uint8Array, options: Options, done: (error: Error | null, result: Buffer) => void) => void;

function compressBuiltIn(
  algorithm: BuiltInCompression,
  level: number,
  bytes: Uint8Array,
  isQuick: boolean,
): Uint8Array | Promise<Uint8Array> {
  const isHere = isQuick && bytes.length <= COMPRESS_HERE_BYTES;
  return run(FUNCTIONS[algorithm][0], isHere, bytes, levelOptions(algorithm, level, bytes.length));
}

/** With room for as many bytes as there have to be, and an end where there are more. */
function decompressBuiltIn(id: number, bytes: Uint8Array, length: number): Uint8Array | Promise<Uint8Array> {
  const [name] = Object.entries(COMPRESSION_IDS).find(([, known]) => known === id) ?? [];
  if (name === undefined) throw new PayloadDamage("unknown-compression");
  const chunkSize = Math.min(Math.max(length + 1, MIN_PIECE_BYTES), MAX_PIECE_BYTES);
  const options = { maxOutputLength: length, chunkSize };
  return run(FUNCTIONS[name as BuiltInCompression][1], length <= DECOMPRESS_HERE_BYTES, bytes, options);
}

function run(name: string, isHere: boolean, bytes: Uint8Array, options: Options): Uint8Array | Promise<Uint8Array> {
  const zlib = process.getBuiltinModule("node:zlib");
  const found: unknown = Reflect.get(zlib, isHere ? `${name}Sync` : name);
  if (typeof found !== "function") throw new PayloadDamage("unknown-compression");
  if (isHere) return (found as Here)(bytes, options);
  return new Promise((resolve, reject) => {
    (found as Elsewhere)(bytes, options, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

function levelOptions(algorithm: BuiltInCompression, level: number, length: number): Options {
  const { constants } = process.getBuiltinModule("node:zlib");
  switch (algorithm) {
    case "brotli":
      return { params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_SIZE_HINT]: length } };
    case "zstd":
      return { params: { [Reflect.get(constants, "ZSTD_c_compressionLevel") as number]: level } };
    default:
      return { level };
  }
}
