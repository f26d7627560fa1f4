// Whether the client of a request is still there, found out when somebody asks: a hit does without.

import type { ServerResponse } from "node:http";
import { signalOf } from "../node/leaving.ts";

export class Client {
  readonly #raw: ServerResponse;
  #signal: AbortSignal | undefined;

  constructor(raw: ServerResponse) {
    this.#raw = raw;
  }

  /** Ends when the client has left before it had its answer. */
  get signal(): AbortSignal {
    return (this.#signal ??= signalOf(this.#raw));
  }

  /** Whether it has, as far as the signal was asked for. */
  get hasLeft(): boolean {
    return this.#signal?.aborted === true;
  }
}
