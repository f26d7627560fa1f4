// cachedFetch: fetch with a cache of HTTP before it, for clients and proxies.

import { createHash } from "node:crypto";
import type { RefreshContext } from "../../model/refresh.ts";
import { withCacheStatus, type CacheStatus, type ForwardReason } from "../policy/cache-status.ts";
import { remainingMs } from "../policy/freshness.ts";
import { invalidatedUris } from "../policy/invalidation.ts";
import { fieldsOf, type FieldList, type RequestHead } from "../policy/message.ts";
import { notModifiedFields } from "../policy/not-modified.ts";
import { evaluatePreconditions } from "../policy/preconditions.ts";
import { parseContentRange } from "../policy/content-range.ts";
import { partFields, selectFromPart, selectRange, unsatisfiableFields } from "../policy/range.ts";
import { requestControl } from "../policy/request-control.ts";
import { endToEndFields, reusedFields } from "../policy/stored-fields.ts";
import { parseUri } from "../policy/uri.ts";
import { asResponse, dropBody, hasContent, withFields } from "../fetch-response.ts";
import { askedHead, passesBy } from "./asked-head.ts";
import { asVariant, exchange, type Fetch, type Outcome } from "./exchange.ts";
import { isOfPart } from "./parts.ts";
import { resolveFetch, type CachedFetchOptions, type FetchSettings } from "./options.ts";
import {
  asVariantStored,
  choicesFor,
  fromStore,
  toStore,
  type Choice,
  type StoredVariants,
  type Variant,
  type Variants,
} from "./variants.ts";

type Way = Omit<CacheStatus, "cache">;

/** One request, and where its responses stand. */
interface Asked {
  readonly fetch: Fetch;
  readonly request: Request;
  readonly head: RequestHead;
  readonly key: string;
  readonly settings: FetchSettings;
}

/** What a request knows of the exchange that it has begun, if it has. */
interface OwnTrip {
  outcome: Outcome | undefined;
  /** Ends the exchange that has brought it, the rest of a body as well. */
  end: AbortController | undefined;
  isOver: boolean;
}

/**
 * Fetch, answered from the cache where RFC 9111 allows it: in full, with any `Vary`, validation, ranges, and what requests
 * ask of caches. Concurrent requests share an exchange if its response may be stored and answers them; who gets nothing of it
 * asks the origin alone. The `cache` mode of a Request counts as in Fetch, where requests are obeyed; one with `integrity` goes past the cache,
 * which does not check it. Redirects are given as they come. What cannot be reached rejects, as `fetch` does, if no old response may be given.
 * @param fetch forwards a request, and does not follow redirects
 * @throws CacheError `invalid_option`; a call rejects with `invalid_argument` for what is no Request
 */
export function cachedFetch(fetch: Fetch, options: CachedFetchOptions): (request: Request) => Promise<Response> {
  const settings = resolveFetch(options);
  return async (request) => {
    const head = askedHead(request, settings.policy);
    request.signal?.throwIfAborted();
    const asked: Asked = { fetch, request, head, key: keyOf(request.url), settings };
    if (head.method !== "GET" && head.method !== "HEAD") return change(asked);
    const detail = passesBy(request, settings.policy);
    return detail === undefined ? lookUp(asked) : passBy(asked, detail);
  };
}

async function passBy(asked: Asked, detail: string): Promise<Response> {
  const { fetch, request } = asked;
  return passedOn(asked, await fetch(new Request(request, { redirect: "manual" }), request), {
    forward: "bypass",
    detail,
  });
}

async function lookUp(asked: Asked): Promise<Response> {
  const { cache, namespace } = asked.settings;
  const stored = await cache.get<StoredVariants>(asked.key, { namespace });
  const variants = await fromStore(asked.key, stored, asked.settings);
  const choice = chooseFrom(asked, variants);
  if (choice !== undefined && choice.reuse.kind !== "validate") {
    if (choice.reuse.kind === "stale" && choice.reuse.because === "stale-while-revalidate") refreshBehind(asked);
    return answer(asked, choice.variant, { hit: true });
  }
  if (requestControl(asked.head, asked.settings.policy).onlyIfCached) return unavailable(asked);
  return goToOrigin(asked, forwardReason(asked, choice, variants));
}

/** The first that can be given as it is, else the first that can be validated. */
function chooseFrom({ head, settings }: Asked, variants: Variants): Choice | undefined {
  const choices = choicesFor(head, variants, settings.clock.now(), settings.policy);
  return choices.find(({ reuse }) => reuse.kind !== "validate") ?? choices[0];
}

function forwardReason({ head, settings }: Asked, choice: Choice | undefined, variants: Variants): ForwardReason {
  if (choice?.reuse.kind === "validate") return choice.reuse.because === "request" ? "request" : "stale";
  if (isOfPart(head, variants, settings)) return "partial";
  return variants.length === 0 ? "uri-miss" : "vary-miss";
}

async function goToOrigin(asked: Asked, forward: ForwardReason): Promise<Response> {
  const trip: OwnTrip = { outcome: undefined, end: undefined, isOver: false };
  try {
    const shared = await share(asked, trip, asked.request.signal);
    if (trip.outcome !== undefined) {
      // The exchange was everybody's; what is left of it is its client's alone.
      if (trip.end !== undefined) endWith(asked.request.signal, trip.end);
      return conclude(asked, trip.outcome, forward);
    }
    const choice = chooseFrom(asked, shared);
    if (choice !== undefined && choice.reuse.kind !== "validate") {
      return answer(asked, choice.variant, { forward, isCollapsed: true });
    }
    const { signal } = asked.request;
    return conclude(
      asked,
      { ...(await exchange({ ...asked, variants: shared, signal })), variants: undefined },
      forward,
    );
  } finally {
    trip.isOver = true;
  }
}

/**
 * An exchange that is a flight of the cache: its outcome is stored, unless an invalidation has overtaken it. It goes by what
 * is stored when it begins, and not by what its caller has seen: that may have been ended while it waited for its turn.
 */
async function share(asked: Asked, trip: OwnTrip, signal?: AbortSignal): Promise<Variants> {
  const { key, settings } = asked;
  const { cache, namespace } = settings;
  const refresh = async (context: RefreshContext<StoredVariants>): Promise<StoredVariants> => {
    const known = context.stale ?? toStore([], settings);
    const variants = await fromStore(key, known, settings);
    // Another process has made, since its caller looked, what he is about to ask for.
    if (chooseFrom(asked, variants)?.reuse.kind === "fresh") return context.skip(known);
    const end = new AbortController();
    endWith(context.signal, end);
    const outcome = await exchange({ ...asked, variants, signal: end.signal });
    // An invalidation may have overtaken an exchange before, of which nobody sees the outcome.
    if (trip.isOver || trip.outcome !== undefined) drop(trip.isOver ? outcome : (trip.outcome as Outcome));
    if (!trip.isOver) Object.assign(trip, { outcome, end });
    if (outcome.variants === undefined) return context.skip(known);
    context.setOptions({
      ttl: lifeOf(outcome.variants, settings),
      staleWhileRevalidate: 0,
      staleIfError: 0,
      jitter: 0,
    });
    return toStore(outcome.variants, settings);
  };
  const options = { namespace, forceRefresh: true, signal };
  return fromStore(key, await cache.get<StoredVariants>(key, refresh, options), settings);
}

/** Its failure is nobody's: the next request will see for itself. */
function refreshBehind(asked: Asked): void {
  const trip: OwnTrip = { outcome: undefined, end: undefined, isOver: true };
  share(asked, trip).catch(() => undefined);
}

function conclude(asked: Asked, { answer: given, variants }: Outcome, forward: ForwardReason): Response {
  if (given.kind === "own") return passedOn(asked, given.response, { forward, detail: given.because });
  const { variant, forwardStatus } = given;
  if (given.kind === "rescue") return answer(asked, variant, { forward, forwardStatus, detail: "stale-if-error" });
  const isStored = variants?.some(({ id }) => id === variant.id) === true;
  const way: Way = { forward, isStored, forwardStatus: forwardStatus === variant.status ? undefined : forwardStatus };
  return answer(asked, variant, way, true);
}

/**
 * The answer from a stored response: its head, a part of it, or word that the client has it.
 * @param isOwn it has come for this request, or has been validated for it: all its fields, and no age (RFC 9111 §5.1)
 */
function answer(asked: Asked, variant: Variant, way: Way, isOwn = false): Response {
  const { head, settings } = asked;
  const stored = asVariantStored(variant);
  const now = settings.clock.now();
  const given = isOwn ? fieldsOf(stored.fields) : reusedFields(stored, now, settings.policy);
  const ttl = remainingMs(stored, now, settings.policy) / 1_000;
  const fields = withCacheStatus(given, { cache: settings.cacheName, ...way, ttl });
  if (evaluatePreconditions(head, stored) === "not-modified") return respond(asked, 304, "", notModifiedFields(fields));
  if (variant.status === 206) return answerPart(asked, variant, fields, isOwn);
  const length = variant.body.byteLength;
  const range = selectRange(head, stored, length);
  if (range.kind === "unsatisfiable") return respond(asked, 416, "", unsatisfiableFields(fields, length));
  if (range.kind === "whole") return respond(asked, variant.status, variant.statusText, fields, variant.body);
  return respond(asked, 206, "", partFields(fields, range, length), variant.body.subarray(range.first, range.last + 1));
}

/** Of a stored part what the request asks for; all of it, where it has just come for it. */
function answerPart(asked: Asked, variant: Variant, fields: FieldList, isOwn: boolean): Response {
  const stored = asVariantStored(variant);
  const place = parseContentRange(stored.fields);
  const range = isOwn ? undefined : selectFromPart(asked.head, stored);
  if (place === undefined || range === undefined) return respond(asked, 206, variant.statusText, fields, variant.body);
  const bytes = variant.body.subarray(range.first - place.first, range.last + 1 - place.first);
  const contentRange = `bytes ${range.first}-${range.last}/${place.total ?? "*"}`;
  const named = fields.with([
    ["Content-Range", contentRange],
    ["Content-Length", String(bytes.byteLength)],
  ]);
  return respond(asked, 206, "", named, bytes);
}

/** What may change something goes to the origin, and ends what is stored under the URIs that it is about (RFC 9111 §4.4). */
async function change(asked: Asked): Promise<Response> {
  const { fetch, request, head, settings } = asked;
  const { cache, namespace, clock } = settings;
  const requestedAt = clock.now();
  const response = await fetch(request, request);
  const fields = fieldsOf(response.headers);
  const { status, redirected } = response;
  // What a redirect has led to says nothing of this URI, and may be another's.
  const answered = redirected ? { status: 303, fields: fieldsOf([]) } : { status, fields };
  const keys = invalidatedUris(head, answered).map(keyOf);
  if (keys.length > 0) await cache.deleteMany(keys, { namespace });
  if (redirected) return passedOn(asked, response, { forward: "method" });
  const received = { status, fields, requestedAt, receivedAt: clock.now() };
  const made = await asVariant(head, { response, received }, settings);
  if (made.kind === "own") return passedOn(asked, made.response, { forward: "method" });
  // A response to POST that says so answers GET from now on (RFC 9110 §9.3.3).
  await cache.set(asked.key, toStore([made.variant], settings), {
    namespace,
    ttl: lifeOf([made.variant], settings),
    staleWhileRevalidate: 0,
  });
  return answer(asked, made.variant, { forward: "method", isStored: true }, true);
}

/** As long as any of them is fresh, and some more, to be validated. */
function lifeOf(variants: Variants, { clock, policy, keepStaleMs }: FetchSettings): number {
  const now = clock.now();
  return Math.max(0, ...variants.map((variant) => remainingMs(asVariantStored(variant), now, policy))) + keepStaleMs;
}

/** RFC 9111 §5.2.1.7. */
function unavailable(asked: Asked): Response {
  return passedOn(asked, new Response(null, { status: 504 }), { detail: "only-if-cached" });
}

function passedOn(asked: Asked, response: Response, way: Way): Response {
  const fields = endToEndFields(fieldsOf(response.headers));
  return withFields(response, withCacheStatus(fields, { cache: asked.settings.cacheName, ...way }), asked.head);
}

function respond({ head }: Asked, status: number, statusText: string, fields: FieldList, body?: Uint8Array): Response {
  return asResponse({ status, statusText, fields, body: hasContent(head, status) ? body : undefined });
}

function endWith(signal: AbortSignal | undefined, end: AbortController): void {
  if (signal?.aborted === true) return end.abort(signal.reason);
  signal?.addEventListener("abort", () => end.abort(signal.reason), { once: true });
}

/** Nobody reads the body of an outcome that came when its request had been answered. */
function drop({ answer: given }: Outcome): void {
  if (given.kind === "own") dropBody(given.response);
}

/** URIs differ by all but their fragment. */
function keyOf(url: string): string {
  const uri = parseUri(url)?.href ?? url;
  return uri.length <= 250 ? uri : `sha256:${createHash("sha256").update(uri).digest("hex")}`;
}
