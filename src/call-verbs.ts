// The verbs of one cached function: what a call, a look, an invalidation and a refresh ask of the cache.

import { type AnyFunction, type CallPlan, optionsFor } from "./model/call-plan.ts";
import type { GetOptions } from "./model/call-options.ts";
import type { KeyFromCall } from "./model/key-template.ts";
import type { TieredCacheManager } from "./manager.ts";
import type { DeleteResult } from "./results.ts";

/** The part of a cache that cached functions use. */
export type CallCache = Pick<TieredCacheManager, "get" | "getSync" | "delete" | "deleteSync"> &
  Partial<Pick<TieredCacheManager, "freshHit">>;

/** Everything that is asked at a call of one function. */
export interface FunctionPlan extends CallPlan {
  readonly isEnabled: boolean;
  /** The cache of all calls; `undefined` where it depends on the call. */
  readonly cache: CallCache | undefined;
  /** The cache for the `this` of a call. @throws CacheError where there is none yet */
  readonly cacheFor: (self: unknown) => CallCache;
  readonly keyOf: KeyFromCall;
  /** Makes sure that no other function uses the keys of this one. @throws CacheError `invalid_decorator` */
  readonly claim: ((cache: CallCache) => void) | undefined;
}

/** One call, as the cache will see it. */
export interface PlannedCall {
  readonly cache: CallCache;
  readonly key: string;
  readonly options: GetOptions | undefined;
}

/** Takes the `this` and the arguments of a call. */
type Verb = (self: unknown, args: unknown[]) => unknown;

/** Verbs of a function. */
export interface CallVerbs {
  readonly call: Verb;
  readonly peek: Verb;
  readonly invalidate: Verb;
  readonly refresh: Verb;
}

const NOTHING: DeleteResult = Object.freeze({ authority: "none", existed: false });

/** Whether a call uses the cache at all. */
export function isCached(plan: FunctionPlan, self: unknown, args: readonly unknown[]): boolean {
  return plan.isEnabled && (plan.condition === undefined || plan.condition(self, args));
}

/** The cache of a call. @throws CacheError where there is none yet, or another function uses its keys */
export function cacheFor(plan: FunctionPlan, self: unknown): CallCache {
  const cache = plan.cache ?? plan.cacheFor(self);
  if (plan.claim !== undefined) plan.claim(cache);
  return cache;
}

/** What a call asks. @throws CacheError when it has no key, or no cache yet */
export function planCall(plan: FunctionPlan, self: unknown, args: readonly unknown[]): PlannedCall {
  const cache = cacheFor(plan, self);
  return { cache, key: plan.keyOf(self, args), options: optionsFor(plan, self, args) };
}

/**
 * The verbs of a function. Of one that returns a promise, what goes wrong is a rejection; of a synchronous one, it is
 * thrown.
 */
export function verbsOf(fn: AnyFunction, planFor: (self: unknown) => FunctionPlan, isSync: boolean): CallVerbs {
  const get = (isSync ? "getSync" : "get") as "get";
  const remove = isSync ? "deleteSync" : "delete";
  const read = (self: unknown, args: unknown[], more?: GetOptions): unknown => {
    const plan = planFor(self);
    if (!isCached(plan, self, args)) return Reflect.apply(fn, self, args);
    const { cache, key, options } = planCall(plan, self, args);
    const all = more === undefined ? options : { ...options, ...more };
    return cache[get](key, plan.refreshOf(fn, self, args), all);
  };
  const settle = isSync ? (verb: Verb): Verb => verb : asPromise;
  return {
    call: settle((self, args) => read(self, args)),
    refresh: settle((self, args) => read(self, args, FORCED)),
    peek: settle((self, args) => {
      const plan = planFor(self);
      if (!isCached(plan, self, args)) return undefined;
      const { cache, key, options } = planCall(plan, self, args);
      return cache[get](key, options);
    }),
    invalidate: settle((self, args) => {
      const plan = planFor(self);
      if (!plan.isEnabled) return NOTHING;
      const { cache, key, options } = planCall(plan, self, args);
      return cache[remove](key, { namespace: options?.namespace });
    }),
  };
}

/** No async function: it would cost a promise more on every hit. */
function asPromise(verb: Verb): Verb {
  return (self, args) => {
    try {
      const settled = verb(self, args);
      return settled instanceof Promise ? settled : Promise.resolve(settled);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** The wrapped function: a call, with the other verbs as its properties. */
export function withVerbs({ keyOf }: Pick<FunctionPlan, "keyOf">, verbs: CallVerbs): unknown {
  return Object.assign((...args: unknown[]) => verbs.call(undefined, args), {
    key: (...args: unknown[]) => keyOf(undefined, args),
    peek: (...args: unknown[]) => verbs.peek(undefined, args),
    invalidate: (...args: unknown[]) => verbs.invalidate(undefined, args),
    refresh: (...args: unknown[]) => verbs.refresh(undefined, args),
  });
}

const FORCED: GetOptions = Object.freeze({ forceRefresh: true });
