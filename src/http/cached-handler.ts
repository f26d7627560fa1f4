// cachedHandler: a function from Request to Response, answered from the cache.

import { CacheError } from "../errors.ts";
import type { Instant } from "../model/duration.ts";
import type { RefreshContext } from "../model/refresh.ts";
import { fill, HandlerFailure, type Asked, type Filled, type RequestHandler } from "./fill.ts";
import { resolveHandler, type CachedHandlerOptions, type HandlerSettings } from "./options.ts";
import { invalidatedUris, isSafe } from "./policy/invalidation.ts";
import { fieldsOf, type RequestHead } from "./policy/message.ts";
import type { Way } from "./prepared.ts";
import { headOf, placeOf, placesOfUri } from "./request-key.ts";
import { passedOn, respond } from "./respond.ts";
import type { StoredRoute, StoredValue } from "./stored.ts";
import { warnOfVary } from "./warn.ts";

/**
 * A handler that is run only for what the cache cannot answer (RFC 9111, as a shared cache before it). Concurrent requests share one run
 * if its response may be stored; if not, each gets a run of its own, and for a while (`hitForMiss`) none waits for another. Stale responses
 * are given while the handler is run behind, and when it fails, as the response or the options allow. A client that
 * leaves ends the run only if nobody else waits for it. Requests with `Authorization` or `Cookie` share responses only with
 * each other, and only those that are called public (RFC 9111 §3.5), unless the header is declared (`vary`) or there is a
 * `partition`. Methods other than GET and HEAD go to the handler, and end what is stored under their URI.
 * @throws CacheError `invalid_option`
 */
export function cachedHandler(
  handler: RequestHandler,
  options: CachedHandlerOptions,
): (request: Request) => Promise<Response> {
  const settings = resolveHandler(options);
  return (request) => answerTo(request, handler, settings);
}

async function answerTo(request: Request, handler: RequestHandler, settings: HandlerSettings): Promise<Response> {
  const head = headOf(request);
  if (head.method !== "GET" && head.method !== "HEAD") return change(request, head, handler, settings);
  const place = await placeOf(request, head, settings);
  if (place === undefined) return direct(request, head, handler, { forward: "bypass" }, settings);
  return lookUp({ request, head, place }, handler, settings);
}

/** What a request knows of the run of the handler that it has begun, if it has. */
interface OwnRun {
  filled: Filled | undefined;
  failure: HandlerFailure | undefined;
  /** The request has been answered: what the run still brings is for the cache, and nobody else. */
  isOver: boolean;
}

async function lookUp(asked: Asked, handler: RequestHandler, settings: HandlerSettings): Promise<Response> {
  const run: OwnRun = { filled: undefined, failure: undefined, isOver: false };
  const askedAt = settings.clock.now();
  try {
    const value = await ask(asked, handler, run, settings);
    return await answerWith(value, askedAt, asked, handler, run, settings);
  } catch (error) {
    const because = reasonToGoOn(error);
    if (because === undefined) throw error;
    const way: Way = { forward: "uri-miss", detail: because };
    const own = run.failure === error ? take(run, "failure") : undefined;
    if (own !== undefined) return passedOn(own, way, asked.head, settings);
    return await direct(asked.request, asked.head, handler, way, settings);
  } finally {
    run.isOver = true;
    drop(take(run, "filled"));
    drop(take(run, "failure"));
  }
}

/**
 * Why the handler is asked by this request alone: its failure is for who began the run, and the others, who were to share
 * what could be stored, try for themselves; or the cache has been closed. `undefined`: it is not.
 */
function reasonToGoOn(error: unknown): string | undefined {
  if (error instanceof HandlerFailure) return "failure";
  return error instanceof CacheError && error.code === "closed" ? "closed" : undefined;
}

function ask(asked: Asked, handler: RequestHandler, run: OwnRun, settings: HandlerSettings): Promise<StoredValue> {
  const { uriTag, key } = asked.place;
  const tags = settings.tagsOf(asked.request);
  return settings.cache.get<StoredValue>(key, (context) => refill(asked, handler, run, context, settings), {
    namespace: settings.namespace,
    tags: uriTag === undefined ? tags : [...tags, uriTag],
    signal: asked.request.signal,
  });
}

async function refill(
  asked: Asked,
  handler: RequestHandler,
  run: OwnRun,
  context: RefreshContext<StoredValue>,
  settings: HandlerSettings,
): Promise<StoredValue> {
  try {
    const filled = await fill(handler, asked, context, settings);
    if (filled.value.kind === "pass" && filled.own !== undefined) warnOfVary(filled.value.because, filled.own);
    // An invalidation may have overtaken a run before, of which nobody sees the outcome.
    drop(run.isOver ? filled.own : take(run, "filled"));
    run.filled = run.isOver ? undefined : filled;
    return filled.value;
  } catch (error) {
    if (error instanceof HandlerFailure) {
      if (run.isOver) drop(error.response);
      else run.failure = error;
    }
    throw error;
  }
}

async function answerWith(
  value: StoredValue,
  askedAt: Instant,
  asked: Asked,
  handler: RequestHandler,
  run: OwnRun,
  settings: HandlerSettings,
): Promise<Response> {
  const { head, place } = asked;
  const filled = run.filled?.value.runId === value.runId ? run.filled : undefined;
  const forward = filled?.hadStale === true ? "stale" : "uri-miss";
  if (value.kind === "response") {
    const way: Way = filled === undefined ? wayOf(value, askedAt, run) : { forward, isStored: true };
    return respond(value, head, place, way, settings);
  }
  const own = filled === undefined ? undefined : take(run, "filled");
  if (own !== undefined) return passedOn(own, { forward, detail: value.because }, head, settings);
  return direct(asked.request, head, handler, { forward: "bypass", detail: value.because }, settings);
}

/** A response that came after it was asked for was somebody else's run; one that is given instead of a failure is old. */
function wayOf(stored: StoredRoute, askedAt: Instant, { failure }: OwnRun): Way {
  if (failure !== undefined) {
    return { forward: "stale", forwardStatus: failure.response.status, detail: "stale-if-error" };
  }
  return stored.receivedAt <= askedAt ? { hit: true } : { forward: "uri-miss", isCollapsed: true };
}

/** The response that a run has brought for its caller alone. It is given once. */
function take(run: OwnRun, what: "filled" | "failure"): Response | undefined {
  const response = what === "filled" ? run.filled?.own : run.failure?.response;
  run[what] = undefined;
  return response;
}

/** Nobody reads a body any more: its source is told. */
function drop(response: Response | undefined): void {
  void response?.body?.cancel().catch(() => undefined);
}

async function direct(
  request: Request,
  head: RequestHead,
  handler: RequestHandler,
  way: Way,
  settings: HandlerSettings,
): Promise<Response> {
  return passedOn(await handler(request), way, head, settings);
}

/** A request that may change something: what is stored under its URI ends before its answer goes out (RFC 9111 §4.4). */
async function change(
  request: Request,
  head: RequestHead,
  handler: RequestHandler,
  settings: HandlerSettings,
): Promise<Response> {
  const response = await direct(request, head, handler, { forward: "method" }, settings);
  if (!isSafe(head.method)) await invalidate(head, response, settings).catch(forgiveClosed);
  return response;
}

/** A cache that has been closed answers nobody any more. What else fails here would leave old responses: it is an error. */
function forgiveClosed(error: unknown): void {
  if (reasonToGoOn(error) !== "closed") throw error;
}

async function invalidate(head: RequestHead, response: Response, settings: HandlerSettings): Promise<void> {
  const { cache, namespace } = settings;
  const places = invalidatedUris(head, { status: response.status, fields: fieldsOf(response.headers) }).map((uri) =>
    placesOfUri(new Request(uri), settings),
  );
  const keys = places.flatMap((place) => place.keys);
  const tags = places.flatMap(({ tag }) => (tag === undefined ? [] : [tag]));
  if (keys.length > 0) await cache.deleteMany(keys, { namespace });
  if (tags.length > 0) await cache.invalidateTags(tags);
}
