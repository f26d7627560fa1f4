// wrap: plain functions answered from the cache, with all that decorators know.

import { type FunctionPlan, verbsOf, withVerbs } from "../call-verbs.ts";
import { badInput } from "../errors.ts";
import { type AnyFunction, checkFunctionOptions, planCalls } from "../model/call-plan.ts";
import type { FunctionOptions, Given } from "../model/function-options.ts";
import type { KeyOf, Wrapped } from "../wrap.ts";
import { findCache, fixedCache } from "./cache-source.ts";
import { callTextCompiler } from "./call-text.ts";
import { checkName, claimName, escapeName } from "./claims.ts";
import { checkId, defaultKey } from "./default-key.ts";
import { NO_DESIGN_TYPES } from "./metadata.ts";
import { NO_MARKS } from "./parameter-marks.ts";
import type { CacheSource } from "./types.ts";

/** Options of `wrap`: those of `@Cached`, and its key. */
export interface FunctionWrapOptions<A extends readonly unknown[], R> extends FunctionOptions<R, Given<A>> {
  /**
   * A template such as `"user:{id}"`, or a function of the arguments. Default: the function's name, or the `id`, and all
   * arguments.
   */
  readonly key?: string | KeyOf<A> | undefined;
  /** The cache, or a function that finds it. Default: that of `createDecorators`, else the registry's. */
  readonly cache?: CacheSource | undefined;
  /** Without a key: what stands in keys in place of the function's name. */
  readonly id?: string | undefined;
}

/**
 * The same function, answered from the cache: `const find = wrap(readUser, { ttl: "5m" })`. Keys, options and refusals
 * are as with `@Cached`; `cache.wrap` is for those who need no formats, no names and no keys made of arguments.
 * @throws CacheError `invalid_argument`, `invalid_option`, `invalid_key_template`, or `invalid_decorator` for a function
 * without a key and without a name
 */
export function wrap<A extends readonly unknown[], R>(
  fn: (...args: A) => R | PromiseLike<R>,
  options?: FunctionWrapOptions<A, R>,
): Wrapped<A, R> {
  return makeWrap(fn, options, undefined) as Wrapped<A, R>;
}

/** The function, with a cache where the options have none. */
export function makeWrap(fn: unknown, options: object = {}, base: CacheSource | undefined): unknown {
  if (typeof fn !== "function") throw badInput("invalid_argument", "fn", "a function", fn);
  const plan = planFunction(fn as AnyFunction, options, base);
  return withVerbs(
    plan,
    verbsOf(fn as AnyFunction, () => plan, false),
  );
}

function planFunction(
  fn: AnyFunction,
  options: FunctionWrapOptions<unknown[], unknown>,
  base: CacheSource | undefined,
): FunctionPlan {
  checkFunctionOptions(options, ["key", "cache", "id"]);
  const { key, cache, id, params, enabled = true } = options;
  checkId(id);
  const texts = callTextCompiler({ method: fn, types: NO_DESIGN_TYPES, marks: NO_MARKS, params });
  const named = key === undefined ? nameKey(fn, id) : { keyOf: texts.compile(key, "key"), claim: undefined };
  const calls = planCalls(options, texts.compileTemplate);
  return {
    ...calls,
    ...named,
    isEnabled: enabled,
    cache: fixedCache(cache, base),
    cacheFor: findCache(cache, base),
  };
}

function nameKey(fn: AnyFunction, id: string | undefined): Pick<FunctionPlan, "keyOf" | "claim"> {
  if (id === undefined) checkName(fn.name, "function", "an id");
  const prefix = escapeName(id ?? fn.name);
  return {
    keyOf: defaultKey(prefix, id ?? fn.name, NO_MARKS.ignored),
    claim: (cache) => claimName(cache, prefix, fn),
  };
}
