// cachedRoute for Fastify.

import type { IncomingMessage } from "node:http";
import type {
  ContextConfigDefault,
  FastifyBaseLogger,
  FastifyRequest,
  FastifySchema,
  FastifyTypeProvider,
  FastifyTypeProviderDefault,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerBase,
  RawServerDefault,
  RouteGenericInterface,
  RouteHandlerMethod,
} from "fastify";
import { scopeOfTarget } from "../node/message-head.ts";
import { checkHandler, resolveHandler, type CachedRouteOptions } from "../options.ts";
import type { AnyHandler } from "./run.ts";
import { serveRoute } from "./serve.ts";

/**
 * A handler of Fastify that is run only for what the cache cannot answer, as `cachedHandler`. Hooks before it, such as guards, are run for every
 * request, and so are those before sending and after: what is stored is what the handler answers, serialised. When it is run for the
 * cache it gets a request and a reply of its own, with what hooks have decorated those of the client with. Failures go to the app's error
 * handler, for each client that waits.
 *
 * `reply.hijack()` keeps a response out of the cache, and trailers are not stored. Routes of one path that `constraints` tell apart need a
 * `namespace` each.
 * @throws CacheError `invalid_option`, or `invalid_argument` for a handler that is none
 */
export function cachedRoute<
  RawServer extends RawServerBase = RawServerDefault,
  RawRequest extends RawRequestDefaultExpression<RawServer> = RawRequestDefaultExpression<RawServer>,
  RawReply extends RawReplyDefaultExpression<RawServer> = RawReplyDefaultExpression<RawServer>,
  RouteGeneric extends RouteGenericInterface = RouteGenericInterface,
  ContextConfig = ContextConfigDefault,
  SchemaCompiler extends FastifySchema = FastifySchema,
  TypeProvider extends FastifyTypeProvider = FastifyTypeProviderDefault,
  Logger extends FastifyBaseLogger = FastifyBaseLogger,
>(
  handler: RouteHandlerMethod<
    RawServer,
    RawRequest,
    RawReply,
    RouteGeneric,
    ContextConfig,
    SchemaCompiler,
    TypeProvider,
    Logger
  >,
  options: CachedRouteOptions<
    FastifyRequest<RouteGeneric, RawServer, RawRequest, SchemaCompiler, TypeProvider, ContextConfig, Logger>
  >,
): typeof handler {
  checkHandler(handler);
  const settings = resolveHandler(options, options?.key === undefined ? scopeOfRequest : undefined);
  const serve: unknown = serveRoute(handler as unknown as AnyHandler, settings as never);
  return serve as typeof handler;
}

/** Where the server rewrites URLs. */
function scopeOfRequest({ raw }: { readonly raw: unknown }): string {
  return scopeOfTarget(raw as IncomingMessage, ({ url = "/" }) => url);
}
