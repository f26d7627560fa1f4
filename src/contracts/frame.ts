// What an authority must know of a frame to write its instants and to tell its version: where they lie.

/**
 * Places in the header of a frame, in bytes from its start. An authority writes the four instants when it stores a
 * frame, by its own clock; everything else in a frame is opaque to it.
 */
export interface FrameLayout {
  /** What every frame of this format begins with. Bytes that do not begin so are no frame: they have no version. */
  readonly magic: Uint8Array;
  /** Length of the part that every frame has. What is shorter is no frame either. */
  readonly headerBytes: number;
  /** Of `createdAt`, `freshUntil`, `staleUntil` and `errorUntil`: four big-endian doubles in a row, in milliseconds. */
  readonly instantsOffset: number;
  /** Of the version: eight bytes, written as sixteen lower-case hexadecimal digits wherever it is text. */
  readonly versionOffset: number;
}
