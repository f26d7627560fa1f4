// @Cached, @CachedSync and @Invalidates for NestJS: those of `freshtier/decorators`, on a cache that is injected.

import { badInput, CacheError } from "../errors.ts";
import { Cached as CachedIn } from "../decorators/cached.ts";
import type { CachedOptions } from "../decorators/cached-call.ts";
import { CachedSync as CachedSyncIn } from "../decorators/cached-sync.ts";
import {
  Invalidates as InvalidatesIn,
  type InvalidatesOptions,
  type InvalidationTarget,
} from "../decorators/invalidates.ts";
import type { AsyncMethodDecorator, DecoratorCache, KeySource, SyncMethodDecorator } from "../decorators/types.ts";
import { injectCacheInto, injectedCache } from "./injected-cache.ts";
import { checkCacheName } from "./token.ts";

/** Which cache the decorators of `freshtier/nestjs` mean. */
export interface InjectedCacheOption {
  /** The name of the cache, as in `@InjectCache(name)`. Default: the default cache of the application. */
  readonly cache?: string | undefined;
}

/** Options of `@Cached` and `@CachedSync`: those of `freshtier/decorators`, with the cache by its name. */
export interface InjectedCachedOptions<Result = unknown>
  extends Omit<CachedOptions<Result>, "cache">, InjectedCacheOption {}

/** Options of `@Invalidates`: those of `freshtier/decorators`, with the cache by its name. */
export interface InjectedInvalidatesOptions extends Omit<InvalidatesOptions, "cache">, InjectedCacheOption {}

/**
 * `@Cached` of `freshtier/decorators` on the cache of the application that the object belongs to, for providers and
 * controllers of every scope. NestJS injects it as a property, so it is there after the constructor. All objects of a
 * class share entries and flights, those of different requests, too: what a result depends on belongs into the key,
 * for which a key function has `this`.
 * @throws CacheError as there, and `invalid_decorator` on a static method or as a standard decorator. A call on an
 * object that NestJS has not made rejects with `not_initialized`
 */
export function Cached<const Key extends KeySource, Result = unknown>(
  key: Key,
  options: InjectedCachedOptions<Result> = {},
): AsyncMethodDecorator<Key, Result> {
  return injecting("@Cached", options, (own) => CachedIn<Key, Result>(key, own));
}

/**
 * `@CachedSync` of `freshtier/decorators` on the cache of the application that the object belongs to.
 * @throws CacheError as {@link Cached}; a call throws what it rejects with there
 */
export function CachedSync<const Key extends KeySource, Result = unknown>(
  key: Key,
  options: InjectedCachedOptions<Result> = {},
): SyncMethodDecorator<Key, Result> {
  return injecting("@CachedSync", options, (own) => CachedSyncIn<Key, Result>(key, own));
}

/**
 * `@Invalidates` of `freshtier/decorators` on the cache of the application that the object belongs to.
 * @throws CacheError as {@link Cached}
 */
export function Invalidates<const Key extends KeySource | InvalidationTarget>(
  target: Key,
  options: InjectedInvalidatesOptions = {},
): AsyncMethodDecorator<Key extends KeySource ? Key : string> {
  return injecting("@Invalidates", options, (own) => InvalidatesIn<Key>(target, own));
}

/** Options with the cache named; and with the cache found in the object. */
type Named<Options> = Omit<Options, "cache"> & InjectedCacheOption;
type Found<Options> = Omit<Options, "cache"> & { readonly cache: (self: object) => DecoratorCache };

/** A decorator that also has the cache injected into the objects of the class it stands in. */
function injecting<Options extends object, Decorator extends (...args: never[]) => unknown>(
  decorator: string,
  options: Named<Options>,
  make: (options: Found<Options>) => Decorator,
): Decorator {
  if (typeof options !== "object" || options === null) {
    throw badInput("invalid_option", "options", "an object", options);
  }
  const name = checkCacheName(options.cache, "options.cache", "invalid_option");
  const decorate = make({ ...options, cache: injectedCache(name, decorator) });
  const decorateAndInject = (...args: unknown[]): unknown => {
    checkPlace(decorator, args);
    const decorated = decorate(...(args as never[]));
    injectCacheInto(args[0] as object, name);
    return decorated;
  };
  return decorateAndInject as unknown as Decorator;
}

/** Refuses what NestJS has no way to inject into. What is no method at all is for the decorator itself to refuse. */
function checkPlace(decorator: string, [target, place]: readonly unknown[]): void {
  if (typeof (place as { kind?: unknown } | null | undefined)?.kind === "string") {
    const rule = "must be used with experimentalDecorators, as NestJS itself";
    throw new CacheError("invalid_decorator", `${decorator} ${rule}, got a standard decorator`);
  }
  if (typeof target === "function" && (typeof place === "string" || typeof place === "symbol")) {
    const found = `the static ${target.name}.${String(place)}`;
    throw new CacheError("invalid_decorator", `${decorator} must decorate a method of objects, got ${found}`);
  }
}
