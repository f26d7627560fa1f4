// TieredCacheManager: the public verbs. A hit in memory takes the fast path; everything else is the engine's.

import { splitArguments, Targets, toPairs } from "./arguments.ts";
import { badInput, CacheError } from "./errors.ts";
import type { CallSettings } from "./model/call.ts";
import { checkObject } from "./model/check.ts";
import { durationOr, type Milliseconds } from "./model/duration.ts";
import type { CacheEventType } from "./model/event.ts";
import { checkName, checkNames, fullKey, keyRoot } from "./model/key.ts";
import type { GetOptions, KeysOptions, NamespaceOption, PeekOptions, SetOptions } from "./model/call-options.ts";
import type { AtOnce, BatchRefresh, Refresh, SyncRefresh } from "./model/refresh.ts";
import { assertAccepted, checkValue, refusalAtOnce } from "./engine/accept.ts";
import { drain } from "./engine/close.ts";
import { healthOf } from "./engine/health.ts";
import { createEngine, type Engine, type Target } from "./engine/engine.ts";
import { describe, keysEverywhere, locate, remainingTtl, sweep, usableKeys, type EntryView } from "./engine/inspect.ts";
import * as invalidation from "./engine/invalidate.ts";
import { callBatch, callRefresh, callRefreshSync } from "./engine/pass-through.ts";
import { peek, peekAnywhere, readThrough } from "./engine/read.ts";
import { readMany } from "./engine/read-many.ts";
import { put, putSync, putValidated } from "./engine/set.ts";
import { removeMatching } from "./engine/remove-matching.ts";
import { resetStats, statsOf } from "./engine/stats.ts";
import { readThroughSync } from "./engine/sync.ts";
import { FastPath } from "./fast-path.ts";
import { Listeners, type CacheListener } from "./observe/events.ts";
import { logEvents } from "./observe/logger.ts";
import { listenServed } from "./observe/served.ts";
import { CacheNamespace } from "./namespace.ts";
import type { CacheOptions, CloseOptions, NamespaceOptions } from "./options.ts";
import type { KeyExplanation } from "./model/explanation.ts";
import { checkHealthOptions, type CacheHealth, type HealthOptions } from "./model/health.ts";
import type { CacheStats } from "./model/stats.ts";
import type { DeleteManyResult, DeleteResult, MutationResult } from "./results.ts";
import { resolveCache, type Settings } from "./settings.ts";
import { wrapFunction, wrapSyncFunction, type Wrapped, type WrappedSync, type WrapOptions } from "./wrap.ts";

/** What mutating verbs resolve to: always one of the same three objects. */
const RESULTS: Readonly<Record<MutationResult["authority"], MutationResult>> = Object.freeze({
  none: Object.freeze({ authority: "none" }),
  done: Object.freeze({ authority: "done" }),
  pending: Object.freeze({ authority: "pending" }),
});

/**
 * A stale-while-revalidate cache over one or more tiers.
 *
 * Verbs that return a promise report bad input as its rejection, the others by throwing: always as a
 * {@link CacheError} whose message names field, rule and value. After `close()` every verb but `stats`, `health`,
 * `on` and `off` fails with code `closed`.
 */
export class TieredCacheManager {
  readonly name: string;
  readonly #settings: Settings;
  readonly #engine: Engine;
  readonly #listeners: Listeners;
  readonly #targets: Targets;
  readonly #fast: FastPath;
  #closing: Promise<void> | undefined;
  #stopCleanup: (() => void) | undefined;

  /** @throws CacheError `invalid_option` or `invalid_key` */
  constructor(options: CacheOptions<never> = {}) {
    this.#settings = resolveCache(options);
    this.name = this.#settings.name;
    this.#listeners = new Listeners(this.name);
    const { logger, logLevel, tracer } = this.#settings;
    if (logger !== undefined) logEvents(this.#listeners, this.name, logger, logLevel);
    if (tracer !== undefined) listenServed(this.#listeners, tracer);
    this.#engine = createEngine(this.#settings, this.#listeners);
    this.#targets = new Targets(this.#settings.call);
    this.#fast = new FastPath(this.#engine, this.#targets, this.#listeners);
    this.#scheduleCleanup();
  }

  /**
   * Without a refresh: the fresh or stale value, or `undefined`. With one: the fresh value; or the stale value, which
   * is then refreshed behind; or what the refresh resolves to. Concurrent callers share one refresh, its result and
   * its rejection; the tags and lifetimes of the one who began it count. When it fails and an entry is younger than `staleIfError` allows, that is served instead.
   * A fresh hit does not look at options that only a miss needs: the miss before it has checked them.
   * @throws what the refresh threw, unwrapped; CacheError `timeout` after `hardTimeout`; the reason of `signal`
   */
  get<T = unknown>(key: string, options?: PeekOptions): Promise<T | undefined>;
  get<T, S = T>(key: string, refresh: Refresh<T, S>, options?: GetOptions<T>): Promise<T>;
  get(key: string, second?: Refresh | GetOptions, third?: GetOptions): Promise<unknown> {
    const options = typeof second === "function" ? third : second;
    const isOdd = typeof second !== "function" && third !== undefined;
    const entry = isOdd ? undefined : this.#fast.freshHit(key, options);
    // A promise at hand, without an async function around it: that alone would cost as much as all the rest.
    if (entry !== undefined) return entry.promise;
    const stale = typeof second === "function" ? this.#fast.staleHit(key, options) : undefined;
    return stale === undefined ? this.#get(key, second, third) : stale.promise;
  }

  /**
   * The promise of a fresh value in memory, counted as a hit, or `undefined` when `get` has to be asked. For wrappers: who
   * makes a refresh for each call of `get` does without on a hit, which then takes a seventh less time.
   */
  freshHit<T = unknown>(key: string, options?: GetOptions<T>): Promise<T> | undefined {
    return this.#fast.freshHit(key, options as GetOptions | undefined)?.promise as Promise<T> | undefined;
  }

  /**
   * Values in the order of `keys`; keys may repeat. One call of `refresh` loads all that is missing, except keys that
   * are being refreshed already: those are joined. What is stale is refreshed behind in one call as well.
   * @throws what the refresh threw, where a key has no old value to fall back on
   */
  getMany<T = unknown>(keys: readonly string[], options?: PeekOptions): Promise<(T | undefined)[]>;
  getMany<T, S = T>(
    keys: readonly string[],
    refresh: BatchRefresh<T, S>,
    options?: GetOptions<T>,
  ): Promise<(T | undefined)[]>;
  async getMany(keys: readonly string[], second?: BatchRefresh | GetOptions, third?: GetOptions): Promise<unknown[]> {
    const [refresh, options] = splitArguments(second, third);
    const targets = this.#allTargets(keys, options);
    if (refresh === undefined) return Promise.all(targets.map((target) => peekAnywhere(this.#engine, target)));
    if (!this.#settings.enabled) return callBatch(this.#engine, targets, refresh);
    const unique = [...new Map(targets.map((target) => [target.id, target])).values()];
    const values = await readMany(this.#engine, unique, refresh);
    return targets.map(({ id }) => values.get(id));
  }

  /** `get` with a refresh, under the name other caches give it. */
  getOrSet<T, S = T>(key: string, refresh: Refresh<T, S>, options?: GetOptions<T>): Promise<T> {
    return this.get(key, refresh, options);
  }

  /**
   * What memory has, without waiting for anybody. Without a refresh: the fresh or stale value, or `undefined`. With one:
   * the fresh value, or what the refresh returns; a stale value is refreshed in the foreground, because nothing can be
   * done behind. When the refresh throws and there is an old value, that is given, as by `get`. A value that had to be verified at the
   * shared tier first is not given; what a refresh makes goes there in the background. `backgroundRefresh`,
   * `softTimeout`, `hardTimeout` and `earlyRefresh` mean nothing here.
   * @throws what the refresh threw, unwrapped; CacheError `cycle` when it asks for its own key; CacheError
   * `invalid_argument` when it returns a promise; CacheError `invalid_option` when `validate` is asynchronous
   */
  getSync<T = unknown>(key: string, options?: PeekOptions): T | undefined;
  getSync<T, S = T>(key: string, refresh: SyncRefresh<T, S> & AtOnce<T>, options?: GetOptions<T>): T;
  getSync(key: string, second?: SyncRefresh | GetOptions, third?: GetOptions): unknown {
    const options = typeof second === "function" ? third : second;
    const isOdd = typeof second !== "function" && third !== undefined;
    const entry = isOdd ? undefined : this.#fast.freshHit(key, options);
    return entry === undefined ? this.#getSync(key, second, third) : entry.value;
  }

  /** The fresh or stale entry with its envelope. Does not count as a use of it. */
  async getEntry<T = unknown>(key: string, options?: PeekOptions): Promise<EntryView<T> | undefined> {
    const target = this.#target(key, options);
    return (await describe(this.#engine, target, this.#fullKey(target))) as EntryView<T> | undefined;
  }

  /**
   * Where a key is now, in which state and why, and what `get` would do: for people who ask why something is stale. Asks
   * every tier, reads the value and runs `validate`, but changes and counts nothing. What does not answer is `unknown`.
   */
  async explain(key: string, options?: PeekOptions): Promise<KeyExplanation> {
    const target = this.#target(key, options);
    const { explain } = await import("./engine/explain/explain.ts");
    return explain(this.#engine, target, this.#fullKey(target));
  }

  /**
   * Stores a value: in the shared tier, then in memory. Refreshes of the key that are running, on any process, will not
   * overwrite it. Where the shared tier cannot be reached, memory keeps it, and what the tier holds ends when it can.
   */
  set<T>(key: string, value: T, options?: SetOptions<T>): Promise<MutationResult> {
    try {
      const target = this.#target(key, options);
      checkValue(value, "value");
      return this.#put([target], [value]);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Stores several values under the same options, all or none: they are checked before the first is stored. */
  async setMany<T>(
    entries: Iterable<readonly [string, T]> | Readonly<Record<string, T>>,
    options?: SetOptions<T>,
  ): Promise<MutationResult> {
    const pairs = toPairs(entries);
    const settings = this.#openSettings(options);
    const targets = pairs.map(([key], index) => this.#targets.of(key, settings, `entries[${index}][0]`));
    const values = pairs.map(([, value]) => value);
    values.forEach((value, index) => checkValue(value, `entries[${index}][1]`));
    return this.#put(targets, values);
  }

  /**
   * `set` at once, in memory and in a shared tier that can answer at once, as SQLite does: `done`. Any other gets the value in the background: the result is `pending`. What bytes cannot carry is
   * refused, or in the first moments of a cache, while it loads its codec, reported as a `tierError`.
   * @throws CacheError `unserializable`; CacheError `invalid_option` when `validate` is asynchronous
   */
  setSync<T>(key: string, value: T, options?: SetOptions<T>): MutationResult {
    const target = this.#target(key, options);
    checkValue(value, "value");
    assertAccepted(this.#engine, target, refusalAtOnce(this.#engine, value, "setSync"));
    return RESULTS[putSync(this.#engine, target, value)];
  }

  /** Whether there is a fresh or stale entry. Does not count as a use of it. */
  async has(key: string, options?: PeekOptions): Promise<boolean> {
    return (await locate(this.#engine, this.#target(key, options))) !== undefined;
  }

  /** How long the entry stays fresh, in milliseconds; 0 when it is stale, `undefined` without one. */
  async ttl(key: string, options?: PeekOptions): Promise<Milliseconds | undefined> {
    return remainingTtl(this.#engine, this.#target(key, options));
  }

  /**
   * Keys with a fresh or stale entry, in no order to rely on. Walks all of memory; in a shared tier it scans everything
   * and reads what it finds: for maintenance, not for requests.
   */
  keys(options: KeysOptions = {}): AsyncIterableIterator<string> {
    checkObject<KeysOptions>(options, ["namespace", "prefix"], "options");
    const { prefix = "", namespace } = options;
    if (typeof prefix !== "string") throw badInput("invalid_option", "options.prefix", "a string", prefix);
    const name = this.#namespaceName(namespace);
    const { shared } = this.#engine;
    if (shared !== undefined) return keysEverywhere(this.#engine, shared, name, prefix);
    return toAsync(usableKeys(this.#engine, name, prefix));
  }

  /**
   * Ends an entry, on all processes. Refreshes of the key that are running, on any of them, will not store their result.
   * Where the shared tier cannot be reached the result is `pending`: it is done here at once, and there when it can.
   */
  async delete(key: string, options?: NamespaceOption): Promise<DeleteResult> {
    const { settled, count } = await invalidation.remove(this.#engine, this.#target(key, options));
    return { authority: settled, existed: count > 0 };
  }

  /** The same as `delete`. */
  async invalidate(key: string, options?: NamespaceOption): Promise<DeleteResult> {
    return this.delete(key, options);
  }

  /** `delete` at once. A shared tier that cannot answer at once is told in the background: the result is `pending`. */
  deleteSync(key: string, options?: NamespaceOption): DeleteResult {
    const { settled, count } = invalidation.removeSync(this.#engine, this.#target(key, options));
    return { authority: settled, existed: count > 0 };
  }

  /** Ends several entries. `deleted` says how many there were. */
  async deleteMany(keys: readonly string[], options?: NamespaceOption): Promise<DeleteManyResult> {
    const { settled, count } = await invalidation.removeAll(this.#engine, this.#allTargets(keys, options));
    return { authority: settled, deleted: count };
  }

  /**
   * Ends all entries of a namespace whose key matches a glob pattern (`*`, `?`, `[a-z]`, `[^a]`, `\` before a literal
   * character). Walks all of memory and scans the shared tier: prefer tags and namespaces. Where that tier does not
   * answer, the whole namespace ends.
   */
  async deleteMatching(pattern: string, options?: NamespaceOption): Promise<DeleteManyResult> {
    const { namespace } = this.#openSettings(options);
    checkName(pattern, "pattern", Infinity);
    const { settled, count } = await removeMatching(this.#engine, namespace, pattern);
    return { authority: settled, deleted: count };
  }

  /** Turns an entry stale: it is served while the next read refreshes it, until the end of its stale window. */
  async markStale(key: string, options?: NamespaceOption): Promise<MutationResult> {
    return RESULTS[await invalidation.markStale(this.#engine, this.#target(key, options))];
  }

  /** Ends all entries with any of the tags, in every namespace, in constant time. */
  async invalidateTags(tags: readonly string[]): Promise<MutationResult> {
    return this.#invalidateTags(tags, false);
  }

  /** Turns all entries with any of the tags stale, in constant time. */
  async markTagsStale(tags: readonly string[]): Promise<MutationResult> {
    return this.#invalidateTags(tags, true);
  }

  /** Ends all entries of a namespace, in constant time. Default: the namespace of the cache. */
  async clearNamespace(namespace?: string): Promise<MutationResult> {
    const name = this.#namespaceName(namespace);
    return RESULTS[await invalidation.invalidateNamespace(this.#engine, name, false)];
  }

  /** Turns all entries of a namespace stale, in constant time. Default: the namespace of the cache. */
  async markNamespaceStale(namespace?: string): Promise<MutationResult> {
    const name = this.#namespaceName(namespace);
    return RESULTS[await invalidation.invalidateNamespace(this.#engine, name, true)];
  }

  /** Ends all entries of all namespaces, in constant time. */
  async clear(): Promise<MutationResult> {
    this.#assertOpen();
    return RESULTS[await invalidation.clear(this.#engine)];
  }

  /** Removes entries that can be served to nobody any more, and answers how many. Walks the whole tier. */
  async cleanupExpired(): Promise<number> {
    this.#assertOpen();
    return sweep(this.#engine);
  }

  /** `cleanupExpired` of memory. */
  cleanupExpiredSync(): number {
    this.#assertOpen();
    return sweep(this.#engine);
  }

  /** A view of one namespace: the same verbs and the same flights, with defaults of its own. */
  namespace<T = unknown>(name: string, options: NamespaceOptions<T> = {}): CacheNamespace {
    this.#targets.namespace(name);
    this.#targets.settings(options);
    return new CacheNamespace(this, name, options);
  }

  /** A function that answers from the cache, and calls `fn` where it must. */
  wrap<A extends readonly unknown[], R>(
    fn: (...args: A) => R | PromiseLike<R>,
    options: WrapOptions<A, R>,
  ): Wrapped<A, R> {
    const wrapped = wrapFunction(this, fn, options);
    this.#targets.settings({ tiers: options.tiers });
    return wrapped;
  }

  /** The same for a synchronous function, through `getSync`. */
  wrapSync<A extends readonly unknown[], R>(
    fn: ((...args: A) => R) & AtOnce<R>,
    options: WrapOptions<A, R>,
  ): WrappedSync<A, R> {
    const wrapped = wrapSyncFunction<A, R>(this, fn, options);
    this.#targets.settings({ tiers: options.tiers });
    return wrapped;
  }

  /** Calls `listener` on every event of a type; returns a function that stops it. It cannot hurt the cache. */
  on<T extends CacheEventType>(type: T, listener: CacheListener<T>): () => void {
    this.#listeners.add(type, listener);
    return () => this.off(type, listener);
  }

  /** Stops a listener. */
  off<T extends CacheEventType>(type: T, listener: CacheListener<T>): void {
    this.#listeners.remove(type, listener);
  }

  /** What the cache has done since it was made, or since `resetStats()`: with `enableStats: false`, only what is there now. */
  stats(): CacheStats {
    return statsOf(this.#engine, this.name);
  }

  /** Begins to count anew. What is there now, such as entries and pending invalidations, stays. */
  resetStats(): void {
    resetStats(this.#engine);
  }

  /**
   * Whether the cache can do its work. Asks every tier outside the process.
   * @param options.warn adds reasons where a tier is fuller, or the hit rate lower, than it says
   */
  async health(options: HealthOptions = {}): Promise<CacheHealth> {
    return healthOf(this.#engine, this.#closing === undefined, checkHealthOptions(options));
  }

  /** Refuses new work, waits for running refreshes up to a deadline, aborts the rest. Calling it again changes nothing. */
  async close(options: CloseOptions = {}): Promise<void> {
    checkObject<CloseOptions>(options, ["timeout"], "options");
    const timeoutMs = durationOr(options.timeout, this.#settings.closeTimeoutMs, "options.timeout");
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #get(key: string, second: Refresh | GetOptions | undefined, third: GetOptions | undefined): Promise<unknown> {
    try {
      const [refresh, options] = splitArguments(second, third);
      const target = this.#target(key, options);
      if (refresh === undefined) return Promise.resolve(peekAnywhere(this.#engine, target));
      return this.#settings.enabled
        ? readThrough(this.#engine, target, refresh)
        : callRefresh(this.#engine, target, refresh);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #getSync(key: string, second: SyncRefresh | GetOptions | undefined, third: GetOptions | undefined): unknown {
    const [refresh, options] = splitArguments(second, third);
    const target = this.#target(key, options);
    if (refresh === undefined) return peek(this.#engine, target);
    const read = this.#settings.enabled ? readThroughSync : callRefreshSync;
    return read(this.#engine, target, refresh);
  }

  async #invalidateTags(tags: readonly string[], soft: boolean): Promise<MutationResult> {
    this.#assertOpen();
    const names = checkNames(tags, "tags", this.#settings.call.maxNameBytes);
    return RESULTS[await invalidation.invalidateTags(this.#engine, names, soft)];
  }

  #put(targets: readonly Target[], values: readonly unknown[]): Promise<MutationResult> {
    const { validate } = this.#settings;
    if (validate !== undefined) return putValidated(this.#engine, targets, values, validate, toResult);
    const result = put(this.#engine, targets, values, toResult);
    return result instanceof Promise ? result : Promise.resolve(result);
  }

  #target(key: string, options: GetOptions<never> | undefined): Target {
    return this.#targets.of(key, this.#openSettings(options));
  }

  #fullKey({ key, settings: { namespace } }: Target): string {
    return fullKey(keyRoot(this.#settings.name, this.#settings.version), namespace, key);
  }

  #allTargets(keys: readonly string[], options: GetOptions<never> | undefined): readonly Target[] {
    return this.#targets.ofAll(keys, this.#openSettings(options));
  }

  #openSettings(options: GetOptions<never> | undefined): CallSettings {
    this.#assertOpen();
    return this.#targets.settings(options);
  }

  #namespaceName(namespace: string | undefined): string | undefined {
    this.#assertOpen();
    return this.#targets.namespace(namespace);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new CacheError("closed", `cache ${this.name} must be open, but was closed`);
  }

  async #close(timeoutMs: Milliseconds): Promise<void> {
    this.#fast.close();
    this.#stopCleanup?.();
    await drain(this.#engine, timeoutMs);
  }

  #scheduleCleanup(): void {
    const { clock, cleanupIntervalMs } = this.#settings;
    this.#stopCleanup = clock.schedule(cleanupIntervalMs, () => {
      sweep(this.#engine);
      this.#scheduleCleanup();
    });
  }
}

const toResult = (settled: MutationResult["authority"]): MutationResult => RESULTS[settled];

async function* toAsync<T>(values: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* values;
}
