// Sets under way, found by their key: hundreds may be at a time, and each is asked for several times.

import type { PendingSet } from "./flight.ts";

/** Those of one key are a chain, the youngest first. */
export class PendingSets {
  readonly #byId = new Map<string, PendingSet>();

  /** One that is there already stays where it is: `validate` has had it registered before it is sent. */
  add(pending: PendingSet): void {
    const { id } = pending.target;
    const youngest = this.#byId.get(id);
    for (let here = youngest; here !== undefined; here = here.nextOfKey) if (here === pending) return;
    pending.nextOfKey = youngest;
    this.#byId.set(id, pending);
  }

  delete(pending: PendingSet): void {
    const { id } = pending.target;
    const youngest = this.#byId.get(id);
    if (youngest === pending && pending.nextOfKey === undefined) {
      this.#byId.delete(id);
      return;
    }
    let previous: PendingSet | undefined;
    let here = youngest;
    while (here !== undefined && here !== pending) {
      previous = here;
      here = here.nextOfKey;
    }
    if (here === undefined) return;
    if (previous !== undefined) previous.nextOfKey = pending.nextOfKey;
    else this.#byId.set(id, pending.nextOfKey as PendingSet);
    pending.nextOfKey = undefined;
  }

  /** The youngest of a key; the others hang on it by `nextOfKey`. */
  of(id: string): PendingSet | undefined {
    return this.#byId.get(id);
  }

  /** All of them. */
  *[Symbol.iterator](): Generator<PendingSet, void, undefined> {
    for (const youngest of this.#byId.values()) {
      for (let pending: PendingSet | undefined = youngest; pending !== undefined; pending = pending.nextOfKey)
        yield pending;
    }
  }
}
