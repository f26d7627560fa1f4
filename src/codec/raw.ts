// Values that are bytes already: stored as they are, without a codec.

import { types } from "../model/node-util.ts";
import { RAW_IDS } from "./frame-layout.ts";

/** The id under which a value is stored raw; `undefined` for a value that needs a codec. Subclasses need one. */
export function rawIdOf(value: unknown): number | undefined {
  if (!ArrayBuffer.isView(value) || types.isSharedArrayBuffer(value.buffer)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Buffer.prototype && types.isUint8Array(value)) return RAW_IDS.buffer;
  return prototype === Uint8Array.prototype ? RAW_IDS.uint8Array : undefined;
}

/** A copy that nobody else writes to. */
export function toRaw(value: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length);
  copy.set(value);
  return copy;
}

/** The value again; `undefined` when this is no id of raw bytes. On memory of its own, copied only where it is not. */
export function fromRaw(id: number, bytes: Uint8Array): Uint8Array | undefined {
  if (id !== RAW_IDS.buffer && id !== RAW_IDS.uint8Array) return undefined;
  const own = bytes.length === bytes.buffer.byteLength ? bytes : toRaw(bytes);
  return id === RAW_IDS.buffer ? Buffer.from(own.buffer) : new Uint8Array(own.buffer);
}
