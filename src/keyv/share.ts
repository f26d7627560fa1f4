// What all caches of this process that use one store have in common: leases, the order of writes, and what it failed of.

import { KeyLines } from "./key-lines.ts";
import { Leases } from "./leases.ts";
import { MintLimit } from "./mint-limit.ts";
import type { KeyvStorage } from "./storage.ts";

const byStorage = new WeakMap<KeyvStorage, StorageShare>();

/** The share of a store: the same one for the same object. */
export function shareOf(storage: KeyvStorage): StorageShare {
  const known = byStorage.get(storage) ?? new StorageShare(storage);
  byStorage.set(storage, known);
  return known;
}

/** One store and what this process knows of it. */
export class StorageShare {
  readonly storage: KeyvStorage;
  readonly leases: Leases = new Leases();
  readonly lines: KeyLines = new KeyLines();
  readonly mints: MintLimit = new MintLimit();
  /** What it failed of last; `undefined` once it has answered since. */
  problem: unknown;
  /** How many errors it has emitted. */
  #emitted = 0;

  constructor(storage: KeyvStorage) {
    this.storage = storage;
    // For good: an `error` event that nobody listens to ends the process, also after the last cache was closed.
    storage.on?.("error", (error) => {
      this.#emitted++;
      this.#note(error);
    });
  }

  /** Asks the store. It rejects when the store throws, rejects, or emits an error before it answers. */
  async ask<T>(issue: (storage: KeyvStorage) => T): Promise<Awaited<T>> {
    const before = this.#emitted;
    let answer: Awaited<T>;
    try {
      answer = await issue(this.storage);
    } catch (error) {
      this.#note(error);
      throw error;
    }
    // Many adapters emit what they failed of, and then answer as if there were nothing, or as if all were well.
    if (this.#emitted !== before) throw this.problem;
    this.problem = undefined;
    return answer;
  }

  #note(error: unknown): void {
    this.problem = error ?? new Error("an error without a reason");
  }
}
