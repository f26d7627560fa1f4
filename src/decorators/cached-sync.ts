// @CachedSync: a synchronous method whose results are kept in a cache.

import { cacheMethod, readGiven } from "./cached-method.ts";
import { assertCalled, methodDecorator } from "./method-decorator.ts";
import type { CachedSyncDecorator } from "./method-types.ts";
import type { CachedOptions, CacheSource, KeySource } from "./types.ts";

/**
 * `@Cached` for a method that returns its result at once: `@CachedSync("price:{id}", { ttl: "5m" })`. A call runs the
 * method when `getSync` needs a refresh, and throws what it throws. A method may call itself with other arguments; with
 * its own it would never end, and gets an error instead. Keys, options and overriding are as with `@Cached`; what
 * options say about waiting means nothing here.
 *
 * @param key a template, or a function of the arguments, called with the method's `this`
 * @throws CacheError when the class is defined: `invalid_key_template`, `invalid_option`, or `invalid_decorator` on
 * anything but a method, and on one that returns a promise. A call throws `invalid_key_argument` when an argument cannot
 * be part of a key, `invalid_decorator` without a name to make keys of, `not_initialized` when there is no cache yet,
 * `cycle` when a run of the method needs its own result, `invalid_argument` when it turns out to return a promise
 */
export function CachedSync<const Options extends CachedOptions>(
  options?: Options,
): CachedSyncDecorator<undefined, Options>;
export function CachedSync<const Key extends KeySource | undefined, const Options extends CachedOptions>(
  key: Key,
  options?: Options,
): CachedSyncDecorator<Key, Options>;
export function CachedSync(first?: unknown, second?: unknown): CachedSyncDecorator {
  return makeCachedSync(first, second, undefined);
}

/** The decorator, with a cache where the options have none. */
export function makeCachedSync(first: unknown, second: unknown, base: CacheSource | undefined): CachedSyncDecorator {
  assertCalled("@CachedSync", second);
  const given = readGiven(first, second, base);
  const decorate = methodDecorator("@CachedSync", (method, site) => cacheMethod(method, site, given, true), "value");
  return decorate as CachedSyncDecorator;
}
