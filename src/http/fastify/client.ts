// Whether the client of a request is still there, found out when somebody asks: a hit does without.

import type { ServerResponse } from "node:http";

export class Client {
  readonly #raw: ServerResponse;
  #signal: AbortSignal | undefined;

  constructor(raw: ServerResponse) {
    this.#raw = raw;
  }

  /** Ends when the client has left before it had its answer. */
  get signal(): AbortSignal {
    return (this.#signal ??= watch(this.#raw));
  }

  /** Whether it has, as far as the signal was asked for. */
  get hasLeft(): boolean {
    return this.#signal?.aborted === true;
  }
}

function watch(raw: ServerResponse): AbortSignal {
  if (raw.closed && !raw.writableFinished) return AbortSignal.abort();
  const leaving = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) leaving.abort();
  });
  return leaving.signal;
}
