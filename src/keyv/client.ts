// One cache's use of a store: everything within the timeout, and nothing begun for nobody.

import type { Clock } from "../contracts/clock.ts";
import { CacheError, show } from "../errors.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { StorageShare } from "./share.ts";
import type { KeyvStorage } from "./storage.ts";

/** Beyond this no store takes a ttl, and nobody waits for it. */
const MAX_TTL_MS: Milliseconds = 1e14;

/** A write that has not been answered for so long never will be; of a patient tier, for twice its timeout. */
const LOST_AFTER_MS: Milliseconds = 30_000;

/** One piece of work that somebody waits for. */
export class Attempt {
  readonly #share: StorageShare;
  /** Nobody waits any more: whoever did has been told that nothing was done, as far as is known. */
  isGivenUp = false;

  constructor(share: StorageShare) {
    this.#share = share;
  }

  /** Rejects once nobody waits: what has not been begun by then must not be. */
  async ask<T>(issue: (storage: KeyvStorage) => T): Promise<Awaited<T>> {
    this.assertWanted();
    return this.#share.ask(issue);
  }

  assertWanted(): void {
    if (this.isGivenUp) throw new CacheError("unavailable", "nobody waits for this any more");
  }

  get(key: string): Promise<unknown> {
    return this.ask((storage) => storage.get(key));
  }

  /** Values in the order of the keys: in one question, if the store takes one. */
  async getMany(keys: readonly string[]): Promise<readonly unknown[]> {
    const [only] = keys;
    if (only !== undefined && keys.length === 1) return [await this.get(only)];
    if (typeof this.#share.storage.getMany !== "function") return Promise.all(keys.map((key) => this.get(key)));
    const answer = await this.ask((storage) => storage.getMany?.([...keys]));
    if (Array.isArray(answer) && answer.length === keys.length) return answer as unknown[];
    throw new Error(`getMany must answer an array of ${keys.length} values, got ${show(answer)}`);
  }

  /** @throws CacheError `refused` when the store says that it has not */
  async set(key: string, text: string, ttlMs: Milliseconds): Promise<void> {
    const ttl = ttlMs < MAX_TTL_MS ? Math.max(1, Math.ceil(ttlMs)) : undefined;
    const answer = await this.ask((storage) => storage.set(key, text, ttl));
    if (answer === false) throw new CacheError("refused", "set must store the value, and answered false");
  }

  /** Whether there was something, as far as the store says. */
  async delete(key: string): Promise<boolean> {
    return (await this.ask((storage) => storage.delete(key))) === true;
  }
}

/** Asks the store for one cache. */
export class KeyvClient {
  readonly clock: Clock;
  readonly share: StorageShare;
  readonly #name: string;
  readonly #timeoutMs: Milliseconds;
  #isClosed = false;

  constructor(name: string, share: StorageShare, timeoutMs: Milliseconds, clock: Clock) {
    this.#name = name;
    this.share = share;
    this.#timeoutMs = timeoutMs;
    this.clock = clock;
  }

  /** Runs work within the timeout, however many questions it takes. @throws CacheError `unavailable`, `refused`, `closed` */
  run<T>(work: (attempt: Attempt) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new CacheError("closed", `${this.#name} has been closed`));
    const attempt = new Attempt(this.share);
    return new Promise((resolve, reject) => {
      const expire = (): void => {
        attempt.isGivenUp = true;
        reject(this.#unavailable(`did not answer within ${this.#timeoutMs} ms`));
      };
      // Timers come before the network in a turn of the event loop: after a pause the answer may lie there already.
      const cancel = this.clock.schedule(this.#timeoutMs, () => void setImmediate(expire), true);
      work(attempt).then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(this.#failure(error));
        },
      );
    });
  }

  /** The same for a write of one key, which waits until those before it are over. */
  runInLine<T>(key: string, work: (attempt: Attempt, now: Instant) => Promise<T>): Promise<T> {
    return this.run((attempt) => this.inLine(key, () => work(attempt, this.clock.now())));
  }

  /** Part of such a write, as part of other work. */
  inLine<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lostAfterMs = Math.max(LOST_AFTER_MS, 2 * this.#timeoutMs);
    return this.share.lines.run(key, () => this.clock.now(), lostAfterMs, work);
  }

  /** Pairs of key and value, each asked for within the timeout. @throws CacheError `refused` for a store without a list */
  async *entries(namespace: string | undefined): AsyncGenerator {
    const iterator = await this.run((attempt) => attempt.ask((storage) => iteratorOf(storage, namespace)));
    if (iterator === undefined) {
      throw new CacheError("refused", `${this.#name} must have a store with an iterator to list keys, and has none`);
    }
    try {
      for (;;) {
        const step = await this.run((attempt) => attempt.ask(() => iterator.next()));
        if (step.done === true) return;
        yield step.value;
      }
    } finally {
      // Whether it ends well changes nothing for who has stopped listening.
      await this.run((attempt) => attempt.ask(() => iterator.return?.())).catch(() => undefined);
    }
  }

  /** Refuses work from now on. */
  close(): void {
    this.#isClosed = true;
  }

  #failure(error: unknown): CacheError {
    if (!(error instanceof CacheError)) return this.#unavailable("failed", error);
    if (error.code !== "refused") return this.#unavailable("failed", error);
    return new CacheError("refused", `${this.#name} refused a command`, { cause: error });
  }

  #unavailable(what: string, cause?: unknown): CacheError {
    return new CacheError("unavailable", `${this.#name} ${what}`, cause === undefined ? {} : { cause });
  }
}

type Entries = Iterator<unknown> | AsyncIterator<unknown>;

/** A Map is listed as it is now: its own iterator would go on with what is added meanwhile. */
function iteratorOf(storage: KeyvStorage, namespace: string | undefined): Entries | undefined {
  if (storage instanceof Map) return [...(storage as ReadonlyMap<unknown, unknown>)][Symbol.iterator]();
  const made = storage.iterator?.(namespace) as Partial<AsyncIterable<unknown> & Iterable<unknown>> | undefined;
  return made?.[Symbol.asyncIterator]?.() ?? made?.[Symbol.iterator]?.();
}
