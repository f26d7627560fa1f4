// What a tier of copies holds under a key: a frame, and what says when and by whom the copy was made.

import { asBuffer } from "../model/bytes.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { Tick } from "../model/epoch.ts";

/** A copy as it is stored. */
export interface CopyRecord {
  /** Eight random bytes, as text: of the process that made it. */
  readonly run: string;
  /** By the epoch table of that process. */
  readonly asOf: Tick;
  /** The authority's clock minus the system clock of the host: for when the authority cannot be asked for its time. */
  readonly offsetMs: Milliseconds;
  /** A view of the bytes that were read. */
  readonly frame: Buffer;
}

/** `FC`, and the format. */
const MAGIC = 0x464301;
const OFFSETS = { magic: 0, run: 3, asOf: 11, offsetMs: 19, frame: 27 } as const;

/** The bytes of a copy. */
export function encodeRecord(run: string, asOf: Tick, offsetMs: Milliseconds, frame: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(OFFSETS.frame + frame.length);
  bytes.writeUIntBE(MAGIC, OFFSETS.magic, 3);
  bytes.write(run, OFFSETS.run, "hex");
  bytes.writeDoubleBE(asOf, OFFSETS.asOf);
  bytes.writeDoubleBE(offsetMs, OFFSETS.offsetMs);
  bytes.set(frame, OFFSETS.frame);
  return bytes;
}

/** A copy, or `undefined` for anything else. */
export function decodeRecord(given: Uint8Array): CopyRecord | undefined {
  const bytes = asBuffer(given);
  if (bytes.length < OFFSETS.frame || bytes.readUIntBE(OFFSETS.magic, 3) !== MAGIC) return undefined;
  return {
    run: bytes.toString("hex", OFFSETS.run, OFFSETS.asOf),
    asOf: bytes.readDoubleBE(OFFSETS.asOf),
    offsetMs: bytes.readDoubleBE(OFFSETS.offsetMs),
    frame: bytes.subarray(OFFSETS.frame),
  };
}
