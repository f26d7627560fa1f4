// @Cached: a method whose results are kept in a cache.

import { type CachedCall, type CachedOptions, planCalls, type PlanCall } from "./cached-call.ts";
import { callTextCompiler } from "./call-text.ts";
import { type Method, methodDecorator, type Site } from "./method-decorator.ts";
import type { AsyncMethodDecorator, KeySource } from "./types.ts";

/** How the wrappers plan their calls, for wrappers that are called by an overriding method. */
const plans = new WeakMap<object, PlanCall>();

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
  plans.set(wrapper, plan);
  return wrapper;
}

/**
 * Whether a call comes, by `super`, from inside the flight of its own key: from a method that overrides this one and is
 * cached under the same key. All overriding methods stand before this one on the prototype chain.
 */
function isPartOf(
  call: CachedCall,
  self: unknown,
  args: unknown[],
  property: string | symbol,
  wrapper: Method,
): boolean {
  if ((self as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[property] === wrapper) return false;
  for (let holder = toObject(self); holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const found: unknown = Object.getOwnPropertyDescriptor(holder, property)?.value;
    if (found === wrapper) return false;
    const plan = typeof found === "function" ? plans.get(found) : undefined;
    if (plan !== undefined && plansSame(plan, self, args, call)) return true;
  }
  return false;
}

/** An overriding method may take other arguments, of which these here make no key: then it is not the same. */
function plansSame(plan: PlanCall, self: unknown, args: unknown[], call: CachedCall): boolean {
  try {
    const outer = plan(self, args);
    return outer.key === call.key && outer.cache === call.cache && outer.options.namespace === call.options.namespace;
  } catch {
    return false;
  }
}

function toObject(self: unknown): object | null {
  return self === null || self === undefined ? null : (Object(self) as object);
}
