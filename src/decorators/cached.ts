// @Cached: a method whose results are kept in a cache.

import { cacheMethod, readGiven } from "./cached-method.ts";
import { assertCalled, methodDecorator } from "./method-decorator.ts";
import type { CachedDecorator } from "./method-types.ts";
import type { CachedOptions, CacheSource, KeySource } from "./types.ts";

/**
 * Keeps the results of an asynchronous method: `@Cached("product:{id}", { ttl: "5m" })`. A call reads the cache, and
 * runs the method only when `get` needs a refresh; concurrent calls with one key share one run and its rejection.
 * The method's errors reach the caller unwrapped. A result `undefined` is not kept.
 *
 * Names in templates are resolved once, when the class is defined: from `@KeyParam`, from the option `params`, or from
 * the method's source. In code that a minifier renames, use one of the first two, indexes (`{0}`) or a key function.
 *
 * Without a key, a call is known by the names of its class and method, and all its arguments, never by its object. The
 * class's name is read at the first call; one of one or two letters is refused, and so is a second class of that name on
 * one cache, unless there is an `id`.
 *
 * An AbortSignal among the arguments, or as `signal` of an object of options, bounds how long this caller waits. The
 * method gets in its place the signal that aborts when the last of its callers has left.
 *
 * When an overriding method, cached under the same key, calls `super.method()`, the inner call runs uncached: it is
 * part of the flight of that key and would wait for itself.
 *
 * @param key a template, or a function of the arguments, called with the method's `this`
 * @throws CacheError when the class is defined: `invalid_key_template`, `invalid_option`, or `invalid_decorator` on
 * anything but a method that may return a promise. A call rejects with `invalid_key_argument` when an argument cannot
 * be part of a key, with `invalid_decorator` without a name to make keys of, with `not_initialized` when there is no
 * cache yet
 */
export function Cached<const Options extends CachedOptions>(options?: Options): CachedDecorator<undefined, Options>;
export function Cached<const Key extends KeySource | undefined, const Options extends CachedOptions>(
  key: Key,
  options?: Options,
): CachedDecorator<Key, Options>;
export function Cached(first?: unknown, second?: unknown): CachedDecorator {
  return makeCached(first, second, undefined);
}

/** The decorator, with a cache where the options have none. */
export function makeCached(first: unknown, second: unknown, base: CacheSource | undefined): CachedDecorator {
  assertCalled("@Cached", second);
  const given = readGiven(first, second, base);
  const decorate = methodDecorator("@Cached", (method, site) => cacheMethod(method, site, given, false));
  return decorate as CachedDecorator;
}
