// cachedRoute for Express.

import type { Request, RequestHandler, Response } from "express";
import { cachedRoute as cachedNodeRoute } from "../node/cached-route.ts";
import type { CachedRouteOptions } from "../options.ts";

/**
 * A handler of Express that is run only for what the cache cannot answer: what `cachedRoute` of `freshtier/http` is for node:http.
 * Middleware before it, such as guards, is run for every request.
 * @throws CacheError `invalid_option`, or `invalid_argument` for a handler that is none
 */
export function cachedRoute<
  Params = Request["params"],
  Body = unknown,
  Sent = unknown,
  Query = Request["query"],
  Locals extends Record<string, unknown> = Record<string, unknown>,
>(
  handler: RequestHandler<Params, Body, Sent, Query, Locals>,
  options: CachedRouteOptions<Request<Params, Body, Sent, Query, Locals>>,
): RequestHandler<Params, Body, Sent, Query, Locals> {
  return cachedNodeRoute<Request<Params, Body, Sent, Query, Locals>, Response<Body, Locals>>(handler, options);
}
