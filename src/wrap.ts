// Wrapping plain functions: the same function, answered from the cache.

import { type FunctionPlan, verbsOf, withVerbs } from "./call-verbs.ts";
import { badInput, CacheError } from "./errors.ts";
import { type AnyFunction, checkFunctionOptions, planCalls } from "./model/call-plan.ts";
import type { FunctionOptions, Given } from "./model/function-options.ts";
import { compileText, type KeyFromCall, toKey } from "./model/key-template.ts";
import type { DeleteResult } from "./results.ts";
import type { TieredCacheManager } from "./manager.ts";

/** Options of `wrap`. */
export interface WrapOptions<A extends readonly unknown[], R> extends FunctionOptions<R, Given<A>> {
  /** The key of a call: a function of the arguments, or a template such as `"user:{0}"` with their positions. */
  readonly key: string | KeyOf<A>;
}

/** Makes a key of arguments. A method's type, so that the key function does not narrow those of the function. */
export type KeyOf<A extends readonly unknown[]> = { of(...args: Given<A>): string }["of"];

/** A function that answers from the cache. */
export interface Wrapped<A extends readonly unknown[], R> {
  (...args: A): Promise<R>;
  /** The key of a call. */
  key(...args: A): string;
  /** What is cached for a call, fresh or stale; `undefined` without it. The function is not called. */
  peek(...args: A): Promise<R | undefined>;
  /** Ends the cached result of a call. */
  invalidate(...args: A): Promise<DeleteResult>;
  /** Calls the function, whatever is cached, and caches its result; or joins the call that is running. */
  refresh(...args: A): Promise<R>;
}

/** A synchronous function that answers from the cache. */
export interface WrappedSync<A extends readonly unknown[], R> {
  (...args: A): R;
  /** The key of a call. */
  key(...args: A): string;
  /** What is cached for a call, fresh or stale; `undefined` without it. The function is not called. */
  peek(...args: A): R | undefined;
  /** Ends the cached result of a call, in memory; a shared tier is told in the background. */
  invalidate(...args: A): DeleteResult;
  /** Calls the function, whatever is cached, and caches its result. */
  refresh(...args: A): R;
}

/** @throws CacheError `invalid_argument`, `invalid_option` or `invalid_key_template` */
export function wrapFunction<A extends readonly unknown[], R>(
  cache: TieredCacheManager,
  fn: (...args: A) => R | PromiseLike<R>,
  options: WrapOptions<A, R>,
): Wrapped<A, R> {
  const plan = planWrap(cache, fn, options);
  return withVerbs(
    plan,
    verbsOf(fn as unknown as AnyFunction, () => plan, false),
  ) as Wrapped<A, R>;
}

/** @throws CacheError `invalid_argument`, `invalid_option` or `invalid_key_template` */
export function wrapSyncFunction<A extends readonly unknown[], R>(
  cache: TieredCacheManager,
  fn: (...args: A) => R,
  options: WrapOptions<A, R>,
): WrappedSync<A, R> {
  const plan = planWrap(cache, fn, options);
  return withVerbs(
    plan,
    verbsOf(fn as unknown as AnyFunction, () => plan, true),
  ) as WrappedSync<A, R>;
}

function planWrap(cache: TieredCacheManager, fn: unknown, options: object): FunctionPlan {
  if (typeof fn !== "function") throw badInput("invalid_argument", "fn", "a function", fn);
  if (typeof options !== "object" || options === null) {
    throw badInput("invalid_argument", "options", "an object with a key", options);
  }
  checkFunctionOptions(options, ["key"]);
  const { key, params = [], enabled = true } = options as WrapOptions<unknown[], unknown>;
  const compile = (template: unknown): KeyFromCall | string => compileText(template as string, params);
  return {
    ...planCalls(options, compile),
    isEnabled: enabled,
    cache,
    cacheFor: () => cache,
    keyOf: toKeyFunction(key, compile),
    claim: undefined,
  };
}

function toKeyFunction(key: unknown, compile: (template: unknown) => KeyFromCall | string): KeyFromCall {
  if (typeof key === "function") return (_self, args) => Reflect.apply(key, undefined, args) as string;
  if (typeof key === "string" && key !== "") return toKey(compile(key));
  const hint = "wrap of freshtier/decorators makes one of the function's name";
  throw new CacheError(
    "invalid_argument",
    `wrap options.key must be a template or a function of the arguments (${hint})`,
  );
}
