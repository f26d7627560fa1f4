// The body of a captured response: what the handler writes goes where it is read from, as fast as it is read.

import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";

type Callback = (error?: Error | null) => void;

/** Takes the place of the ways to a socket that a ServerResponse has. */
export class CapturedBody {
  readonly stream: PassThrough = new PassThrough();
  /** The handler has destroyed its response. */
  onDestroy: (reason: Error) => void = () => undefined;
  readonly #res: ServerResponse;
  readonly #begin: () => void;

  /** @param begin writes the head, unless it has been written */
  constructor(res: ServerResponse, begin: () => void) {
    this.#res = res;
    this.#begin = begin;
    Object.assign(res, { write: this.#write, end: this.#end, destroy: this.#destroy });
    this.#tellOfState();
    this.#tellOfEvents();
  }

  /** Ends it where it is. */
  breakOff(reason: unknown): void {
    this.stream.destroy(reason instanceof Error ? reason : new Error("the handler failed", { cause: reason }));
  }

  readonly #write = (chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean => {
    const done = typeof encoding === "function" ? encoding : callback;
    if (this.#res.finished || this.stream.destroyed) return this.#refuse("write after the end of a response", done);
    this.#begin();
    if (typeof encoding === "string") return this.stream.write(chunk, encoding, done);
    return this.stream.write(chunk, done);
  };

  readonly #end = (chunk?: unknown, encoding?: unknown, callback?: unknown): ServerResponse => {
    const res = this.#res;
    const done = [chunk, encoding, callback].find((given) => typeof given === "function") as Callback | undefined;
    if (res.finished || this.stream.destroyed) {
      this.#refuse("the response has ended before", done);
      return res;
    }
    this.#begin();
    // What `writableEnded` goes by.
    res.finished = true;
    if (done !== undefined) this.stream.once("finish", done);
    if (chunk === undefined || chunk === null || typeof chunk === "function") this.stream.end();
    else this.stream.end(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
    return res;
  };

  readonly #destroy = (error?: Error): ServerResponse => {
    this.onDestroy(error ?? new Error("the handler has destroyed its response"));
    return this.#res;
  };

  /** A mistake of the handler's after its answer: the answer stands. */
  #refuse(message: string, done: Callback | undefined): false {
    if (done !== undefined) process.nextTick(done, new Error(message));
    return false;
  }

  /** What pipes and middleware ask a response before they write. */
  #tellOfState(): void {
    const { stream } = this;
    Object.defineProperties(this.#res, {
      closed: { get: () => stream.closed },
      writableFinished: { get: () => stream.writableFinished },
      writableLength: { get: () => stream.writableLength },
      writableNeedDrain: { get: () => stream.writableNeedDrain },
    });
  }

  #tellOfEvents(): void {
    const { stream } = this;
    const res = this.#res;
    stream.on("error", () => undefined);
    stream.on("drain", () => res.emit("drain"));
    stream.on("finish", () => {
      res.emit("prefinish");
      res.emit("finish");
    });
    stream.on("close", () => {
      res.destroyed = true;
      res.emit("close");
    });
  }
}

/**
 * The same for who reads streams of the web. `Readable.toWeb` will not do: a chunk that comes when the reader has just left is an exception
 * there that nobody can catch.
 */
export function webStreamOf(stream: PassThrough): ReadableStream<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer<ArrayBuffer>>;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void stream.destroy(),
    },
    { highWaterMark: 0 },
  );
}
