// The seam between live values and bytes.

/** Turns values into bytes and back. What it cannot carry unchanged it refuses. */
export interface Codec {
  /** Names the codec in every frame; 1 to 255, those below 64 are the library's own. */
  readonly id: number;
  readonly name: string;
  /** @throws CacheError `unserializable`, naming the path of what cannot be carried */
  encode(value: unknown): Uint8Array;
  /** The value that was encoded. @throws anything for bytes that `encode` did not make */
  decode(bytes: Uint8Array): unknown;
}
