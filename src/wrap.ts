// Wrapping plain functions: the same function, answered from the cache.

import { badInput, CacheError } from "./errors.ts";
import { compileKeyTemplate } from "./model/key-template.ts";
import type { GetOptions, NamespaceOption } from "./model/call-options.ts";
import type { DeleteResult } from "./results.ts";
import type { TieredCacheManager } from "./manager.ts";

/** Options of `wrap`. */
export interface WrapOptions<A extends readonly unknown[], R> extends GetOptions<R> {
  /** The key of a call: a function of the arguments, or a template such as `"user:{0}"` with their positions. */
  readonly key: string | KeyOf<A>;
}

/** Makes a key of arguments. A method's type, so that the key function does not narrow those of the function. */
type KeyOf<A extends readonly unknown[]> = { of(...args: NoInfer<A>): string }["of"];

/** A function that answers from the cache. */
export interface Wrapped<A extends readonly unknown[], R> {
  (...args: A): Promise<R>;
  /** The key of a call. */
  key(...args: A): string;
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
  /** Ends the cached result of a call, in memory; a shared tier is told in the background. */
  invalidate(...args: A): DeleteResult;
  /** Calls the function, whatever is cached, and caches its result. */
  refresh(...args: A): R;
}

/** @throws CacheError `invalid_argument`, or `invalid_key_template` */
export function wrapFunction<A extends readonly unknown[], R>(
  cache: TieredCacheManager,
  fn: (...args: A) => R | PromiseLike<R>,
  options: WrapOptions<A, R>,
): Wrapped<A, R> {
  const { keyOf, getOptions, of } = readOptions(fn, options);
  const wrapped = async (...args: A): Promise<R> => cache.get(keyOf(...args), () => fn(...args), getOptions);
  return Object.assign(wrapped, {
    key: keyOf,
    invalidate: async (...args: A) => cache.delete(keyOf(...args), of),
    refresh: async (...args: A) => cache.get(keyOf(...args), () => fn(...args), { ...getOptions, forceRefresh: true }),
  });
}

/** @throws CacheError `invalid_argument`, or `invalid_key_template` */
export function wrapSyncFunction<A extends readonly unknown[], R>(
  cache: TieredCacheManager,
  fn: (...args: A) => R,
  options: WrapOptions<A, R>,
): WrappedSync<A, R> {
  const { keyOf, getOptions, of } = readOptions(fn, options);
  const forced = { ...getOptions, forceRefresh: true };
  // That it returns no promise is for the caller's compiler to see, and for the cache.
  const read = (key: string, refresh: () => unknown, callOptions: GetOptions<R>): R =>
    cache.getSync(key, refresh, callOptions as GetOptions) as R;
  const wrapped = (...args: A): R => read(keyOf(...args), () => fn(...args), getOptions);
  return Object.assign(wrapped, {
    key: keyOf,
    invalidate: (...args: A) => cache.deleteSync(keyOf(...args), of),
    refresh: (...args: A) => read(keyOf(...args), () => fn(...args), forced),
  });
}

/** What a wrapped function needs, taken out of its options once. */
interface Plan<A extends readonly unknown[], R> {
  readonly keyOf: (...args: A) => string;
  readonly getOptions: GetOptions<R>;
  readonly of: NamespaceOption;
}

function readOptions<A extends readonly unknown[], R>(fn: unknown, options: WrapOptions<A, R>): Plan<A, R> {
  if (typeof fn !== "function") throw badInput("invalid_argument", "fn", "a function", fn);
  if (typeof options !== "object" || options === null) {
    throw badInput("invalid_argument", "options", "an object with a key", options);
  }
  const { key, ...getOptions } = options;
  return { keyOf: toKeyFunction(key), getOptions, of: { namespace: getOptions.namespace } };
}

function toKeyFunction<A extends readonly unknown[]>(key: string | ((...args: A) => string)): (...args: A) => string {
  if (typeof key === "function") return key;
  if (typeof key !== "string" || key === "") {
    throw new CacheError("invalid_argument", "wrap options.key must be a template or a function of the arguments");
  }
  const compiled = compileKeyTemplate(key, []);
  return (...args) => compiled(undefined, args);
}
