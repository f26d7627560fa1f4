// Types of the decorators: what can be a key, what a method must look like, and where the cache comes from.

import type { TieredCacheManager } from "../manager.ts";

/** A method that can be decorated: one that returns a promise. */
export type AsyncMethod<Result = unknown> = (...args: never[]) => Promise<Result>;

/** A method that `@CachedSync` takes: one that returns no promise. */
export type SyncMethod<Result = unknown> = (...args: never[]) => Result;

/** Makes a key from the method's arguments, called with the method's `this`. It must return the same text each time. */
export type KeyFunction = (...args: never[]) => string;

/** A key: a template such as `"product:{id}"`, or a function of the arguments. */
export type KeySource = string | KeyFunction;

/** The part of a cache that decorators use. */
export type DecoratorCache = Pick<
  TieredCacheManager,
  "get" | "getSync" | "deleteMany" | "invalidateTags" | "clearNamespace"
>;

/** Finds the cache of an object, at each call; for caches that come by dependency injection. */
// Written as a method so that a function of a narrower type, `(self: ProductService) => self.cache`, is accepted.
export type CacheOfSelf = { find(self: object): DecoratorCache }["find"];

/** What all decorators can be told. */
export interface DecoratorOptions {
  /** The cache, or how to find it. Default: that of the registry at the time of the call. */
  readonly cache?: DecoratorCache | CacheOfSelf | undefined;
  /**
   * The method's parameter names in order, for templates with names. Default: read from the method's source, which is
   * unsafe where a minifier renames parameters.
   */
  readonly params?: readonly string[] | undefined;
}

/** Resolves to `unknown` when a key function takes the method's arguments, else to a text for the compiler to show. */
export type KeyFits<Key, Method> = Key extends KeyFunction
  ? Method extends (...args: infer Args) => unknown
    ? Key extends (...args: Args) => string
      ? unknown
      : "the key function must accept the parameters of the method"
    : unknown
  : unknown;

/** Resolves to `unknown` for a method that returns no promise, else to a text for the compiler to show. */
export type ReturnsAtOnce<Method extends SyncMethod> = 0 extends 1 & ReturnType<Method>
  ? unknown
  : [Extract<ReturnType<Method>, PromiseLike<unknown>>] extends [never]
    ? unknown
    : "the method must not return a promise: use @Cached";

/**
 * Decorates synchronous methods, in both flavours.
 * @throws CacheError `invalid_decorator` or `invalid_key_template` when the class is defined
 */
export interface SyncMethodDecorator<Key extends KeySource = string, Result = unknown> {
  <Method extends SyncMethod<Result>>(
    method: Method & KeyFits<Key, Method> & ReturnsAtOnce<Method>,
    context: ClassMethodDecoratorContext,
  ): Method;
  <Method extends SyncMethod<Result>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<Method & KeyFits<Key, Method> & ReturnsAtOnce<Method>>,
  ): TypedPropertyDescriptor<Method>;
}

/**
 * Decorates asynchronous methods, in both flavours: standard decorators, and `experimentalDecorators`.
 * @throws CacheError `invalid_decorator` or `invalid_key_template` when the class is defined
 */
export interface AsyncMethodDecorator<Key extends KeySource = string, Result = unknown> {
  <Method extends AsyncMethod<Result>>(
    method: Method & KeyFits<Key, Method>,
    context: ClassMethodDecoratorContext,
  ): Method;
  <Method extends AsyncMethod<Result>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<Method & KeyFits<Key, Method>>,
  ): TypedPropertyDescriptor<Method>;
}
