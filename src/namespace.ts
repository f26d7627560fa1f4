// A view of one namespace: the verbs of a cache with the namespace and defaults of its own filled in.

import type { GetOptions, KeysOptions, PeekOptions, SetOptions } from "./model/call-options.ts";
import type { Milliseconds } from "./model/duration.ts";
import type { KeyExplanation } from "./model/explanation.ts";
import { literalTemplate } from "./model/key-template-parser.ts";
import type { AtOnce, BatchRefresh, Refresh, SyncRefresh } from "./model/refresh.ts";
import type { EntryView } from "./engine/inspect.ts";
import type { TieredCacheManager } from "./manager.ts";
import type { NamespaceOptions } from "./options.ts";
import type { DeleteManyResult, DeleteResult, MutationResult } from "./results.ts";
import type { Wrapped, WrappedSync, WrapOptions } from "./wrap.ts";

type ViewOptions<O> = Omit<O, "namespace">;

/** A cache as seen from one of its namespaces. Made by `cache.namespace(name, defaults)`; costs next to nothing. */
export class CacheNamespace {
  readonly name: string;
  readonly #cache: TieredCacheManager;
  readonly #defaults: GetOptions;
  readonly #of: { readonly namespace: string };

  constructor(cache: TieredCacheManager, name: string, options: NamespaceOptions<never>) {
    this.name = name;
    this.#cache = cache;
    this.#of = Object.freeze({ namespace: name });
    this.#defaults = Object.freeze({ ...(options as NamespaceOptions), namespace: name });
  }

  /** See {@link TieredCacheManager.get}. */
  get<T = unknown>(key: string, options?: ViewOptions<PeekOptions>): Promise<T | undefined>;
  get<T, S = T>(key: string, refresh: Refresh<T, S>, options?: ViewOptions<GetOptions<T>>): Promise<T>;
  get(key: string, second?: Refresh | ViewOptions<GetOptions>, third?: ViewOptions<GetOptions>): Promise<unknown> {
    if (typeof second === "function") return this.#cache.get(key, second, this.#with(third));
    // As it is, with an argument too many: for the cache to refuse.
    return third === undefined
      ? this.#cache.get(key, this.#with(second))
      : this.#cache.get(key, second as never, third);
  }

  /** See {@link TieredCacheManager.getMany}. */
  getMany<T = unknown>(keys: readonly string[], options?: ViewOptions<PeekOptions>): Promise<(T | undefined)[]>;
  getMany<T, S = T>(
    keys: readonly string[],
    refresh: BatchRefresh<T, S>,
    options?: ViewOptions<GetOptions<T>>,
  ): Promise<(T | undefined)[]>;
  getMany(
    keys: readonly string[],
    second?: BatchRefresh | ViewOptions<GetOptions>,
    third?: ViewOptions<GetOptions>,
  ): Promise<unknown[]> {
    if (typeof second === "function") return this.#cache.getMany(keys, second, this.#with(third));
    return third === undefined
      ? this.#cache.getMany(keys, this.#with(second))
      : this.#cache.getMany(keys, second as never, third);
  }

  /** See {@link TieredCacheManager.getOrSet}. */
  getOrSet<T, S = T>(key: string, refresh: Refresh<T, S>, options?: ViewOptions<GetOptions<T>>): Promise<T> {
    return this.get(key, refresh, options);
  }

  /** See {@link TieredCacheManager.getSync}. */
  getSync<T = unknown>(key: string, options?: ViewOptions<PeekOptions>): T | undefined;
  getSync<T, S = T>(key: string, refresh: SyncRefresh<T, S> & AtOnce<T>, options?: ViewOptions<GetOptions<T>>): T;
  getSync(key: string, second?: SyncRefresh | ViewOptions<GetOptions>, third?: ViewOptions<GetOptions>): unknown {
    if (typeof second === "function") return this.#cache.getSync(key, second, this.#with(third));
    return third === undefined
      ? this.#cache.getSync(key, this.#with(second))
      : this.#cache.getSync(key, second as never, third);
  }

  /** See {@link TieredCacheManager.getEntry}. */
  getEntry<T = unknown>(key: string, options?: ViewOptions<PeekOptions>): Promise<EntryView<T> | undefined> {
    return this.#cache.getEntry<T>(key, this.#with(options));
  }

  /** See {@link TieredCacheManager.explain}. */
  explain(key: string, options?: ViewOptions<PeekOptions>): Promise<KeyExplanation> {
    return this.#cache.explain(key, this.#with(options));
  }

  /** See {@link TieredCacheManager.set}. */
  set<T>(key: string, value: T, options?: ViewOptions<SetOptions<T>>): Promise<MutationResult> {
    return this.#cache.set(key, value, this.#with(options));
  }

  /** See {@link TieredCacheManager.setMany}. */
  setMany<T>(
    entries: Iterable<readonly [string, T]> | Readonly<Record<string, T>>,
    options?: ViewOptions<SetOptions<T>>,
  ): Promise<MutationResult> {
    return this.#cache.setMany(entries, this.#with(options));
  }

  /** See {@link TieredCacheManager.setSync}. */
  setSync<T>(key: string, value: T, options?: ViewOptions<SetOptions<T>>): MutationResult {
    return this.#cache.setSync(key, value, this.#with(options));
  }

  /** See {@link TieredCacheManager.has}. */
  has(key: string, options?: ViewOptions<PeekOptions>): Promise<boolean> {
    return this.#cache.has(key, this.#with(options));
  }

  /** See {@link TieredCacheManager.ttl}. */
  ttl(key: string, options?: ViewOptions<PeekOptions>): Promise<Milliseconds | undefined> {
    return this.#cache.ttl(key, this.#with(options));
  }

  /** See {@link TieredCacheManager.keys}. */
  keys(options: ViewOptions<KeysOptions> = {}): AsyncIterableIterator<string> {
    return this.#cache.keys({ ...options, ...this.#of });
  }

  /** See {@link TieredCacheManager.delete}. */
  delete(key: string): Promise<DeleteResult> {
    return this.#cache.delete(key, this.#of);
  }

  /** The same as `delete`. */
  invalidate(key: string): Promise<DeleteResult> {
    return this.#cache.delete(key, this.#of);
  }

  /** See {@link TieredCacheManager.deleteSync}. */
  deleteSync(key: string): DeleteResult {
    return this.#cache.deleteSync(key, this.#of);
  }

  /** See {@link TieredCacheManager.deleteMany}. */
  deleteMany(keys: readonly string[]): Promise<DeleteManyResult> {
    return this.#cache.deleteMany(keys, this.#of);
  }

  /** See {@link TieredCacheManager.deleteMatching}. */
  deleteMatching(pattern: string): Promise<DeleteManyResult> {
    return this.#cache.deleteMatching(pattern, this.#of);
  }

  /** See {@link TieredCacheManager.markStale}. */
  markStale(key: string): Promise<MutationResult> {
    return this.#cache.markStale(key, this.#of);
  }

  /** Ends all entries of this namespace, in constant time. */
  clear(): Promise<MutationResult> {
    return this.#cache.clearNamespace(this.name);
  }

  /** Turns all entries of this namespace stale, in constant time. */
  markAllStale(): Promise<MutationResult> {
    return this.#cache.markNamespaceStale(this.name);
  }

  /** See {@link TieredCacheManager.wrap}. */
  wrap<A extends readonly unknown[], R>(
    fn: (...args: A) => R | PromiseLike<R>,
    options: WrapOptions<A, R>,
  ): Wrapped<A, R> {
    return this.#cache.wrap(fn, this.#wrapOptions(options));
  }

  /** See {@link TieredCacheManager.wrapSync}. */
  wrapSync<A extends readonly unknown[], R>(
    fn: ((...args: A) => R) & AtOnce<R>,
    options: WrapOptions<A, R>,
  ): WrappedSync<A, R> {
    return this.#cache.wrapSync<A, R>(fn, this.#wrapOptions(options));
  }

  /** Namespace and tags of a wrapped function are templates; those of the view stand for themselves. */
  #wrapOptions<A extends readonly unknown[], R>(options: WrapOptions<A, R>): WrapOptions<A, R> {
    // Left for the cache to refuse.
    if (typeof options !== "object" || options === null) return options;
    const tags = options.tags ?? this.#defaults.tags?.map(literalTemplate);
    return { ...(this.#with(options) as WrapOptions<A, R>), tags, namespace: literalTemplate(this.name) };
  }

  /** The view's defaults under a call's options; an option that is `undefined` leaves the default. */
  #with(options: object | undefined): GetOptions {
    if (options === undefined) return this.#defaults;
    // What is no object at all is left for the cache to refuse.
    if (typeof options !== "object" || options === null) return options;
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    return { ...this.#defaults, ...Object.fromEntries(given), ...this.#of };
  }
}
