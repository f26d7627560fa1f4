// cachedRoute for node:http, and for whatever calls its handlers with a request, a response and `next`.

import type { IncomingMessage, ServerResponse } from "node:http";
import { checkHandler, resolveHandler, type CachedRouteOptions } from "../options.ts";
import { hasLeft } from "./leaving.ts";
import { statusOf } from "./left-to-next.ts";
import type { NodeHandler } from "./incoming.ts";
import { scopeOfTarget } from "./message-head.ts";
import type { Next } from "./run.ts";
import { serveRoute } from "./serve.ts";
import { warn } from "./warning.ts";

/** A handler as node:http calls it, or Connect, with `next`. */
export type CachedRoute<Req, Res> = (req: Req, res: Res, next?: Next) => Promise<void>;

/**
 * A handler of node:http that is run only for what the cache cannot answer, as `cachedHandler`. When it is run for the cache, it gets a
 * request and a response of its own, with what middleware has added to those of the client; its response is what it
 * writes. What it gives to `next`, or throws, goes to `next`; without one the client gets a 500, or what 4xx the error says, and the process
 * a warning.
 * @throws CacheError `invalid_option`, or `invalid_argument` for a handler that is none
 */
export function cachedRoute<Req extends IncomingMessage = IncomingMessage, Res extends ServerResponse = ServerResponse>(
  handler: NodeHandler<Req, Res>,
  options: CachedRouteOptions<Req>,
): CachedRoute<Req, Res> {
  checkHandler(handler);
  const settings = resolveHandler(options, options?.key === undefined ? (req) => scopeOfTarget(req) : undefined);
  return async (req, res, next) => {
    const leave: Next = next ?? ((error) => answerFailure(res, error));
    try {
      await serveRoute({ req, res, next: leave, handler }, settings);
    } catch (error) {
      if (!isOfLeaving(error, res)) leave(error ?? new Error(`the handler failed with ${String(error)}`));
    }
  };
}

/** The client has left: nobody is there to be told. */
function isOfLeaving(error: unknown, res: ServerResponse): boolean {
  const isEnded =
    error instanceof Error &&
    (error.name === "AbortError" || Reflect.get(error, "code") === "ERR_STREAM_PREMATURE_CLOSE");
  return isEnded && hasLeft(res);
}

function answerFailure(res: ServerResponse, error: unknown): void {
  const isMissing = error === undefined || error === null;
  if (!isMissing) warn(error);
  if (res.headersSent) return void res.destroy();
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  const status = statusOf(error) ?? 500;
  res.statusCode = isMissing ? 404 : status >= 400 && status <= 499 ? status : 500;
  res.setHeader("Cache-Control", "no-store");
  res.end();
}
