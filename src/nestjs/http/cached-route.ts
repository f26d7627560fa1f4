// @CachedRoute: answers of controllers from the cache of the application.

import { badInput, CacheError } from "../../errors.ts";
import { checkPlace } from "../decorators.ts";
import { checkCacheName } from "../token.ts";
import { resolveHandler } from "../../http/options.ts";
import { cachePointOf } from "./cache-point.ts";
import { firstAmong } from "./nest.ts";
import { noteOptions, type InjectedCachedRouteOptions } from "./route-options.ts";

/**
 * Answers a route of a controller from the cache, as `cachedRoute` of `freshtier/http` does for a handler of node:http; on a class, all of
 * its routes, for which a method's own options count more, and `@CachedRoute(false)` is an exception. Works on Express and on Fastify.
 *
 * Middleware and guards run for every request, and so do interceptors of the application and of the class. The route is run only for what
 * the cache cannot answer: all of its interceptors, pipes and the method, with a request and a response of their own, past the
 * guards. So an answer is stored as interceptors have made it; those around the cache then see a `StreamableFile` go by, and what
 * they make of it is left. What the method throws goes to the exception filters of each client, and is not stored. Methods that may change something end
 * what is stored under their URI.
 * @throws CacheError `invalid_option`, or `invalid_decorator` on a static method or as a standard decorator. An application
 * without the cache does not boot
 * @example
 * \@CachedRoute({ ttl: "1m", tags: ["products"] })
 * \@Get(":id")
 * product(\@Param("id") id: string) {}
 */
export function CachedRoute(options: InjectedCachedRouteOptions | false = {}): ClassDecorator & MethodDecorator {
  check(options);
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    checkPlace("@CachedRoute", [target, key]);
    const place = key === undefined ? target : methodIn(descriptor, key);
    noteOptions(place, options);
    if (options !== false)
      firstAmong(place, cachePointOf(checkCacheName(options.cache, "options.cache", "invalid_option")));
  };
}

/** All that can be known before there is a cache. */
function check(options: InjectedCachedRouteOptions | false): void {
  if (options === false) return;
  if (typeof options !== "object" || options === null)
    throw badInput("invalid_option", "options", "an object", options);
  const { cache, ...others } = options;
  checkCacheName(cache, "options.cache", "invalid_option");
  resolveHandler({ ...others, cache: { get: () => undefined } as never });
}

function methodIn(descriptor: PropertyDescriptor | undefined, key: string | symbol): object {
  if (typeof descriptor?.value === "function") return descriptor.value as object;
  throw new CacheError("invalid_decorator", `@CachedRoute must decorate a class or a method, got ${String(key)}`);
}
