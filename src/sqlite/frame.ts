// What the authority does with the bytes of a frame: finds its version, and writes its instants.

import type { FrameLayout } from "../contracts/frame.ts";
import type { Instant } from "../model/duration.ts";

const VERSION_BYTES = 8;

/** Whether bytes, or the beginning of them, are those of a frame. */
export function isFrame(bytes: Uint8Array, { magic, headerBytes }: FrameLayout): boolean {
  return bytes.length >= headerBytes && magic.every((byte, index) => bytes[index] === byte);
}

/** The version of a frame as text; `undefined` for nothing, and for bytes that are no frame. */
export function versionOf(bytes: Uint8Array | undefined, layout: FrameLayout): string | undefined {
  if (bytes === undefined || !isFrame(bytes, layout)) return undefined;
  const { versionOffset } = layout;
  return Buffer.from(bytes.buffer, bytes.byteOffset + versionOffset, VERSION_BYTES).toString("hex");
}

/** Reads the instants of a frame. */
export function readInstants(frame: Uint8Array, { instantsOffset }: FrameLayout): readonly [Instant, Instant] {
  const view = viewOf(frame);
  return [view.getFloat64(instantsOffset), view.getFloat64(instantsOffset + 8)];
}

/** Writes as many of its instants as are given, in their order, into the frame itself. */
export function writeInstants(frame: Uint8Array, { instantsOffset }: FrameLayout, instants: readonly Instant[]): void {
  const view = viewOf(frame);
  for (const [index, instant] of instants.entries()) view.setFloat64(instantsOffset + 8 * index, instant);
}

function viewOf(frame: Uint8Array): DataView {
  return new DataView(frame.buffer, frame.byteOffset, frame.length);
}
