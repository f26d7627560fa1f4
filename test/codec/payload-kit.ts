// Values on their way through a coder and a frame, as between two processes.

import { decodeFrame } from "../../src/codec/frame-decode.ts";
import { encodeFrame, frameChecksum } from "../../src/codec/frame-encode.ts";
import { FRAME_OFFSETS } from "../../src/codec/frame-layout.ts";
import { PayloadCoder } from "../../src/codec/payload.ts";
import { damageOf } from "../../src/codec/payload-damage.ts";
import type { FrameDamage } from "../../src/model/event.ts";
import { resolvePayload, type PayloadOptions } from "../../src/model/payload-options.ts";
import { envelopeWith } from "./envelopes.ts";

/** The full key of all that these functions write. */
export const KEY = "shop:v:{products:4711}";

/** What encrypts, in tests. */
export const SECRET: Buffer = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7));
export const OTHER_SECRET: Buffer = Buffer.alloc(32, "other");

/** A coder told this. */
export function coderOf(options: PayloadOptions = {}): PayloadCoder {
  return new PayloadCoder(resolvePayload(options, "options"));
}

/** The frame of a value. */
export async function write(coder: PayloadCoder, value: unknown, key: string = KEY): Promise<Buffer> {
  const { codecId, bytes, isCompressed } = await coder.encode(value);
  const envelope = envelopeWith({ tags: [{ name: "shoes", hard: "1-a", soft: "0" }] });
  return Buffer.from(encodeFrame(key, envelope, codecId, bytes, isCompressed, coder.seal));
}

/** The value of a frame. Rejects with what the coder throws, or the reason why it is no frame. */
export async function read(coder: PayloadCoder, bytes: Uint8Array, key: string = KEY): Promise<unknown> {
  const frame = decodeFrame(key, bytes);
  if (frame.kind === "damaged") throw new Error(frame.reason);
  return await coder.decode(frame);
}

/** Why a frame is a miss; `undefined` when it is none. */
export async function damageIn(
  coder: PayloadCoder,
  bytes: Uint8Array,
  key: string = KEY,
): Promise<FrameDamage | undefined> {
  const frame = decodeFrame(key, bytes);
  if (frame.kind === "damaged") return frame.reason;
  try {
    await coder.decode(frame);
    return undefined;
  } catch (error) {
    return damageOf(error);
  }
}

/** A frame changed by somebody who knows how to make the checksum right again. */
export function forged(frame: Uint8Array, change: (copy: Buffer) => void, key: string = KEY): Buffer {
  const copy = Buffer.from(frame);
  change(copy);
  copy.writeUInt32BE(frameChecksum(key, copy), FRAME_OFFSETS.checksum);
  return copy;
}

/** Where the payload of these frames begins: the lengths of the texts are those of `write`. */
export function payloadAt(frame: Uint8Array, key: string = KEY): number {
  const decoded = decodeFrame(key, frame);
  if (decoded.kind === "damaged") throw new Error(decoded.reason);
  return frame.length - decoded.payload.length;
}
