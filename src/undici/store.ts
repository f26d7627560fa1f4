// A store for the cache interceptor of undici on a tiered cache, so that the `fetch` of many processes shares one HTTP cache.

import type { Writable } from "node:stream";
import { badInput } from "../errors.ts";
import type { TieredCacheManager } from "../manager.ts";
import { BodyCapture } from "./body-capture.ts";
import { isStorable, responseKey, urlKey, urlOf } from "./keys.ts";
import { resolveOptions, type StoreSettings, type TieredCacheStoreOptions } from "./options.ts";
import { freeze, thaw, type StoredResponse } from "./stored-response.ts";
import type { HttpCached, HttpCacheKey, HttpCacheValue } from "./types.ts";
import { PLAIN, UrlStates, type UrlState } from "./url-state.ts";
import { Work } from "./work.ts";

/** A `CacheStore` of undici 7 and 8. Nothing it returns ever rejects: what fails is a miss, and `onError` is told. */
export interface TieredCacheStore extends AsyncDisposable {
  /** The stored response that a request matches, fresh or not: undici judges that. The latest, if there are several. */
  get(key: HttpCacheKey): Promise<HttpCached | undefined> | undefined;
  /** Takes the body of a response; it is stored when it has come to its end. `undefined` where it will not be. */
  createWriteStream(key: HttpCacheKey, value: HttpCacheValue): Writable | undefined;
  /** Ends all responses of a URL, whatever the method, on all processes, and those on their way. */
  delete(key: HttpCacheKey): Promise<void>;
  /**
   * Stops storing and finding, and waits until what is being stored is. Deletions go on, since other processes rely on
   * them. The cache stays open: it is somebody else's.
   */
  close(): Promise<void>;
}

/**
 * Makes a store for undici's cache interceptor of a cache. Concurrent requests for a URL that is not stored all reach the
 * origin, as with every store: undici's `deduplicate` interceptor joins them.
 * @throws CacheError `invalid_argument`, `invalid_option`, `invalid_key`
 * @example
 * const agent = new Agent().compose(interceptors.cache({ store: tieredCacheStore(cache) }));
 */
export function tieredCacheStore(cache: TieredCacheManager, options: TieredCacheStoreOptions = {}): TieredCacheStore {
  const isCache = typeof cache === "object" && cache !== null && "getEntry" in cache && "namespace" in cache;
  if (!isCache) throw badInput("invalid_argument", "cache", "a TieredCacheManager", cache);
  return new Store(cache, resolveOptions(cache, options));
}

class Store implements TieredCacheStore {
  readonly #cache: TieredCacheManager;
  readonly #settings: StoreSettings;
  readonly #place: { readonly namespace: string };
  readonly #urls: UrlStates;
  readonly #work: Work;
  /**
   * The generation of its URL before a request was sent, by the request. A response that the origin made before a
   * deletion may come after it; it is stored under this, and so nobody finds it.
   */
  readonly #fences = new WeakMap<HttpCacheKey, Promise<string | undefined>>();
  /** Deletions that were asked for in this very moment. */
  readonly #ending = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(cache: TieredCacheManager, settings: StoreSettings) {
    this.#cache = cache;
    this.#settings = settings;
    this.#place = Object.freeze({ namespace: settings.namespace });
    this.#urls = new UrlStates(cache, settings);
    this.#work = new Work((error) => this.#report(error));
  }

  get(key: HttpCacheKey): Promise<HttpCached | undefined> | undefined {
    if (this.#isClosed || !isStorable(key)) return undefined;
    const url = urlOf(key);
    const state = this.#open(url);
    // undici asks again while it handles a 304: what counts is when the request was sent.
    if (!this.#fences.has(key)) this.#fences.set(key, generationOf(state));
    return this.#try(async () => this.#find(url, key, await state));
  }

  createWriteStream(key: HttpCacheKey, value: HttpCacheValue): Writable | undefined {
    const { maxEntrySize } = this.#settings;
    const promisedBytes = promisedBytesOf(key, value);
    const isTooLong = promisedBytes !== undefined && promisedBytes > maxEntrySize;
    if (this.#isClosed || !isStorable(key) || isTooLong || !(value.deleteAt > Date.now())) return undefined;
    const url = urlOf(key);
    const fence = this.#fences.get(key) ?? generationOf(this.#open(url));
    const onWhole = (body: Buffer): void => {
      void this.#work.run(url, () => this.#store(url, key, value, fence, body));
    };
    return new BodyCapture({ maxBytes: maxEntrySize, promisedBytes, onWhole });
  }

  delete(key: HttpCacheKey): Promise<void> {
    const url = urlOf(key);
    if (this.#fences.has(key)) return this.#work.run(url, () => this.#endAfterResponse(url));
    const begun = this.#ending.get(url);
    if (begun !== undefined) return begun;
    const ending = this.#work.run(url, async () => this.#urls.end(urlKey(url)));
    // For an unsafe request undici deletes once for each method, one right after the other.
    this.#ending.set(url, ending);
    queueMicrotask(() => this.#ending.delete(url));
    return ending;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work.idle();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The state of a URL, after what is being done here for it; `undefined` when that cannot be told. */
  #open(url: string): Promise<UrlState | undefined> {
    return this.#try(async () => {
      await this.#work.settled(url);
      return this.#urls.open(url, urlKey(url));
    });
  }

  async #find(url: string, key: HttpCacheKey, state: UrlState | undefined): Promise<HttpCached | undefined> {
    if (state === undefined || state.varies.length === 0) return undefined;
    const all = await Promise.all(state.varies.map((names) => this.#findOne(url, key, names, state.generation)));
    // RFC 9111, section 4.1.
    return all.reduce((a, b) => (a === undefined || (b !== undefined && b.cachedAt > a.cachedAt) ? b : a));
  }

  async #findOne(
    url: string,
    key: HttpCacheKey,
    names: readonly string[],
    generation: string,
  ): Promise<HttpCached | undefined> {
    const at = responseKey(url, key, names, key.headers ?? {});
    // To look at an entry does not count as a use of it, so it would be pushed out; both share one question.
    const [, entry] = await Promise.all([
      this.#cache.get(at, this.#place),
      this.#cache.getEntry<StoredResponse>(at, this.#place),
    ]);
    if (entry?.value.generation !== generation) return undefined;
    return thaw(entry, key, names, Date.now() - this.#settings.clock.now());
  }

  async #store(
    url: string,
    key: HttpCacheKey,
    value: HttpCacheValue,
    fence: Promise<string | undefined>,
    body: Buffer,
  ): Promise<void> {
    const generation = await fence;
    if (generation === undefined) return;
    const names = Object.keys(value.vary ?? {}).toSorted();
    const isCurrent = await this.#urls.isCurrent(urlKey(url), generation);
    const now = Date.now();
    const ttl = value.deleteAt - now;
    // What is stored all the same is not found, but it would take the place of what is.
    if (!isCurrent || ttl <= 0) return;
    const at = responseKey(url, key, names, value.vary ?? {});
    await this.#cache.set(at, freeze(generation, value, body, now), { ...PLAIN, ...this.#place, ttl });
    await this.#urls.note(url, urlKey(url), generation, names, ttl);
  }

  /** undici deletes after every response that must not be stored. Where nothing is, the processes need not hear of it. */
  async #endAfterResponse(url: string): Promise<void> {
    const state = await this.#urls.peek(urlKey(url));
    if (state?.varies.length !== 0) await this.#urls.end(urlKey(url));
  }

  async #try<T>(task: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  /** A listener that throws can do no harm. */
  #report(error: unknown): void {
    try {
      this.#settings.onError(error);
    } catch {
      // Nobody is left to be told.
    }
  }
}

async function generationOf(state: Promise<UrlState | undefined>): Promise<string | undefined> {
  return (await state)?.generation;
}

/** How long the body must be, where the headers say so. */
function promisedBytesOf({ method }: HttpCacheKey, { headers }: HttpCacheValue): number | undefined {
  const length = headers["content-length"];
  if (method === "HEAD" || typeof length !== "string" || !/^\d+$/.test(length)) return undefined;
  return Number(length);
}
