// How values become bytes in a tier, as users say it: the options that all tiers of bytes have in common, and their checks.

import type { Codec, CompressionCodec, ExtensibleCodec } from "../contracts/codec.ts";
import { badInput } from "../errors.ts";
import { checkInteger } from "./check.ts";
import {
  checkFreeId,
  resolveCompression,
  type BuiltInCompression,
  type CompressionOptions,
  type CompressionSettings,
} from "./compression-options.ts";
import { resolveEncryption, type EncryptionOptions, type EncryptionSettings } from "./encryption-options.ts";

/** The codecs that need only be named. */
export type BuiltInCodec = "msgpack" | "json" | "v8";

/** The ids by which frames name these. */
export const CODEC_IDS: Readonly<Record<BuiltInCodec, number>> = { msgpack: 1, json: 2, v8: 3 };

/** A codec: one that need only be named, one of `freshtier/codec`, or one of your own. */
export type CodecOption = BuiltInCodec | ExtensibleCodec | Codec;

/** How values become bytes in a tier. */
export interface PayloadOptions {
  /**
   * What writes values. What the built-in codecs have written is read whatever stands here. A Buffer or `Uint8Array` that
   * is the whole value is stored as it is by all of them. Default `"msgpack"`.
   */
  readonly codec?: CodecOption | undefined;
  /** Compresses values above a threshold, where that makes them smaller. Default: none. */
  readonly compression?: BuiltInCompression | CompressionOptions | CompressionCodec | undefined;
  /** Encrypts values with AES-256-GCM. Keys, namespaces and tags are not encrypted. Default: none. */
  readonly encryption?: EncryptionOptions | undefined;
  /**
   * Most bytes that a compressed value may come to: what would be larger is stored uncompressed, and not read. Default
   * 67108864, 64 MiB.
   */
  readonly maxDecompressedBytes?: number | undefined;
}

/** How values become bytes in a tier, checked and complete. */
export interface PayloadSettings {
  readonly codec: BuiltInCodec | Codec;
  readonly compression: CompressionSettings | undefined;
  readonly encryption: EncryptionSettings | undefined;
  readonly maxDecompressedBytes: number;
}

/** The names of these options. */
export const PAYLOAD_NAMES: readonly (keyof PayloadOptions)[] = [
  "codec",
  "compression",
  "encryption",
  "maxDecompressedBytes",
];

/** What holds where nothing is said. */
export const DEFAULT_PAYLOAD: PayloadSettings = Object.freeze({
  codec: "msgpack",
  compression: undefined,
  encryption: undefined,
  maxDecompressedBytes: 64 * 1024 * 1024,
});

const NAMES = Object.keys(CODEC_IDS);
const IDS: readonly number[] = Object.values(CODEC_IDS);

/** Whether a codec with this id comes with the library. */
export function isBuiltInId(id: number): boolean {
  return IDS.includes(id);
}

/** Checks them. @throws CacheError `invalid_option`; no message holds anything of a key */
export function resolvePayload(options: PayloadOptions, field: string): PayloadSettings {
  const { maxDecompressedBytes: most } = DEFAULT_PAYLOAD;
  const max = checkInteger(options.maxDecompressedBytes, 1, most, `${field}.maxDecompressedBytes`);
  return Object.freeze({
    codec: checkCodec(options.codec, DEFAULT_PAYLOAD.codec, `${field}.codec`),
    compression: resolveCompression(options.compression, `${field}.compression`),
    encryption: resolveEncryption(options.encryption, `${field}.encryption`),
    maxDecompressedBytes: max,
  });
}

/** A codec; `fallback` for `undefined`. @throws CacheError `invalid_option` */
export function checkCodec<F>(codec: unknown, fallback: F, field: string): BuiltInCodec | Codec | F {
  if (codec === undefined) return fallback;
  if (NAMES.includes(codec as BuiltInCodec)) return codec as BuiltInCodec;
  if (!isCodec(codec)) {
    const names = NAMES.map((name) => `"${name}"`).join(", ");
    throw badInput("invalid_option", field, `${names} or an object with id, name, encode and decode`, codec);
  }
  // Those of the library have ids that nobody else may have.
  if (!("extend" in codec) || !isBuiltInId(codec.id)) checkFreeId(codec.id, `${field}.id`);
  return codec;
}

function isCodec(value: unknown): value is Codec {
  if (typeof value !== "object" || value === null) return false;
  const { name, encode, decode } = value as Partial<Codec>;
  return typeof name === "string" && typeof encode === "function" && typeof decode === "function";
}
