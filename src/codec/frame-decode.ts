// Reads a frame back: everything about an entry, or why the bytes are worth nothing.

import type { SharedEpoch } from "../contracts/authority.ts";
import { asBuffer } from "../model/bytes.ts";
import { frameChecksum } from "./frame-encode.ts";
import {
  FRAME_FLAGS,
  FRAME_FORMAT,
  FRAME_MAGIC,
  FRAME_OFFSETS,
  instantsOf,
  versionOf,
  type Envelope,
  type Instants,
  type TagEpoch,
} from "./frame-layout.ts";

/** A whole frame of the key asked for. Whether its epochs still hold is for the caller to judge. */
export interface Frame {
  readonly kind: "frame";
  /** The full key. */
  readonly key: string;
  readonly envelope: Envelope;
  /** The codec that can decode the payload; the caller may not have it. */
  readonly codecId: number;
  readonly isCompressed: boolean;
  readonly isEncrypted: boolean;
  /** A view of the bytes that were read. */
  readonly payload: Uint8Array;
  /** All of the bytes that were read. */
  readonly bytes: Buffer;
}

/** Why bytes are no frame. */
export type DamageReason =
  /** They do not begin as a frame does: some other program wrote them. */
  | "foreign"
  /** Written by a release that knows more than this one: another format, or flags that mean nothing here. */
  | "unknown-format"
  /** The end is missing. */
  | "truncated"
  /** Not what was written, or written for another key. */
  | "checksum"
  /** The instants are out of order or range. */
  | "instants"
  /** The checksum is right and the content is not: a faulty writer. */
  | "malformed";

/** Bytes that are worth nothing: a miss. */
export interface Damage {
  readonly kind: "damaged";
  readonly reason: DamageReason;
}

/**
 * Reads a frame. Never throws, and never reads outside of `bytes`, whatever they are.
 * @param key the full key that the bytes were found under
 */
export function decodeFrame(key: string, bytes: Uint8Array): Frame | Damage {
  const frame = asBuffer(bytes);
  const reason = whatIsWrong(key, frame);
  if (reason !== undefined) return damaged(reason);
  const instants = instantsOf(frame);
  if (instants === undefined) return damaged("instants");
  const rootEnd = pairEnd(frame, FRAME_OFFSETS.texts);
  const namespaceEnd = rootEnd && pairEnd(frame, rootEnd);
  if (rootEnd === undefined || namespaceEnd === undefined) return damaged("malformed");
  const tagTexts: string[] = [];
  const tagCount = frame.readUInt16BE(FRAME_OFFSETS.tagCount);
  const payloadAt = tagCount === 0 ? namespaceEnd : readTexts(frame, namespaceEnd, TEXTS_PER_TAG * tagCount, tagTexts);
  const flags = frame[FRAME_OFFSETS.flags] as number;
  if (payloadAt === undefined) return damaged("malformed");
  const { root, namespace } = epochReader.read(frame, FRAME_OFFSETS.texts, namespaceEnd);
  return {
    kind: "frame",
    key,
    envelope: toEnvelope(frame, instants, root, namespace, tagTexts),
    codecId: frame[FRAME_OFFSETS.codecId] as number,
    isCompressed: (flags & compressed) !== 0,
    isEncrypted: (flags & encrypted) !== 0,
    payload: frame.subarray(payloadAt),
    bytes: frame,
  };
}

const { negative, compressed, encrypted } = FRAME_FLAGS;

/** Name, hard, soft. */
const TEXTS_PER_TAG = 3;

interface TwoEpochs {
  readonly root: SharedEpoch;
  readonly namespace: SharedEpoch;
}

/**
 * Reads the four texts of the epochs of root and namespace. Most frames that are read one after another have the same, which
 * it remembers: to compare takes a fraction of the time that reading the texts does.
 */
class EpochReader {
  #lastBytes = "";
  #last: TwoEpochs = { root: NO_EPOCH, namespace: NO_EPOCH };

  read(frame: Buffer, begin: number, end: number): TwoEpochs {
    const bytes = frame.toString("latin1", begin, end);
    if (bytes === this.#lastBytes) return this.#last;
    const texts: string[] = [];
    readTexts(frame, begin, 4, texts);
    const [rootHard, rootSoft, hard, soft] = texts as [string, string, string, string];
    this.#lastBytes = bytes;
    this.#last = { root: { hard: rootHard, soft: rootSoft }, namespace: { hard, soft } };
    return this.#last;
  }
}

const NO_EPOCH: SharedEpoch = { hard: "", soft: "" };
const epochReader = new EpochReader();

function damaged(reason: DamageReason): Damage {
  return { kind: "damaged", reason };
}

/** The checksum comes before all that it covers, but for what says that these bytes have one. */
function whatIsWrong(key: string, frame: Buffer): DamageReason | undefined {
  if (frame.length <= FRAME_OFFSETS.format) return "truncated";
  if (frame.readUInt16BE(FRAME_OFFSETS.magic) !== FRAME_MAGIC) return "foreign";
  if (frame[FRAME_OFFSETS.format] !== FRAME_FORMAT) return "unknown-format";
  if (frame.length < FRAME_OFFSETS.texts) return "truncated";
  if (frame.length < frame.readUInt32BE(FRAME_OFFSETS.byteLength)) return "truncated";
  if (frame.readUInt32BE(FRAME_OFFSETS.checksum) !== frameChecksum(key, frame)) return "checksum";
  // What some later release does to payloads must not be taken for what their codec wrote, so unknown bits are not ignored.
  const flags = frame.readUInt8(FRAME_OFFSETS.flags);
  const isKnown = (flags & ~(negative | compressed | encrypted)) === 0;
  const hasKey = frame[FRAME_OFFSETS.keyId] !== 0;
  return isKnown && hasKey === ((flags & encrypted) !== 0) ? undefined : "unknown-format";
}

/** Where two texts that begin at `begin` end; `undefined` when the frame ends before. */
function pairEnd(frame: Buffer, begin: number): number | undefined {
  const second = textEnd(frame, begin);
  return second && textEnd(frame, second);
}

function textEnd(frame: Buffer, begin: number): number | undefined {
  if (begin + 2 > frame.length) return undefined;
  const end = begin + 2 + frame.readUInt16BE(begin);
  return end > frame.length ? undefined : end;
}

/** Reads texts one after another into `texts`. Answers where they end; `undefined` when the frame ends before. */
function readTexts(frame: Buffer, from: number, count: number, texts: string[]): number | undefined {
  let end = from;
  while (texts.length < count) {
    const begin = end + 2;
    if (begin > frame.length) return undefined;
    end = begin + frame.readUInt16BE(end);
    if (end > frame.length) return undefined;
    texts.push(frame.toString("utf8", begin, end));
  }
  return end;
}

/** Member by member: spreading the parts took longer than all the rest of decoding. */
function toEnvelope(
  frame: Buffer,
  instants: Instants,
  rootEpoch: SharedEpoch,
  namespaceEpoch: SharedEpoch,
  texts: readonly string[],
): Envelope {
  const tags: TagEpoch[] = [];
  for (let at = 0; at < texts.length; at += TEXTS_PER_TAG)
    tags.push({ name: texts[at] as string, hard: texts[at + 1] as string, soft: texts[at + 2] as string });
  return {
    createdAt: instants.createdAt,
    freshUntil: instants.freshUntil,
    staleUntil: instants.staleUntil,
    errorUntil: instants.errorUntil,
    version: versionOf(frame),
    loadMs: frame.readUInt32BE(FRAME_OFFSETS.loadMs),
    negative: ((frame[FRAME_OFFSETS.flags] as number) & negative) !== 0,
    rootEpoch,
    namespaceEpoch,
    tags,
  };
}
