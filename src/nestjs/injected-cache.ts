// The cache that NestJS puts into an object whose methods are decorated, under a symbol.

import { Inject } from "@nestjs/common";
import { badInput, CacheError, show } from "../errors.ts";
import type { DecoratorCache } from "../decorators/types.ts";
import { checkCacheName, getCacheToken } from "./token.ts";

/** An object as NestJS leaves it. */
type Injected = Readonly<Record<symbol, DecoratorCache | undefined>>;

/** Lets NestJS inject a cache into each object of a class, whatever the scope of its provider. */
export function injectCacheInto(prototype: object, name: string | undefined): void {
  Inject(getCacheToken(name))(prototype, propertyOf(name));
}

/**
 * Finds the cache that was injected into an object, at each call.
 * @param decorator that asks, for messages
 */
export function injectedCache(name: string | undefined, decorator: string): (self: object) => DecoratorCache {
  const property = propertyOf(name);
  return (self) => {
    // A method that was taken off its object has none.
    const cache = (self as Injected | undefined)?.[property];
    if (cache !== undefined) return cache;
    throw notInjected(self, name, decorator);
  };
}

/**
 * Gives an object with methods decorated by `freshtier/nestjs` its cache, where NestJS does not: in a unit test, or in
 * a `useFactory`, which injects nothing into what it makes.
 * @param name of the cache that the decorators name. Default: the default cache
 * @returns the object
 * @throws CacheError `invalid_argument`
 * @example
 * const products = bindCache(new ProductService(database), new TieredCacheManager());
 */
export function bindCache<T extends object>(object: T, cache: DecoratorCache, name?: string): T {
  if (typeof object !== "object" || object === null) {
    throw badInput("invalid_argument", "object", "an object with decorated methods", object);
  }
  if (typeof (cache as Partial<DecoratorCache> | null | undefined)?.get !== "function") {
    throw badInput("invalid_argument", "cache", "a cache", cache);
  }
  const known = checkCacheName(name, "name", "invalid_argument");
  return Object.assign(object, { [propertyOf(known)]: cache });
}

/**
 * Registered, so that two copies of this package in one process mean the same. When it is missing, NestJS 11 shows the
 * user nothing but its description.
 */
function propertyOf(name: string | undefined): symbol {
  return Symbol.for(`${name === undefined ? "default cache" : `cache ${name}`} of freshtier's TieredCacheModule`);
}

function notInjected(self: object | undefined, name: string | undefined, decorator: string): CacheError {
  const owner = self?.constructor?.name ?? show(self);
  const hint = "let NestJS make it, as a class among providers or controllers, or call bindCache()";
  const which = name === undefined ? "the default cache" : `the cache ${JSON.stringify(name)}`;
  const rule = `must be called on an object into which ${which} was injected`;
  return new CacheError("not_initialized", `${decorator} ${rule}: ${hint}, got ${owner}`);
}
