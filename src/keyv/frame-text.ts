// Frames as text, which every storage adapter can carry; and the few fields of a frame that an authority has to know.

import { asBuffer } from "../model/bytes.ts";
import type { FrameLayout } from "../contracts/frame.ts";
import type { Instant } from "../model/duration.ts";

/** Begins every text: `ft1:`, then the end of its life by the writer's clock, or nothing, then the bytes in Base64. */
const MARK = "ft1:";

/** What stands for a value that no tier has written: bytes that are no frame. */
const FOREIGN: Uint8Array = Buffer.from("a value of another program");

/** What a store holds under a key. */
export interface Held {
  readonly bytes: Uint8Array;
  readonly endsAt: Instant;
}

/** Most adapters leave it to Keyv to end what has expired; so the text says when that is. */
export function toText(frame: Uint8Array, endsAt: Instant): string {
  const bytes = asBuffer(frame);
  return `${MARK}${endsAt === Infinity ? "" : endsAt}:${bytes.toString("base64")}`;
}

/** What a store has answered; `undefined` where there is nothing any more. What is foreign is for others to judge. */
export function readText(answer: unknown, now: Instant): Held | undefined {
  if (answer === undefined || answer === null) return undefined;
  const text = answer instanceof Uint8Array ? Buffer.from(answer).toString() : answer;
  if (typeof text !== "string") return { bytes: FOREIGN, endsAt: Infinity };
  const end = text.indexOf(":", MARK.length);
  const endsAt = endOf(text.slice(MARK.length, end));
  if (!text.startsWith(MARK) || end < 0 || Number.isNaN(endsAt)) return { bytes: Buffer.from(text), endsAt: Infinity };
  return now < endsAt ? { bytes: Buffer.from(text.slice(end + 1), "base64"), endsAt } : undefined;
}

function endOf(text: string): Instant {
  return text === "" ? Infinity : Number(text);
}

/** The version of a frame; `undefined` for what is none. */
export function versionOf(layout: FrameLayout, frame: Uint8Array | undefined): string | undefined {
  const { magic, headerBytes, versionOffset } = layout;
  const isFrame =
    frame !== undefined && frame.length >= headerBytes && magic.every((byte, index) => frame[index] === byte);
  return isFrame ? Buffer.from(frame).toString("hex", versionOffset, versionOffset + 8) : undefined;
}

/** `createdAt`, `freshUntil`, `staleUntil` and `errorUntil` of a frame. */
export function readInstants({ instantsOffset }: FrameLayout, frame: Uint8Array): Instant[] {
  const view = new DataView(frame.buffer, frame.byteOffset + instantsOffset);
  return [0, 8, 16, 24].map((at) => view.getFloat64(at));
}

/** A copy of a frame with these instants, or as many of the four as are given. */
export function withInstants(
  { instantsOffset }: FrameLayout,
  frame: Uint8Array,
  instants: readonly Instant[],
): Uint8Array {
  const copy = Uint8Array.from(frame);
  const view = new DataView(copy.buffer, instantsOffset);
  for (const [index, instant] of instants.entries()) view.setFloat64(8 * index, instant);
  return copy;
}
