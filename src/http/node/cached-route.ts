// cachedRoute for node:http, and for whatever calls its handlers with a request, a response and `next`.

import type { IncomingMessage, ServerResponse } from "node:http";
import { resolveHandler, type CachedRouteOptions } from "../options.ts";
import { serveRoute, type Next, type NodeHandler } from "./serve.ts";

/** A handler as node:http calls it, or Connect, with `next`. */
export type CachedRoute<Req, Res> = (req: Req, res: Res, next?: Next) => Promise<void>;

/**
 * A handler of node:http that is run only for what the cache cannot answer, as `cachedHandler`. When it is run for the cache, it gets a
 * request and a response of its own, with what middleware has added to those of the client; its response is what it
 * writes. Failures of the handler go to `next`; without one the client gets a 500, and the process a warning.
 * @throws CacheError `invalid_option`
 */
export function cachedRoute<Req extends IncomingMessage = IncomingMessage, Res extends ServerResponse = ServerResponse>(
  handler: NodeHandler<Req, Res>,
  options: CachedRouteOptions<Req>,
): CachedRoute<Req, Res> {
  const settings = resolveHandler(options);
  return async (req, res, next) => {
    const leave: Next = next ?? ((error) => answerFailure(res, error));
    try {
      await serveRoute(handler, { req, res, target: targetOf(req), next: leave }, settings);
    } catch (error) {
      if (!isGone(res)) leave(error);
    }
  };
}

/** Routers cut the front of `url` away, and keep what it was. */
function targetOf(req: IncomingMessage): string | undefined {
  return "originalUrl" in req && typeof req.originalUrl === "string" ? req.originalUrl : req.url;
}

/** The client has left: nobody is there to be told. */
function isGone({ closed, writableFinished }: ServerResponse): boolean {
  return closed && !writableFinished;
}

function answerFailure(res: ServerResponse, error: unknown): void {
  const isMissing = error === undefined || error === null;
  if (!isMissing) process.emitWarning(error instanceof Error ? error : String(error));
  if (res.headersSent) return void res.destroy();
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.statusCode = isMissing ? 404 : 500;
  res.setHeader("Cache-Control", "no-store");
  res.end();
}
