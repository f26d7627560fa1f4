// Under which key a request is looked up, and what the handler may see of it when it answers for the key.

import { createHash } from "node:crypto";
import { badInput } from "../errors.ts";
import type { HandlerSettings } from "./options.ts";
import type { FieldLine, Fields, RequestHead } from "./policy/message.ts";
import type { PolicySettings } from "./policy/settings.ts";
import { validationRequest } from "./policy/validation.ts";
import { variantKey } from "./policy/vary.ts";

/** What a request is answered from. */
export interface Place {
  readonly key: string;
  /** Names all that is stored under the same URI, for whomever. `undefined`: the key alone does. */
  readonly uriTag: string | undefined;
  readonly policy: PolicySettings;
  readonly isPartition: boolean;
}

/** Longer keys are hashed: those of the cache may have 512 bytes at most, with what it adds. */
const LONGEST_BYTES = 250;

/**
 * The place of a request; `undefined` when its answers are not cached. Requests with credentials that are not declared have places of
 * their own: they neither get what a request without has brought, nor keep others from it.
 */
export async function placeOf(
  request: Request,
  head: RequestHead,
  settings: HandlerSettings,
): Promise<Place | undefined> {
  const uri = uriKey(request, settings);
  if (uri === undefined) return undefined;
  const partition = await partitionOf(request, settings);
  const policy = partition === undefined ? settings.policy : settings.partitionPolicy;
  const isVaried = settings.vary.length > 0 || settings.partition !== undefined;
  const variant = isVaried ? [variantKey(settings.vary, head), partition ?? null] : [];
  const marks = hasCredentials(head, policy) ? [...variant, "credentials"] : variant;
  return {
    key: bounded(marks.length === 0 ? uri : `${uri}#${JSON.stringify(marks)}`),
    uriTag: isVaried ? tagOfUri(uri) : undefined,
    policy,
    isPartition: partition !== undefined,
  };
}

/** All keys, or the tag, of what is stored under a URI. */
export function placesOfUri(
  request: Request,
  settings: HandlerSettings,
): { readonly keys: readonly string[]; readonly tag: string | undefined } {
  const uri = uriKey(request, settings);
  if (uri === undefined) return { keys: [], tag: undefined };
  if (settings.vary.length > 0 || settings.partition !== undefined) return { keys: [], tag: tagOfUri(uri) };
  return { keys: [bounded(uri), bounded(`${uri}#${JSON.stringify(["credentials"])}`)], tag: undefined };
}

/**
 * The request that is answered for everybody with the same key: GET, without conditions and ranges, under the configured
 * origin, and with no parameter in its query that is not part of the key. It ends when nobody waits for its answer any more.
 */
export function keyedRequest(
  request: Request,
  head: RequestHead,
  signal: AbortSignal,
  settings: HandlerSettings,
): Request {
  const { fields } = validationRequest(head, []);
  const headers = [...fields].map(([name, value]): [string, string] => [name, value]);
  return new Request(keyedUrl(request, settings), { method: "GET", headers, signal });
}

/** The head of a request, as the policy reads it. */
export function headOf(request: Request): RequestHead {
  return { method: request.method, url: request.url, fields: new RequestFields(request.headers) };
}

/** Headers of fetch, read where they stand: a hit asks for few of them. Several lines of a field are one there. */
class RequestFields implements Fields {
  readonly #headers: Headers;

  constructor(headers: Headers) {
    this.#headers = headers;
  }

  all(name: string): readonly string[] {
    const value = this.#headers.get(name);
    return value === null ? [] : [value];
  }

  [Symbol.iterator](): Iterator<FieldLine> {
    return this.#headers[Symbol.iterator]();
  }
}

async function partitionOf(request: Request, { partition }: HandlerSettings): Promise<string | undefined> {
  return partition === undefined ? undefined : checkGiven(await partition(request), "partition(request)");
}

function uriKey(request: Request, settings: HandlerSettings): string | undefined {
  if (settings.key !== undefined) return withoutMark(checkGiven(settings.key(request), "key(request)"));
  const url = new URL(request.url);
  return `${settings.origin ?? ""}${url.pathname}${keyedQuery(url, settings)}`;
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
function keyedUrl(request: Request, settings: HandlerSettings): string {
  if (settings.key !== undefined) return request.url;
  const url = new URL(request.url);
  return `${settings.origin ?? url.origin}${url.pathname}${keyedQuery(url, settings)}`;
}

/** In order of names; as it was written otherwise, so that what a handler could tell apart stays apart. */
function keyedQuery({ search }: URL, { query }: HandlerSettings): string {
  if (search === "") return "";
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

function bounded(key: string): string {
  return Buffer.byteLength(key) <= LONGEST_BYTES && key.isWellFormed()
    ? key
    : `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
