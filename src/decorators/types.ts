// Types of the decorators: what can be a key, which options there are, and where the cache comes from.

import type { FunctionOptions } from "../model/function-options.ts";
import type { TieredCacheManager } from "../manager.ts";

/** Any method. */
export type AnyMethod = (...args: never[]) => unknown;

/** Makes a key from the method's arguments, called with the method's `this`. It must return the same text each time. */
export type KeyFunction = (...args: never[]) => string;

/** A key: a template such as `"product:{id}"`, or a function of the arguments. */
export type KeySource = string | KeyFunction;

/** The part of a cache that decorators use. */
export type DecoratorCache = Pick<
  TieredCacheManager,
  "get" | "getSync" | "delete" | "deleteSync" | "deleteMany" | "invalidateTags" | "clearNamespace"
> &
  Partial<Pick<TieredCacheManager, "freshHit">>;

/** Finds the cache of an object, at each call; for caches that come by dependency injection. */
// Written as a method so that a function of a narrower type, `(self: ProductService) => self.cache`, is accepted.
export type CacheOfSelf = { find(self: object): DecoratorCache }["find"];

/** A cache, or how to find it. */
export type CacheSource = DecoratorCache | CacheOfSelf;

/** What all decorators can be told. */
export interface DecoratorOptions {
  /**
   * The cache, or how to find it. Default: that of `@CacheDefaults`, else that of `createDecorators`, else the
   * registry's at the time of the call.
   */
  readonly cache?: CacheSource | undefined;
  /**
   * The method's parameter names in order, for templates with names. Default: those of `@KeyParam`, else read from the
   * method's source, which is unsafe where a minifier renames parameters.
   */
  readonly params?: readonly string[] | undefined;
  /** `false`: the method just runs; no cache is asked for, so none need be there. Default `true`. */
  readonly enabled?: boolean | undefined;
}

/** Options of `@Cached` and `@CachedSync`: those of `get`, where namespace and tags may be templates, and more. */
export interface CachedOptions<Result = unknown> extends FunctionOptions<Result>, DecoratorOptions {
  /**
   * Without a key: what stands in keys in place of `Class.method`. For classes of one name, and for code whose names a
   * minifier changes.
   */
  readonly id?: string | undefined;
}

/** Options of `@CacheDefaults`: for all decorated methods of a class. */
export interface CacheDefaultsOptions extends Omit<
  CachedOptions,
  "params" | "condition" | "unless" | "refresh" | "tags" | "id"
> {
  /** Templates of properties of `this`. */
  readonly tags?: readonly string[] | undefined;
  /** What stands in keys in place of the name of this very class. */
  readonly id?: string | undefined;
}

/** What a call invalidates. Every text is a template. */
export interface InvalidationTarget {
  /** Keys to delete: templates or functions of the arguments. */
  readonly keys?: KeySource | readonly KeySource[] | undefined;
  readonly tags?: string | readonly string[] | undefined;
  /** A namespace to clear. For the namespace of the keys, see {@link InvalidatesOptions}. */
  readonly namespace?: string | undefined;
}

/** Options of `@Invalidates`. */
export interface InvalidatesOptions extends DecoratorOptions {
  /** The namespace of the keys; a template. Default: that of the class, else that of the cache. */
  readonly namespace?: string | undefined;
}
