// What the authority does with the bytes of a frame: finds its version, and writes its instants.

import type { FrameLayout } from "../contracts/frame.ts";
import { asBuffer } from "../model/bytes.ts";
import type { Instant } from "../model/duration.ts";

const VERSION_BYTES = 8;

/** Whether bytes, or the beginning of them, are those of a frame. */
export function isFrame(bytes: Uint8Array, { magic, headerBytes }: FrameLayout): boolean {
  if (bytes.length < headerBytes) return false;
  for (let at = 0; at < magic.length; at++) if (bytes[at] !== magic[at]) return false;
  return true;
}

/** The version of a frame as text; `undefined` for nothing, and for bytes that are no frame. */
export function versionOf(bytes: Uint8Array | undefined, layout: FrameLayout): string | undefined {
  if (bytes === undefined || !isFrame(bytes, layout)) return undefined;
  const { versionOffset } = layout;
  return asBuffer(bytes).toString("hex", versionOffset, versionOffset + VERSION_BYTES);
}

/** Reads the instants of a frame. */
export function readInstants(frame: Uint8Array, { instantsOffset }: FrameLayout): readonly [Instant, Instant] {
  const buffer = asBuffer(frame);
  return [buffer.readDoubleBE(instantsOffset), buffer.readDoubleBE(instantsOffset + 8)];
}

/** Writes as many of its instants as are given, in their order, into the frame itself. */
export function writeInstants(frame: Uint8Array, { instantsOffset }: FrameLayout, instants: readonly Instant[]): void {
  const buffer = asBuffer(frame);
  let at = instantsOffset;
  for (const instant of instants) at = buffer.writeDoubleBE(instant, at);
}
