// The layout of a frame: where each field lies, what an envelope holds, and what can be read without decoding it.

import type { SharedEpoch } from "../contracts/authority.ts";
import type { FrameLayout } from "../contracts/frame.ts";
import { asBuffer } from "../model/bytes.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Spans } from "../model/policy.ts";

/** The format that this release writes, and the only one it reads. */
export const FRAME_FORMAT = 1;

/** First bytes of every frame: `FT`. */
export const FRAME_MAGIC = 0x4654;

/**
 * Where the fields of the fixed header begin, in bytes from 0. All numbers are big-endian. Scripts inside a server write
 * `createdAt` to `errorUntil`, which the checksum leaves out, read `version`, and touch nothing else.
 */
export const FRAME_OFFSETS = {
  /** u16, {@link FRAME_MAGIC}. */
  magic: 0,
  /** u8, {@link FRAME_FORMAT}. */
  format: 2,
  /** u8, {@link FRAME_FLAGS}. */
  flags: 3,
  /** u8, the `id` of the codec that wrote the payload, or one of those for raw bytes. */
  codecId: 4,
  /** u8, the encryption key; 0: none. */
  keyId: 5,
  /** u16, how many tags there are. */
  tagCount: 6,
  /** f64, milliseconds since the Unix epoch by the authority's clock, as are the next three. */
  createdAt: 8,
  /** f64, possibly `Infinity`. */
  freshUntil: 16,
  /** f64, possibly `Infinity`. */
  staleUntil: 24,
  /** f64, possibly `Infinity`. */
  errorUntil: 32,
  /** u32, CRC-32 of the key, of all before the instants, and of all after this field. */
  checksum: 40,
  /** u32, length of the whole frame. */
  byteLength: 44,
  /** 8 random bytes. */
  version: 48,
  /** u32, milliseconds. */
  loadMs: 56,
  /** The first text: epochs of root and namespace (each hard, soft), then per tag its name, hard, soft. Then payload. */
  texts: 60,
} as const;

/** What an authority is told of frames, so that its scripts can write the instants and compare versions. */
export const FRAME_LAYOUT: FrameLayout = {
  magic: Uint8Array.of(FRAME_MAGIC >> 8, FRAME_MAGIC & 0xff, FRAME_FORMAT),
  headerBytes: FRAME_OFFSETS.texts,
  instantsOffset: FRAME_OFFSETS.createdAt,
  versionOffset: FRAME_OFFSETS.version,
};

/** Bits of the flags. */
export const FRAME_FLAGS = {
  /** The value says that there is nothing: `negativeTtl` applied. */
  negative: 1,
  /** What the codec made has been compressed. */
  compressed: 2,
  /** What the codec made, and perhaps compression, has been encrypted with the key of that id. */
  encrypted: 4,
} as const;

/** In place of a codec's, which is none of these (`CODEC_IDS`): the payload is nothing but the bytes of the value. */
export const RAW_IDS = {
  buffer: 4,
  uint8Array: 5,
} as const;

/** Ids of the compression that needs only be named. */
export const COMPRESSION_IDS = {
  brotli: 1,
  gzip: 2,
  deflate: 3,
  zstd: 4,
} as const;

/** The four instants of an entry, never decreasing. Only `createdAt` has to be finite. */
export interface Instants {
  readonly createdAt: Instant;
  readonly freshUntil: Instant;
  readonly staleUntil: Instant;
  readonly errorUntil: Instant;
}

/** A tag, and its epoch when the value was made. */
export interface TagEpoch extends SharedEpoch {
  readonly name: string;
}

/** What a frame says about its value. */
export interface Envelope extends Instants {
  /** 8 random bytes as 16 hexadecimal digits in lower case. */
  readonly version: string;
  /** How long the refresh took that made the value; 0 where it was `set`. Stored as a whole number below 2^32. */
  readonly loadMs: Milliseconds;
  /** Whether the value says that there is nothing. */
  readonly negative: boolean;
  readonly rootEpoch: SharedEpoch;
  readonly namespaceEpoch: SharedEpoch;
  readonly tags: readonly TagEpoch[];
}

/** The spans of an entry with these instants: whoever's clock they are by, lengths are the same. */
export function spansIn({ createdAt, freshUntil, staleUntil, errorUntil }: Instants): Spans {
  return { freshMs: freshUntil - createdAt, staleMs: staleUntil - createdAt, errorMs: errorUntil - createdAt };
}

/** The instants of a frame, without decoding or checking the rest; `undefined` when it cannot be used for anything. */
export function readInstants(bytes: Uint8Array): Instants | undefined {
  return hasHeader(bytes) ? instantsOf(asBuffer(bytes)) : undefined;
}

/** The same of bytes that are known to begin with a header. */
export function instantsOf(frame: Buffer): Instants | undefined {
  const createdAt = frame.readDoubleBE(FRAME_OFFSETS.createdAt);
  const freshUntil = frame.readDoubleBE(FRAME_OFFSETS.freshUntil);
  const staleUntil = frame.readDoubleBE(FRAME_OFFSETS.staleUntil);
  const errorUntil = frame.readDoubleBE(FRAME_OFFSETS.errorUntil);
  const instants = { createdAt, freshUntil, staleUntil, errorUntil };
  return areInOrder(instants) ? instants : undefined;
}

/** The version of a frame, without decoding or checking the rest; `undefined` when it is no frame of this format. */
export function readVersion(bytes: Uint8Array): string | undefined {
  return hasHeader(bytes) ? versionOf(asBuffer(bytes)) : undefined;
}

/** The same of bytes that are known to begin with a header. */
export function versionOf(frame: Buffer): string {
  return frame.toString("hex", FRAME_OFFSETS.version, FRAME_OFFSETS.loadMs);
}

/** Writes the instants into a frame, in place, as an authority does by its own clock. They are not in the checksum. */
export function writeInstants(frame: Uint8Array, instants: Instants): void {
  const buffer = asBuffer(frame);
  buffer.writeDoubleBE(instants.createdAt, FRAME_OFFSETS.createdAt);
  buffer.writeDoubleBE(instants.freshUntil, FRAME_OFFSETS.freshUntil);
  buffer.writeDoubleBE(instants.staleUntil, FRAME_OFFSETS.staleUntil);
  buffer.writeDoubleBE(instants.errorUntil, FRAME_OFFSETS.errorUntil);
}

function hasHeader(bytes: Uint8Array): boolean {
  const { magic, headerBytes } = FRAME_LAYOUT;
  return bytes.length >= headerBytes && magic.every((byte, index) => bytes[index] === byte);
}

/** The last instant that a `Date` can hold. */
const LAST_INSTANT: Instant = 8.64e15;

/** Comparisons with `NaN` are false. */
function areInOrder({ createdAt, freshUntil, staleUntil, errorUntil }: Instants): boolean {
  const isCreated = createdAt >= 0 && createdAt <= LAST_INSTANT;
  return isCreated && createdAt <= freshUntil && freshUntil <= staleUntil && staleUntil <= errorUntil;
}
