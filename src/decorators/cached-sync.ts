// @CachedSync: a synchronous method whose results are kept in a cache.

import { type CachedOptions, planCalls } from "./cached-call.ts";
import { callTextCompiler } from "./call-text.ts";
import { type Method, methodDecorator, type Site } from "./method-decorator.ts";
import { isPartOf, notePlan } from "./overriding.ts";
import type { KeySource, SyncMethodDecorator } from "./types.ts";

/**
 * `@Cached` for a method that returns its result at once: `@CachedSync("price:{id}", { ttl: "5m" })`. A call runs the
 * method when `getSync` needs a refresh, and throws what it throws. A method may call itself with other arguments; with
 * its own it would never end, and gets an error instead. Keys, options and overriding are as with `@Cached`; what
 * options say about waiting means nothing here.
 *
 * @param key a template, or a function of the arguments, called with the method's `this`
 * @throws CacheError when the class is defined: `invalid_key_template`, `invalid_option`, or `invalid_decorator` on
 * anything but a method, and on one that returns a promise. A call throws `invalid_key_argument` when an argument cannot
 * be part of a key, `not_initialized` when there is no cache yet, `cycle` when a run of the method needs its own result,
 * `invalid_argument` when it turns out to return a promise
 */
export function CachedSync<const Key extends KeySource, Result = unknown>(
  key: Key,
  options: CachedOptions<Result> = {},
): SyncMethodDecorator<Key, Result> {
  const decorate = methodDecorator("@CachedSync", (method, site) => wrap(method, site, key, options), "value");
  return decorate as SyncMethodDecorator<Key, Result>;
}

function wrap<Result>(method: Method, site: Site, key: KeySource, options: CachedOptions<Result>): Method {
  const plan = planCalls(callTextCompiler(method, site, options.params), key, options);
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const call = plan(this, args);
    const run = (): unknown => Reflect.apply(method, this, args);
    if (!site.isPrivate && isPartOf(call, this, args, site.property, wrapper)) return run();
    return call.cache.getSync(call.key, run, call.options);
  };
  notePlan(wrapper, plan);
  return wrapper;
}
