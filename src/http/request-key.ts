// Under which key a request is looked up, and what the handler may see of it when it answers for the key.

import { createHash } from "node:crypto";
import { badInput } from "../errors.ts";
import type { Incoming, KeyedHead } from "./incoming.ts";
import type { HandlerSettings, RouteSettings } from "./options.ts";
import { combined, fieldsOf, type FieldList, type RequestHead } from "./policy/message.ts";
import type { PolicySettings } from "./policy/settings.ts";
import { validationRequest } from "./policy/validation.ts";
import { FORWARDED_SCHEME, forwardedScheme, markOfScheme, MARKS_OF_SCHEMES } from "./scheme.ts";
import { urlParts } from "./url-parts.ts";

/** What a request is answered from. */
export interface Place {
  readonly key: string;
  /** Names all that is stored under the same URI, for whomever. `undefined`: the key alone does. */
  readonly uriTag: string | undefined;
  readonly policy: PolicySettings;
  readonly isPartition: boolean;
  /** Whether the requests that meet here may be of different users, of whom nothing is known but that they are some. */
  readonly isOfUsers: boolean;
}

/** Longer keys are hashed: those of the cache may have 512 bytes at most, with what it adds. */
const LONGEST_BYTES = 250;
const HASHED = "sha256:";

/**
 * The place of a request; `undefined` when its answers are not cached. Requests with credentials that are not declared have places of
 * their own: they neither get what a request without has brought, nor keep others from it.
 */
export function placeOf<R>(
  incoming: Incoming<R>,
  settings: HandlerSettings<R>,
): Place | undefined | Promise<Place | undefined> {
  const { request, head } = incoming;
  const uri = uriKey(head.url, request, settings);
  if (uri === undefined) return undefined;
  // No promise where there is nothing to wait for: a hit takes a few microseconds.
  const isMarked = settings.isBlindToUsers && incoming.isOfUser;
  if (settings.partition === undefined) return placeUnder(uri, undefined, head, isMarked, settings);
  return partitionOf(request, settings.partition).then((partition) =>
    placeUnder(uri, partition, head, isMarked, settings),
  );
}

function placeUnder(
  uri: string,
  partition: string | undefined,
  head: RequestHead,
  isMarked: boolean,
  settings: HandlerSettings<never>,
): Place {
  const policy = partition === undefined ? settings.policy : settings.partitionPolicy;
  const isVaried = settings.vary.length > 0 || settings.partition !== undefined;
  const variant = isVaried ? [variantOf(settings.vary, head), partition ?? null] : [];
  const isOfUsers = isMarked || hasCredentials(head, policy);
  return {
    key: keyWith(uri, variant, settings.origin === undefined ? markOfScheme(head) : undefined, isOfUsers),
    uriTag: isVaried ? tagOfUri(uri) : undefined,
    policy,
    isPartition: partition !== undefined,
    isOfUsers,
  };
}

/** Each of the marks may be missing: they are texts that no other of them is. */
function keyWith(uri: string, variant: readonly unknown[], scheme: string | undefined, isOfUsers: boolean): string {
  if (variant.length > 0 || isOfUsers) {
    const marks = [...variant, ...(scheme === undefined ? [] : [scheme]), ...(isOfUsers ? ["credentials"] : [])];
    return bounded(`${uri}#${JSON.stringify(marks)}`);
  }
  return bounded(scheme === undefined ? uri : `${uri}#["${scheme}"]`);
}

/**
 * Declared headers exactly as they came, although RFC 9111 §4.1 lets spellings of one meaning match: handlers, and middleware before them, see
 * them so, and need not find that meaning in each. What they make of one client's spelling is not for those who spell it otherwise.
 */
function variantOf(names: readonly string[], { fields }: RequestHead): readonly (string | null)[] {
  return names.map((name) => combined(fields, name) ?? null);
}

/**
 * All keys, or the tag, of what is stored under a URI: none, where keys are the user's own and there is no request to make
 * one of.
 */
export function placesOfUri<R>(
  url: string,
  request: R | undefined,
  settings: HandlerSettings<R>,
): { readonly keys: readonly string[]; readonly tag: string | undefined } {
  const uri = uriKey(url, request, settings);
  if (uri === undefined) return { keys: [], tag: undefined };
  if (settings.vary.length > 0 || settings.partition !== undefined) return { keys: [], tag: tagOfUri(uri) };
  const schemes = settings.origin === undefined ? MARKS_OF_SCHEMES : [undefined];
  const keys = schemes.flatMap((scheme) => [false, true].map((isOfUsers) => keyWith(uri, [], scheme, isOfUsers)));
  return { keys, tag: undefined };
}

/** What the handler is asked by a request that it answers for everybody. */
export function keyedHead(head: RequestHead, signal: AbortSignal, settings: HandlerSettings<never>): KeyedHead {
  const isLeftOut = (name: string): boolean =>
    !settings.vary.includes(name) && (OF_ONE_CLIENT.has(name) || saysWhere(name));
  const fields = fieldsOf(validationRequest(head, []).fields).without(isLeftOut);
  return { url: keyedUrl(head, settings), fields: withScheme(fields, head, settings), signal };
}

/** What a proxy says of the scheme, as it is in the key. */
function withScheme(fields: FieldList, head: RequestHead, { origin, vary }: RouteSettings): FieldList {
  if (origin !== undefined || vary.includes(FORWARDED_SCHEME)) return fields;
  const scheme = forwardedScheme(combined(head.fields, FORWARDED_SCHEME));
  return scheme === undefined ? fields : fields.with([[FORWARDED_SCHEME, scheme]]);
}

/**
 * Conditions that a 412 would be the answer to; and what is of a connection or a body, which the run has not, and which
 * a handler that asks another server with these fields would fail with, and all who wait for it.
 */
const OF_ONE_CLIENT: ReadonlySet<string> = new Set([
  ...["if-match", "if-unmodified-since", "expect", "content-length", "transfer-encoding", "trailer"],
  ...["connection", "proxy-connection", "keep-alive", "te", "upgrade", "proxy-authorization"],
]);

/** Other names of the scheme, of the host, of the path, and of the method, which frameworks and middleware read. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...["host", "forwarded", "x-host", "x-http-host-override", "x-rewrite-url"],
  ...["front-end-https", "x-scheme", "x-url-scheme", "x-arr-ssl", "cloudfront-forwarded-proto", "cf-visitor"],
  ...["x-http-method", "x-http-method-override", "x-method-override"],
]);

/**
 * What a client, or a proxy before it, makes up of the scheme, the host, the path or the method: links and redirects made of it would reach
 * others. What `X-Forwarded-Proto` says is given anew, as far as it is in the key.
 */
function saysWhere(name: string): boolean {
  return ELSEWHERE.has(name) || name.startsWith("x-forwarded-") || name.startsWith("x-original-");
}

async function partitionOf<R>(
  request: R,
  partition: NonNullable<HandlerSettings<R>["partition"]>,
): Promise<string | undefined> {
  return checkGiven(await partition(request), "partition(request)");
}

function uriKey<R>(absolute: string, request: R | undefined, settings: HandlerSettings<R>): string | undefined {
  const { key, origin, scopeOf } = settings;
  const scope = request === undefined || scopeOf === undefined ? "" : scopeOf(request);
  if (key !== undefined) {
    const own = request === undefined ? undefined : withoutMark(checkGiven(key(request), "key(request)"));
    return own === undefined ? undefined : `${scope}${own}`;
  }
  const { path, search } = urlParts(absolute);
  return `${scope}${origin ?? ""}${path}${keyedQuery(search, settings)}`;
}

/** A `#` begins what is added to a key. No URL has one there; a key of the user's may, if it holds what a client says. */
function withoutMark(key: string | undefined): string | undefined {
  return key?.includes("#") === true ? JSON.stringify(key) : key;
}

/** What a function of the user's says: an empty text, or a number, would be the mistake of one that puts users together. */
function checkGiven(value: unknown, field: string): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw badInput("invalid_argument", field, "a text that is not empty, or undefined", value);
}

/** With a key of the user's own the handler sees all: what the key leaves out is the user's business. */
function keyedUrl(head: RequestHead, settings: HandlerSettings<never>): string {
  if (settings.key !== undefined) return head.url;
  const { origin, path, search } = urlParts(head.url);
  return `${settings.origin ?? withoutHost(origin)}${path}${keyedQuery(search, settings)}`;
}

/** Without a configured origin the host has a name that says nothing: that of the request is what its client makes up. */
function withoutHost(origin: string): string {
  return `${origin.slice(0, origin.indexOf("://"))}://localhost`;
}

/** In order of names; as it was written otherwise, so that what a handler could tell apart stays apart. */
function keyedQuery(search: string, { query }: RouteSettings): string {
  if (search.length <= 1) return "";
  // Most queries have one parameter.
  if (query === undefined && !search.includes("&")) return search;
  const parameters = search.slice(1).split("&");
  const known = parameters.filter((one) => one !== "" && (query === undefined || query.has(nameOf(one))));
  const sorted = known.toSorted((a, b) => compare(nameOf(a), nameOf(b)));
  return sorted.length === 0 ? "" : `?${sorted.join("&")}`;
}

function nameOf(parameter: string): string {
  const [name = ""] = new URLSearchParams(parameter).keys();
  return name;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function hasCredentials({ fields }: RequestHead, { declared }: PolicySettings): boolean {
  return ["authorization", "cookie"].some((name) => !declared.has(name) && fields.all(name).length > 0);
}

function tagOfUri(uri: string): string {
  return bounded(`http-uri:${uri}`);
}

/** A key of the user's own may hold what a client says: it is not to name another that was too long. */
function bounded(key: string): string {
  const isItself = Buffer.byteLength(key) <= LONGEST_BYTES && key.isWellFormed() && !key.startsWith(HASHED);
  return isItself ? key : `${HASHED}${createHash("sha256").update(key).digest("hex")}`;
}
