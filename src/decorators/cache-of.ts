// cacheOf: what can be done with the results of one cached method, besides calling it.

import type { CallVerbs } from "../call-verbs.ts";
import { CacheError, show } from "../errors.ts";
import type { DeleteResult } from "../results.ts";
import { type CachedMethod, cachedMethodOf, ownMethods } from "./methods.ts";
import { type Method, placeOf } from "./site.ts";
import type { AnyMethod } from "./types.ts";

/** The results of an asynchronous cached method. Everything takes the arguments of a call. */
export interface CacheHandle<Args extends readonly unknown[], Result> {
  /** The key of a call. */
  key(...args: Args): string;
  /** Calls the method: from the cache, or by running it. */
  get(...args: Args): Promise<Result>;
  /** What is cached, fresh or stale; `undefined` without it. The method is not run. */
  peek(...args: Args): Promise<Result | undefined>;
  /** Ends the cached result. */
  invalidate(...args: Args): Promise<DeleteResult>;
  /** Runs the method, whatever is cached, and caches its result; or joins the run there is. */
  refresh(...args: Args): Promise<Result>;
}

/** The same for a method of `@CachedSync`. */
export interface SyncCacheHandle<Args extends readonly unknown[], Result> {
  /** The key of a call. */
  key(...args: Args): string;
  /** Calls the method: from the cache, or by running it. */
  get(...args: Args): Result;
  /** What is cached, fresh or stale; `undefined` without it. The method is not run. */
  peek(...args: Args): Result | undefined;
  /** Ends the cached result, in memory; a shared tier is told in the background. */
  invalidate(...args: Args): DeleteResult;
  /** Runs the method, whatever is cached, and caches its result. */
  refresh(...args: Args): Result;
}

/** The handle of a method. */
export type HandleOf<M> = M extends (...args: infer Args) => infer Result
  ? [Result] extends [PromiseLike<infer Value>]
    ? CacheHandle<Args, Value>
    : SyncCacheHandle<Args, Result>
  : never;

/** Names of the methods of an object. */
export type MethodNames<Self> = { [Name in keyof Self]-?: Self[Name] extends AnyMethod ? Name : never }[keyof Self];

/**
 * The results of a cached method of an object, or of a class where it is static: `cacheOf(products, "find").invalidate(7)`.
 * A `#private` method, which has no name outside, is given itself: `cacheOf(this, this.#find)`. Without an object,
 * `cacheOf(products.find)` is for methods whose key, cache and body need no `this`: whatever asks for it fails.
 * @throws CacheError `invalid_argument` for a method that is not cached, and for a template with `this` and no object
 */
export function cacheOf<M extends AnyMethod>(method: M): HandleOf<M>;
export function cacheOf<M extends AnyMethod>(self: object, method: M): HandleOf<M>;
// The usual one comes last, because it is the last of which the compiler says what is wrong.
export function cacheOf<Self extends object, Name extends MethodNames<Self>>(
  self: Self,
  name: Name,
): HandleOf<Self[Name]>;
export function cacheOf(...given: readonly [unknown, unknown?]): unknown {
  const [first, second] = given;
  if (given.length === 1) return handle(unbound(first), first as Method, NO_OBJECT);
  if ((typeof first !== "object" || first === null) && typeof first !== "function") {
    throw new CacheError("invalid_argument", `cacheOf must be given an object or a class, got ${show(first)}`);
  }
  const fn: unknown = typeof second === "function" ? second : Reflect.get(first, second as string | symbol);
  const method = cachedMethodOf(fn) ?? (typeof second === "function" ? undefined : named(first, second));
  if (method === undefined) throw notCached(second);
  return handle(method, fn as Method, first);
}

/** A cached method below the decorators of others, found by its class. */
function named(self: object, name: unknown): CachedMethod | undefined {
  for (let holder: object | null = self; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const found = ownMethods(holder).find(({ site }) => site.property === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unbound(fn: unknown): CachedMethod {
  const method = cachedMethodOf(fn);
  if (method === undefined) throw notCached(fn);
  if (!method.needsThis) return method;
  const name = placeOf(method.site);
  const rule = `must be given an object for ${name}, whose templates have properties of this`;
  throw new CacheError("invalid_argument", `cacheOf ${rule}: cacheOf(object, ${show(method.site.property)})`);
}

function notCached(found: unknown): CacheError {
  return new CacheError("invalid_argument", `cacheOf must be given a method with @Cached, got ${show(found)}`);
}

/** The `this` of a handle without an object. */
const NO_OBJECT: object = new Proxy(
  {},
  {
    get: (_target, property) => refuseThis(property),
    has: (_target, property) => refuseThis(property),
    set: (_target, property) => refuseThis(property),
  },
);

function refuseThis(property: string | symbol): never {
  const rule = `must be given an object for a method that needs this.${String(property)}`;
  throw new CacheError("invalid_argument", `cacheOf ${rule}: cacheOf(object, name), got the method alone`);
}

function handle({ verbs, planFor }: CachedMethod, fn: Method, self: object): unknown {
  const bound =
    (verb: keyof CallVerbs) =>
    (...args: unknown[]): unknown =>
      verbs[verb](self, args);
  return Object.freeze({
    key: (...args: unknown[]) => planFor(self).keyOf(self, args),
    // The method itself, with all decorators above it; without an object nothing can be above it.
    get: self === NO_OBJECT ? bound("call") : (...args: unknown[]): unknown => Reflect.apply(fn, self, args),
    peek: bound("peek"),
    invalidate: bound("invalidate"),
    refresh: bound("refresh"),
  });
}
