// Makes a frame: the bytes of an entry.

import type { crc32 as Crc32 } from "node:zlib";
import { badInput } from "../errors.ts";
import { FRAME_FLAGS, FRAME_FORMAT, FRAME_MAGIC, FRAME_OFFSETS, writeInstants, type Envelope } from "./frame-layout.ts";

const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;
const VERSION_BYTES = 8;

/** What encrypts payloads. */
export interface Seal {
  /** 1 to 255. */
  readonly keyId: number;
  /** How many bytes longer it makes a payload. */
  readonly extraBytes: number;
  /** Writes a payload, encrypted, into its frame, which is complete but for the instants and the checksum. */
  seal(key: string, frame: Buffer, payloadAt: number, payload: Uint8Array): void;
}

/**
 * The bytes of an entry, for one key.
 * @param key the full key; the frame is damaged under any other
 * @param codecId `id` of the codec that made the payload
 * @param isCompressed whether the payload is what compression made of what the codec made
 * @param seal encrypts it on the way
 * @param room so many bytes before the payload, in its buffer, may be written to: where they are enough, it is not copied
 * @throws CacheError `invalid_argument` for what has no room: a text above 65,535 bytes, more tags than that, a version
 * that is not 16 hexadecimal digits
 */
export function encodeFrame(
  key: string,
  envelope: Envelope,
  codecId: number,
  payload: Uint8Array,
  isCompressed = false,
  seal?: Seal,
  room = 0,
): Uint8Array {
  const head = headWriter.bytesOf(envelope);
  const tags = envelope.tags.length === 0 ? NO_BYTES : bytesOf(tagTextsOf(envelope));
  const payloadAt = head.length + tags.length;
  const isInPlace = seal === undefined && payloadAt <= room;
  const length = payloadAt + payload.length + (seal?.extraBytes ?? 0);
  const frame = isInPlace
    ? Buffer.from(payload.buffer, payload.byteOffset - payloadAt, length)
    : Buffer.allocUnsafe(length);
  frame.set(head);
  writeHeader(frame, envelope, codecId, isCompressed, seal?.keyId ?? 0);
  if (tags.length > 0) frame.set(tags, head.length);
  if (seal !== undefined) seal.seal(key, frame, payloadAt, payload);
  else if (!isInPlace) frame.set(payload, payloadAt);
  frame.writeUInt32BE(frameChecksum(key, frame), FRAME_OFFSETS.checksum);
  return frame;
}

/** Loaded with the first frame: a cache in memory alone needs none. */
let crc32: typeof Crc32 | undefined;

/** CRC-32 (IEEE 802.3) of all that must not change: the instants may, and the checksum cannot hold itself. */
export function frameChecksum(key: string, frame: Uint8Array): number {
  crc32 ??= process.getBuiltinModule("node:zlib").crc32;
  // A call into the engine costs more than a few bytes do here.
  let begin = ofAscii(key) ?? crc32(key);
  for (let at = 0; at < FRAME_OFFSETS.createdAt; at++) begin = withByte(begin, frame[at] as number);
  return crc32(frame.subarray(FRAME_OFFSETS.byteLength), begin);
}

/** Remainders of single bytes, by the reversed polynomial of CRC-32. */
const REMAINDERS: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++)
    remainder = (remainder & 1) === 0 ? remainder >>> 1 : 0xedb88320 ^ (remainder >>> 1);
  return remainder;
});

function withByte(crc: number, byte: number): number {
  return ~((REMAINDERS[(~crc ^ byte) & 0xff] as number) ^ (~crc >>> 8)) >>> 0;
}

/** The CRC-32 of a text of ASCII; `undefined` for any other. */
function ofAscii(text: string): number | undefined {
  let crc = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return undefined;
    crc = withByte(crc, code);
  }
  return crc;
}

/**
 * Makes the beginning of a frame, to the end of the epochs of root and namespace. Most frames that are made one after another have
 * the same epochs, for which it remembers it: writing texts takes as long as all the rest of the header.
 */
class HeadWriter {
  #last: readonly string[] = [];
  #bytes: Buffer = NO_BYTES;

  bytesOf({ rootEpoch, namespaceEpoch }: Envelope): Buffer {
    const [rootHard, rootSoft, hard, soft] = this.#last;
    const isRootSame = rootEpoch.hard === rootHard && rootEpoch.soft === rootSoft;
    if (isRootSame && namespaceEpoch.hard === hard && namespaceEpoch.soft === soft) return this.#bytes;
    const texts = [rootEpoch.hard, rootEpoch.soft, namespaceEpoch.hard, namespaceEpoch.soft];
    const bytes = Buffer.concat([EMPTY_HEADER, bytesOf(texts)]);
    this.#bytes = bytes;
    this.#last = texts;
    return bytes;
  }
}

const NO_BYTES = Buffer.alloc(0);
/** What is the same in all frames; the rest is 0. */
const EMPTY_HEADER = Buffer.alloc(FRAME_OFFSETS.texts);
EMPTY_HEADER.writeUInt16BE(FRAME_MAGIC, FRAME_OFFSETS.magic);
EMPTY_HEADER.writeUInt8(FRAME_FORMAT, FRAME_OFFSETS.format);
const headWriter = new HeadWriter();

/** Name, hard and soft of each tag, in the order of the frame. */
function tagTextsOf({ tags }: Envelope): string[] {
  return tags.flatMap(({ name, hard, soft }) => [name, hard, soft]);
}

/** Texts as they are in a frame, each behind its length. */
function bytesOf(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => checkLength(text));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 2 + length, 0));
  let end = 0;
  for (const [index, text] of texts.entries()) {
    end = bytes.writeUInt16BE(lengths[index] as number, end);
    end += bytes.write(text, end, "utf8");
  }
  return bytes;
}

function checkLength(text: string): number {
  const length = Buffer.byteLength(text);
  if (length > MAX_U16) throw badInput("invalid_argument", "texts of an envelope", "at most 65535 bytes long", text);
  return length;
}

/** Into one that begins as all do. */
function writeHeader(frame: Buffer, envelope: Envelope, codecId: number, isCompressed: boolean, keyId: number): void {
  const { tags, version, loadMs, negative } = envelope;
  if (tags.length > MAX_U16) throw badInput("invalid_argument", "tags.length", "at most 65535", tags.length);
  const encryptedFlag = keyId === 0 ? 0 : FRAME_FLAGS.encrypted;
  const compressedFlag = isCompressed ? FRAME_FLAGS.compressed : 0;
  frame[FRAME_OFFSETS.flags] = (negative ? FRAME_FLAGS.negative : 0) | compressedFlag | encryptedFlag;
  frame[FRAME_OFFSETS.codecId] = codecId;
  frame[FRAME_OFFSETS.keyId] = keyId;
  if (tags.length > 0) frame.writeUInt16BE(tags.length, FRAME_OFFSETS.tagCount);
  // Most often an authority will write them.
  if (envelope.errorUntil !== 0) writeInstants(frame, envelope);
  frame.writeUInt32BE(frame.length, FRAME_OFFSETS.byteLength);
  writeVersion(frame, version);
  if (loadMs > 0) frame.writeUInt32BE(Math.min(Math.round(loadMs), MAX_U32), FRAME_OFFSETS.loadMs);
}

/** By hand: a call into the engine costs more than eight bytes do here. */
function writeVersion(frame: Buffer, version: string): void {
  if (version.length !== 2 * VERSION_BYTES) throw badVersion(version);
  for (let at = 0; at < VERSION_BYTES; at++) {
    const byte = (digitOf(version.charCodeAt(2 * at)) << 4) | digitOf(version.charCodeAt(2 * at + 1));
    if (byte < 0) throw badVersion(version);
    frame[FRAME_OFFSETS.version + at] = byte;
  }
}

/** The value of a hexadecimal digit in lower case, by its code; -1 for anything else. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}

function badVersion(version: string): Error {
  return badInput("invalid_argument", "version", "16 hexadecimal digits", version);
}
