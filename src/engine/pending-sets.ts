// Sets under way, and all of them by their key: hundreds may be at a time, and each is asked for several times.

import type { Epoch, Stamped, Tick } from "../model/epoch.ts";
import type { Target } from "./engine.ts";

/**
 * A `set` under way, to its validation or to the authority: an invalidation or a later `set` may overtake it. A synchronous
 * refresh is registered as one as well, since the same may overtake it.
 */
export class PendingSet implements Stamped {
  readonly target: Target;
  readonly number: number;
  /** Of the frame that it sends to the authority. */
  version: string | undefined;
  /** The next older one of its key, while it is under way. */
  nextOfKey: PendingSet | undefined;
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  readonly tags: readonly Epoch[] | undefined;
  /** Overtaken: memory does not get it. */
  fenced = false;
  /** This process has invalidated one of its epochs since it was called: it must not belong to what the epoch is after that. */
  endedBy: "hard" | "soft" | undefined;
  /** Whether it is on its way to the authority, and has not been sent yet. */
  #isLeaving = false;
  #hurry: (() => void) | undefined;
  #onSent: (() => void)[] | undefined;

  constructor(number: number, target: Target, { asOf, namespaceEpoch, tags }: Stamped) {
    this.number = number;
    this.target = target;
    this.asOf = asOf;
    this.namespaceEpoch = namespaceEpoch;
    this.tags = tags;
  }

  /** It has been accepted, and is to be sent. @param hurry sends it at once, where it only waits for others to go with it */
  leaves(hurry?: () => void): void {
    this.#isLeaving = true;
    this.#hurry = hurry;
  }

  /** The authority has been told, or will not be. */
  sent(): void {
    this.#isLeaving = false;
    this.#hurry = undefined;
    if (this.#onSent === undefined) return;
    for (const resolve of this.#onSent) resolve();
    this.#onSent = undefined;
  }

  /** Resolves when it has been sent; `undefined` when it is not about to be. Who asks is not to wait for others. */
  whenSent(): Promise<void> | undefined {
    this.#hurry?.();
    return this.#isLeaving ? new Promise((resolve) => (this.#onSent ??= []).push(resolve)) : undefined;
  }
}

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
