// A worker's way to the source of truth: questions of one turn of the event loop go out together.

import type { DatabaseRequest } from "./protocol.ts";

type Versions = readonly number[];

/** The source of truth, as a worker sees it. It is never at fault. */
export class DatabaseClient {
  readonly #send: (requests: readonly DatabaseRequest[]) => void;
  readonly #waiting = new Map<number, (versions: Versions) => void>();
  #requests: DatabaseRequest[] = [];
  #lastId = 0;

  constructor(send: (requests: readonly DatabaseRequest[]) => void) {
    this.#send = send;
  }

  /** The versions of keys, in their order. */
  read(keys: readonly number[]): Promise<Versions> {
    return this.#ask((id) => [id, "read", keys]);
  }

  /** Gives keys new versions. Resolves with the versions of all that is covered, once they are there. */
  commit(keys: readonly number[], covered: readonly number[]): Promise<Versions> {
    return this.#ask((id) => [id, "commit", keys, covered]);
  }

  /** Takes answers. */
  answer(answers: readonly (readonly [id: number, versions: Versions])[]): void {
    for (const [id, versions] of answers) {
      this.#waiting.get(id)?.(versions);
      this.#waiting.delete(id);
    }
  }

  #ask(make: (id: number) => DatabaseRequest): Promise<Versions> {
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, resolve);
      this.#requests.push(make(id));
      if (this.#requests.length === 1) setImmediate(this.#flush);
    });
  }

  readonly #flush = (): void => {
    this.#send(this.#requests);
    this.#requests = [];
  };
}
