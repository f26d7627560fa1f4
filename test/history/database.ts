// The source of truth: a version a key, which only grows. It lives in the coordinator and is never at fault.

import type { Commit } from "./entries.ts";
import { KEYS } from "./population.ts";
import { instant } from "./protocol.ts";
import type { DatabaseRequest } from "./protocol.ts";

/** Answers workers. */
export class Database {
  readonly #versions: number[] = KEYS.map(() => 0);
  readonly #onCommit: (commit: Commit) => void;

  constructor(onCommit: (commit: Commit) => void) {
    this.#onCommit = onCommit;
  }

  /** Answers requests in their order. */
  answer(
    process: string,
    requests: readonly DatabaseRequest[],
  ): (readonly [id: number, versions: readonly number[]])[] {
    return requests.map((request) => {
      const [id, kind, keys] = request;
      if (kind === "read") return [id, this.#read(keys)];
      for (const key of keys) this.#commit(process, key);
      return [id, this.#read(request[3])];
    });
  }

  #read(keys: readonly number[]): number[] {
    return keys.map((key) => this.#versions[key]!);
  }

  #commit(process: string, key: number): void {
    const version = ++this.#versions[key]!;
    this.#onCommit({ kind: "commit", process, key: KEYS[key]!.name, version, at: instant() });
  }
}
