// @Cached, @CachedSync and @Invalidates for NestJS: those of `freshtier/decorators`, on a cache that is injected.

import { badInput, CacheError } from "../errors.ts";
import { makeCached } from "../decorators/cached.ts";
import { keyAndOptions } from "../decorators/cached-method.ts";
import { makeCachedSync } from "../decorators/cached-sync.ts";
import { makeInvalidates } from "../decorators/invalidates.ts";
import type { CachedDecorator, CachedSyncDecorator, InvalidatesDecorator } from "../decorators/method-types.ts";
import type {
  CachedOptions,
  CacheOfSelf,
  InvalidatesOptions,
  InvalidationTarget,
  KeySource,
} from "../decorators/types.ts";
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
export function Cached<const Options extends InjectedCachedOptions>(
  options?: Options,
): CachedDecorator<undefined, Options>;
export function Cached<const Key extends KeySource | undefined, const Options extends InjectedCachedOptions>(
  key: Key,
  options?: Options,
): CachedDecorator<Key, Options>;
export function Cached(first?: unknown, second?: unknown): CachedDecorator {
  const [key, options] = keyAndOptions(first, second);
  return injecting("@Cached", options, (own, base) => makeCached(key, own, base));
}

/**
 * `@CachedSync` of `freshtier/decorators` on the cache of the application that the object belongs to.
 * @throws CacheError as {@link Cached}; a call throws what it rejects with there
 */
export function CachedSync<const Options extends InjectedCachedOptions>(
  options?: Options,
): CachedSyncDecorator<undefined, Options>;
export function CachedSync<const Key extends KeySource | undefined, const Options extends InjectedCachedOptions>(
  key: Key,
  options?: Options,
): CachedSyncDecorator<Key, Options>;
export function CachedSync(first?: unknown, second?: unknown): CachedSyncDecorator {
  const [key, options] = keyAndOptions(first, second);
  return injecting("@CachedSync", options, (own, base) => makeCachedSync(key, own, base));
}

/**
 * `@Invalidates` of `freshtier/decorators` on the cache of the application that the object belongs to.
 * @throws CacheError as {@link Cached}
 */
export function Invalidates<
  const Target extends KeySource | InvalidationTarget,
  const Options extends InjectedInvalidatesOptions,
>(target: Target, options?: Options): InvalidatesDecorator<Target, Options> {
  return injecting("@Invalidates", options, (own, base) => makeInvalidates(target, own as InvalidatesOptions, base));
}

/**
 * A decorator that also has the cache injected into the objects of the class it stands in. A cache that is named counts
 * more than that of `@CacheDefaults`, which counts more than the default one.
 */
function injecting<Decorator extends (...args: never[]) => unknown>(
  decorator: string,
  given: unknown,
  make: (options: object, base: CacheOfSelf | undefined) => Decorator,
): Decorator {
  const options = given ?? {};
  if (typeof options !== "object" || given === null) throw badInput("invalid_option", "options", "an object", given);
  const { cache, ...others } = options as InjectedCacheOption;
  const name = checkCacheName(cache, "options.cache", "invalid_option");
  const find = injectedCache(name, decorator);
  const decorate = name === undefined ? make(others, find) : make({ ...others, cache: find }, undefined);
  const decorateAndInject = (...args: unknown[]): unknown => {
    checkPlace(decorator, args);
    const decorated = decorate(...(args as never[]));
    injectCacheInto(args[0] as object, name);
    return decorated;
  };
  return decorateAndInject as unknown as Decorator;
}

/** Refuses what NestJS has no way to inject into. What is no method at all is for the decorator itself to refuse. */
export function checkPlace(decorator: string, [target, place]: readonly unknown[]): void {
  if (typeof (place as { kind?: unknown } | null | undefined)?.kind === "string") {
    const rule = "must be used with experimentalDecorators, as NestJS itself";
    throw new CacheError("invalid_decorator", `${decorator} ${rule}, got a standard decorator`);
  }
  if (typeof target === "function" && (typeof place === "string" || typeof place === "symbol")) {
    const found = `the static ${target.name}.${String(place)}`;
    throw new CacheError("invalid_decorator", `${decorator} must decorate a method of objects, got ${found}`);
  }
}
