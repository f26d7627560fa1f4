// The stream that undici writes a response's body to. It keeps a copy, or nothing at all; and it never fails.

import { Writable } from "node:stream";

/** What a body has to be like, and who gets it. */
export interface CaptureOptions {
  /** Longest body in bytes. */
  readonly maxBytes: number;
  /** How many bytes the headers promise; `undefined` when they do not. */
  readonly promisedBytes: number | undefined;
  /** Is given the whole body when it has come to its end. Must not throw. */
  readonly onWhole: (body: Buffer) => void;
}

/**
 * A stream that hands on the body if all of it came, neither more nor less than was promised, and no more than is allowed. A
 * body that is too long is read to its end and dropped. `destroy`, with or without an error, drops it as well. There is no `error` event:
 * undici would end all that is stored for the URL, although nothing is wrong with it.
 */
export class BodyCapture extends Writable {
  readonly #options: CaptureOptions;
  /** `undefined` once it is clear that nothing will be handed on. */
  #chunks: Buffer[] | undefined = [];
  #bytes = 0;

  constructor(options: CaptureOptions) {
    // All is taken at once: undici need not pause the connection for it.
    super({ highWaterMark: 2 ** 31, decodeStrings: true });
    this.#options = options;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#options.maxBytes) this.#chunks = undefined;
    // A copy: the caller is given the same bytes, and may do with them what he likes.
    this.#chunks?.push(Buffer.from(chunk));
    callback();
  }

  override _final(callback: () => void): void {
    const { promisedBytes = this.#bytes, onWhole } = this.#options;
    if (this.#chunks !== undefined && this.#bytes === promisedBytes) onWhole(Buffer.concat(this.#chunks));
    this.#chunks = undefined;
    callback();
  }

  override _destroy(_error: Error | null, callback: (error: null) => void): void {
    this.#chunks = undefined;
    callback(null);
  }
}
