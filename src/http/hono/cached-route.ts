// cachedRoute for Hono.

import type { Context, Next } from "hono";
import { checkHandler, resolveHandler, type CachedRouteOptions, type HandlerSettings } from "../options.ts";
import type { HonoHandler } from "./run.ts";
import { serveRoute } from "./serve.ts";

/** What Hono takes for a handler, with whatever Context. */
export type AnyHandler = (c: never, next: never) => ReturnType<HonoHandler>;

/** The Context that a handler gets. */
export type ContextOf<T extends AnyHandler> =
  Parameters<T> extends [infer C extends Context, ...unknown[]] ? C : Context;

/**
 * A handler of Hono that is run only for what the cache cannot answer, as by `cachedHandler` of `freshtier/http`. Middleware before it, such as
 * guards, is run for every request. When the handler is run for the cache, it gets a Context of its own: with the variables, bindings,
 * parameters, validated data and renderer of the client's, but none of its headers, and a request that asks for what the key holds. So
 * headers that middleware sets stay the client's, and those that the handler sets are stored. What an `HTTPException` below 500
 * comes to is made for each client and not stored, nor is what `stream`, `streamText` and `streamSSE` write.
 *
 * The handler knows the variables of the application and of guards by itself. Parameters of the path, and validated data, are
 * known where its Context says so: `cachedRoute((c: Context<Env, "/products/:id">) => …)`.
 * @throws CacheError `invalid_option`, or `invalid_argument` for a handler that is none
 */
export function cachedRoute<T extends AnyHandler>(handler: T, options: CachedRouteOptions<ContextOf<T>>): T {
  checkHandler(handler);
  const settings = resolveHandler(options) as unknown as HandlerSettings<Context>;
  const asked = handler as unknown as HonoHandler;
  const route = (c: Context, next: Next): ReturnType<HonoHandler> => serveRoute(asked, c, next, settings);
  return route as unknown as T;
}
