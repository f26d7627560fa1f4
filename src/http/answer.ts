// The way of a request through the cache: answered from what is stored, by a run of the handler for everybody, or not at all.

import { CacheError } from "../errors.ts";
import type { Instant } from "../model/duration.ts";
import type { RefreshContext } from "../model/refresh.ts";
import { dropBody } from "./fetch-response.ts";
import { fill, HandlerFailure, type Asked, type Filled } from "./fill.ts";
import type { Answer, Incoming } from "./incoming.ts";
import type { HandlerSettings, RouteSettings } from "./options.ts";
import { invalidatedUris } from "./policy/invalidation.ts";
import type { ResponseHead } from "./policy/message.ts";
import { HIT, type Way } from "./prepared.ts";
import { placeOf, placesOfUri, type Place } from "./request-key.ts";
import { respond } from "./respond.ts";
import { routeMovedBy, type PassNote, type StoredRoute, type StoredValue } from "./stored.ts";
import { warnOfRefusal } from "./warn.ts";

/**
 * What a request is to be answered with. After a direct answer to a method that may change something, `invalidateAfter` is to be called
 * before the client has it.
 * @throws what the handler throws, to all who wait for it; `AbortError` when the client has left
 */
export async function answerTo<R>(incoming: Incoming<R>, settings: HandlerSettings<R>): Promise<Answer> {
  const { method } = incoming.head;
  if (method !== "GET" && method !== "HEAD") return { kind: "direct", way: { forward: "method" } };
  const found = placeOf(incoming, settings);
  const place = found instanceof Promise ? await found : found;
  if (place === undefined) return { kind: "direct", way: { forward: "bypass" } };
  // Most requests end here, without a run that could be theirs, a signal, or tags.
  const fresh = settings.cache.freshHit<StoredValue>(place.key, settings.ofHits);
  if (fresh === undefined) return lookUp({ incoming, place }, settings);
  const value = await fresh;
  if (value.kind === "pass") return passing(value);
  const stored = onOurClock(value, place, settings);
  return respond(stored instanceof Promise ? await stored : stored, incoming.head, place, HIT, settings);
}

/** A promise where the clock of who has written it is not known yet. */
function onOurClock(
  stored: StoredRoute,
  { key }: Place,
  { clocks }: RouteSettings,
): StoredRoute | Promise<StoredRoute> {
  const shift = clocks.shiftOf(key, stored);
  return typeof shift === "number" ? routeMovedBy(stored, shift) : shift.then((found) => routeMovedBy(stored, found));
}

/** It is known that there is nothing to share. */
function passing({ because }: PassNote): Answer {
  return { kind: "direct", way: { forward: "bypass", detail: because } };
}

/**
 * What is stored under the URI of a request that has changed something ends, and what its response names (RFC 9111 §4.4).
 * @param requestTo makes a request for a URI. Where none can be made, a key of the user's is known of the request itself alone
 */
export async function invalidateAfter<R>(
  { head, request }: Pick<Incoming<R>, "head" | "request">,
  response: ResponseHead,
  settings: HandlerSettings<R>,
  requestTo?: (uri: string) => R,
): Promise<void> {
  const { cache, namespace, key } = settings;
  const named = invalidatedUris(head, response);
  // The key is of the URI as it was written.
  const uris = named.length === 0 ? named : new Set([head.url, ...named]);
  const known = (uri: string): R | undefined => (key === undefined || uri === head.url ? request : undefined);
  const places = [...uris].map((uri) => placesOfUri(uri, (requestTo ?? known)(uri), settings));
  const keys = places.flatMap((place) => place.keys);
  const tags = places.flatMap(({ tag }) => (tag === undefined ? [] : [tag]));
  try {
    if (keys.length > 0) await cache.deleteMany(keys, { namespace });
    if (tags.length > 0) await cache.invalidateTags(tags);
  } catch (error) {
    // A cache that has been closed answers nobody any more. What else fails here would leave old responses.
    if (reasonToGoOn(error) !== "closed") throw error;
  }
}

/** What a request knows of the run of the handler that it has begun, if it has. */
interface OwnRun {
  filled: Filled | undefined;
  failure: HandlerFailure | undefined;
  /** What it threw, that or another. */
  error: unknown;
  /** The request has been answered: what the run still brings is for the cache, and nobody else. */
  isOver: boolean;
}

async function lookUp<R>(asked: Asked<R>, settings: HandlerSettings<R>): Promise<Answer> {
  const run: OwnRun = { filled: undefined, failure: undefined, error: undefined, isOver: false };
  const askedAt = settings.clock.now();
  try {
    const value = await ask(asked, run, settings);
    if (value.kind === "pass") return answerWithout(value, run);
    return answerWith(await onOurClock(value, asked.place, settings), askedAt, asked, run, settings);
  } catch (error) {
    const because = reasonToGoOn(error) ?? (isOfAnother(error, asked, run) ? "failure" : undefined);
    if (because === undefined) throw error;
    const way: Way = { forward: "uri-miss", detail: because };
    const response = run.failure === error ? take(run, "failure") : undefined;
    return response === undefined ? { kind: "direct", way } : { kind: "own", response, way };
  } finally {
    run.isOver = true;
    dropBody(take(run, "filled"));
    dropBody(take(run, "failure"));
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

/** An error may tell of the user whose request it was: who else has waited hears of his own. */
function isOfAnother(error: unknown, { incoming, place }: Asked<unknown>, run: OwnRun): boolean {
  if (!place.isOfUsers || error === run.error || error instanceof CacheError) return false;
  return incoming.signal?.aborted !== true;
}

function ask<R>(asked: Asked<R>, run: OwnRun, settings: HandlerSettings<R>): Promise<StoredValue> {
  const { incoming, place } = asked;
  const { cache, namespace } = settings;
  const tags = settings.tagsOf(incoming.request);
  return cache.get<StoredValue>(place.key, (context) => refill(asked, run, context, settings), {
    namespace,
    tags: place.uriTag === undefined ? tags : [...tags, place.uriTag],
    signal: incoming.signal,
  });
}

async function refill<R>(
  asked: Asked<R>,
  run: OwnRun,
  context: RefreshContext<StoredValue>,
  settings: HandlerSettings<R>,
): Promise<StoredValue> {
  try {
    const filled = await fill(asked, context, settings);
    if (filled.value.kind === "pass" && filled.own !== undefined) warnOfRefusal(filled.value.because, filled.own);
    // An invalidation may have overtaken a run before, of which nobody sees the outcome.
    dropBody(run.isOver ? filled.own : take(run, "filled"));
    run.filled = run.isOver ? undefined : filled;
    return filled.value;
  } catch (error) {
    run.error = error;
    if (error instanceof HandlerFailure) {
      if (run.isOver) dropBody(error.response);
      else run.failure = error;
    }
    throw error;
  }
}

function answerWith(
  stored: StoredRoute,
  askedAt: Instant,
  { incoming: { head }, place }: Asked<unknown>,
  run: OwnRun,
  settings: HandlerSettings<never>,
): Answer {
  const own = ofRun(run, stored);
  const way: Way = own === undefined ? wayOf(stored, askedAt, run) : { forward: forwardOf(own), isStored: true };
  return respond(stored, head, place, way, settings);
}

/** There is nothing to share: who has begun the run has a response of his own. */
function answerWithout(note: PassNote, run: OwnRun): Answer {
  const own = ofRun(run, note);
  const response = own === undefined ? undefined : take(run, "filled");
  if (own === undefined || response === undefined) return passing(note);
  return { kind: "own", response, way: { forward: forwardOf(own), detail: note.because } };
}

/** What the run of this very request has brought, if that is the value. */
function ofRun({ filled }: OwnRun, { runId }: StoredValue): Filled | undefined {
  return filled?.value.runId === runId ? filled : undefined;
}

function forwardOf({ hadStale }: Filled): "stale" | "uri-miss" {
  return hadStale ? "stale" : "uri-miss";
}

/** A response that came after it was asked for was somebody else's run; one that is given instead of a failure is old. */
function wayOf(stored: StoredRoute, askedAt: Instant, { failure }: OwnRun): Way {
  if (failure !== undefined) {
    return { forward: "stale", forwardStatus: failure.response.status, detail: "stale-if-error" };
  }
  return stored.receivedAt < askedAt ? HIT : { forward: "uri-miss", isCollapsed: true };
}

/** The response that a run has brought for its caller alone. It is given once. */
function take(run: OwnRun, what: "filled" | "failure"): Response | undefined {
  const response = what === "filled" ? run.filled?.own : run.failure?.response;
  run[what] = undefined;
  return response;
}
