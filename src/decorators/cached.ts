// @Cached: a method whose results are kept in a cache.

import { type CachedOptions, planCalls } from "./cached-call.ts";
import { callTextCompiler } from "./call-text.ts";
import { type Method, methodDecorator, type Site } from "./method-decorator.ts";
import { isPartOf, notePlan } from "./overriding.ts";
import type { AsyncMethodDecorator, KeySource } from "./types.ts";

/**
 * Keeps the results of an asynchronous method: `@Cached("product:{id}", { ttl: "5m" })`. A call reads the cache, and
 * runs the method only when `get` needs a refresh; concurrent calls with one key share one run and its rejection.
 * The method's errors reach the caller unwrapped. A result `undefined` is not kept.
 *
 * Names in templates are resolved once, when the class is defined: from the option `params`, or from the method's
 * source. In code that a minifier renames, use indexes (`{0}`), `params` or a key function.
 *
 * When an overriding method, cached under the same key, calls `super.method()`, the inner call runs uncached: it is
 * part of the flight of that key and would wait for itself.
 *
 * @param key a template, or a function of the arguments, called with the method's `this`
 * @throws CacheError when the class is defined: `invalid_key_template`, `invalid_option`, or `invalid_decorator` on
 * anything but a method that may return a promise. A call rejects with `invalid_key_argument` when an argument cannot
 * be part of a key, with `not_initialized` when there is no cache yet
 */
export function Cached<const Key extends KeySource, Result = unknown>(
  key: Key,
  options: CachedOptions<Result> = {},
): AsyncMethodDecorator<Key, Result> {
  const decorate = methodDecorator("@Cached", (method, site) => wrap(method, site, key, options));
  return decorate as AsyncMethodDecorator<Key, Result>;
}

function wrap<Result>(method: Method, site: Site, key: KeySource, options: CachedOptions<Result>): Method {
  const plan = planCalls(callTextCompiler(method, site, options.params), key, options);
  // No async function: it would cost a promise more on every hit.
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    try {
      const call = plan(this, args);
      const run = (): unknown => Reflect.apply(method, this, args);
      if (!site.isPrivate && isPartOf(call, this, args, site.property, wrapper)) return run();
      return call.cache.get(call.key, run, call.options);
    } catch (error) {
      return Promise.reject(error);
    }
  };
  notePlan(wrapper, plan);
  return wrapper;
}
