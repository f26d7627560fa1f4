// A cache as a storage adapter for Keyv, and so for whatever takes a Keyv: cache-manager, NestJS's CacheModule.

import { badInput } from "../errors.ts";
import { checkBoolean, checkObject } from "../model/check.ts";
import type { SetOptions } from "../model/call-options.ts";
import { isCache, keyIn, placeOf, type KeyvHost, type Place } from "./place.ts";

/** Options of `asKeyvStore`. */
export interface AsKeyvStoreOptions {
  /** Whether `disconnect()` closes the cache. Not for a view, which owns none. Default `false`. */
  readonly closeCache?: boolean | undefined;
}

/**
 * A storage adapter of Keyv 5, as `new Keyv({ store })` takes it. Its methods behave as Keyv expects: reads never
 * reject, but emit `error` and find nothing; writes reject, and Keyv emits that and answers `false`.
 */
export interface KeyvStore {
  /** Keyv looks here for what kind of store it is, and others leave notes. */
  readonly opts: { dialect: string; url: string; [name: string]: unknown };
  /** Set by Keyv. */
  namespace: string | undefined;
  get<Value>(key: string): Promise<Value | undefined>;
  /** Values in the order of the keys. */
  getMany<Value>(keys: string[]): Promise<(Value | undefined)[]>;
  /** @param ttl in milliseconds; without one, or with 0, the entry never expires */
  set(key: string, value: unknown, ttl?: number): Promise<boolean>;
  /** What could not be stored is emitted as an `error` each. Resolves to what Keyv's `setMany` answers: booleans, in order. */
  setMany(entries: { key: string; value: unknown; ttl?: number | undefined }[]): Promise<void>;
  /** Whether there was one. */
  delete(key: string): Promise<boolean>;
  /** Whether there was one of them. */
  deleteMany(keys: string[]): Promise<boolean>;
  has(key: string): Promise<boolean>;
  hasMany(keys: string[]): Promise<boolean[]>;
  /** Ends all entries of the namespace, and no others. */
  clear(): Promise<void>;
  /** Pairs of key and value of one namespace. Walks all of memory, and scans and reads the shared tier. */
  iterator<Value>(namespace?: string): AsyncGenerator<[string, Value], void>;
  /** Closes the cache if `closeCache` says so; else it does nothing, since the cache is somebody else's. */
  disconnect(): Promise<void>;
  on(event: string, listener: (...args: unknown[]) => void): this;
  off(event: string, listener: (...args: unknown[]) => void): this;
}

/**
 * Makes a storage adapter for Keyv of a cache. Entries never turn stale: they live as long as Keyv says, or for ever.
 * A Keyv namespace is a namespace of the cache, and `clear()` ends it in constant time. Each Keyv should have an
 * adapter of its own, as with every store: Keyv tells its store which namespace to clear by setting a field of it.
 * @param cache or a view of one namespace; in a view Keyv's namespaces are prefixes, and `clear()` walks the tier
 * @throws CacheError `invalid_argument`, `invalid_option`
 * @example
 * const keyv = new Keyv({ store: asKeyvStore(cache), namespace: "sessions" });
 */
export function asKeyvStore(cache: KeyvHost, options: AsKeyvStoreOptions = {}): KeyvStore {
  const isHost = typeof cache === "object" && cache !== null && "deleteMatching" in cache;
  if (!isHost) throw badInput("invalid_argument", "cache", "a TieredCacheManager or a view of a namespace", cache);
  checkObject<AsKeyvStoreOptions>(options, ["closeCache"], "options");
  const closeCache = checkBoolean(options.closeCache, false, "options.closeCache");
  if (closeCache && !isCache(cache)) {
    throw badInput("invalid_option", "options.closeCache", "false for a view of a namespace", closeCache);
  }
  return new CacheStore(cache, closeCache);
}

/** Nothing of the cache's own defaults: Keyv decides how long an entry lives, and knows no stale ones. */
const PLAIN: SetOptions = {
  staleWhileRevalidate: 0,
  staleIfError: 0,
  jitter: 0,
  isNegative: () => false,
};

class CacheStore implements KeyvStore {
  // Keyv iterates over stores of dialects it has heard of, and of no others.
  readonly opts = { dialect: "redis", url: "" };
  readonly #host: KeyvHost;
  readonly #closeCache: boolean;
  readonly #listeners = new Map<string, Set<(...args: unknown[]) => void>>();
  /** All that a Keyv has ever set here, for when several share this adapter. */
  readonly #namespaces = new Set<string>();
  readonly #places = new Map<string | undefined, Place>();
  #namespace: string | undefined;

  constructor(host: KeyvHost, closeCache: boolean) {
    this.#host = host;
    this.#closeCache = closeCache;
  }

  get namespace(): string | undefined {
    return this.#namespace;
  }

  set namespace(namespace: string | undefined) {
    // Keyv takes an empty one for none.
    this.#namespace = namespace === "" ? undefined : namespace;
    if (this.#namespace !== undefined) this.#namespaces.add(this.#namespace);
  }

  get<Value>(key: string): Promise<Value | undefined> {
    return this.#try(undefined, () => {
      const place = this.#placeOf(key);
      return place.verbs.get<Value>(keyIn(place, key));
    });
  }

  getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<Value>(key)));
  }

  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    const place = this.#placeOf(key);
    await place.verbs.set(keyIn(place, key), value, { ...PLAIN, ttl: lifetimeOf(ttl) });
    return true;
  }

  setMany(entries: { key: string; value: unknown; ttl?: number | undefined }[]): Promise<void> {
    const all = entries.map(({ key, value, ttl }) => this.#try(false, () => this.set(key, value, ttl)));
    // Keyv hands it on to its own callers, to whom it promises booleans; its type of a store says nothing of them.
    return Promise.all(all) as Promise<unknown> as Promise<void>;
  }

  async delete(key: string): Promise<boolean> {
    const place = this.#placeOf(key);
    return (await place.verbs.delete(keyIn(place, key))).existed;
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return deleted.includes(true);
  }

  has(key: string): Promise<boolean> {
    return this.#try(false, () => {
      const place = this.#placeOf(key);
      return place.verbs.has(keyIn(place, key));
    });
  }

  hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }

  async clear(): Promise<void> {
    await this.#place(this.#namespace).clear();
  }

  async *iterator<Value>(namespace: string | undefined = this.#namespace): AsyncGenerator<[string, Value], void> {
    try {
      const { verbs, prefix } = this.#place(namespace === "" ? undefined : namespace);
      for await (const key of verbs.keys({ prefix })) {
        const value = await verbs.get<Value>(key);
        if (value !== undefined) yield [key.slice(prefix.length), value];
      }
    } catch (error) {
      this.#emit("error", error);
    }
  }

  async disconnect(): Promise<void> {
    if (this.#closeCache && isCache(this.#host)) await this.#host.close();
  }

  on(event: string, listener: (...args: unknown[]) => void): this {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
    return this;
  }

  off(event: string, listener: (...args: unknown[]) => void): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  /**
   * Where a key is. Keyv puts its namespace in front of keys, unless it is told not to; so a key tells of which of the
   * Keyvs that share this adapter it is.
   */
  #placeOf(key: string): Place {
    const isOf = (namespace: string | undefined): boolean =>
      namespace !== undefined && typeof key === "string" && key.startsWith(`${namespace}:`);
    const other = isOf(this.#namespace) ? undefined : [...this.#namespaces].find(isOf);
    return this.#place(other ?? this.#namespace);
  }

  #place(namespace: string | undefined): Place {
    const place = this.#places.get(namespace) ?? placeOf(this.#host, namespace);
    this.#places.set(namespace, place);
    return place;
  }

  /** What fails is emitted, and `fallback` the answer. */
  async #try<T>(fallback: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#emit("error", error);
      return fallback;
    }
  }

  /** Without anybody who listens it is lost, as with Keyv. */
  #emit(event: string, error: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        listener(error);
      } catch {
        // A listener can do no harm: not to the caller, and not to the next listener.
      }
    }
  }
}

/** Keyv takes 0 for no ttl. */
function lifetimeOf(ttl: number | undefined): number {
  return ttl === undefined || ttl === null || ttl === 0 ? Infinity : ttl;
}
