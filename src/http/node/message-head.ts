// The head of a message of Node's, as the policy reads it.

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { fieldsOf, type FieldLine, type Fields, type RequestHead } from "../policy/message.ts";
import { FORWARDED_SCHEME, forwardedScheme } from "../scheme.ts";

/** The host is that of this name: what a client says is not asked. */
const PLAIN = "http://localhost";
const ENCRYPTED = "https://localhost";

/** `target` is what stands in the request line, before any router has cut it. */
export function headOfMessage(
  req: IncomingMessage,
  target: string,
  isSecure: boolean = isEncrypted(req, req, req.headers[FORWARDED_SCHEME]),
): RequestHead {
  const { method = "GET", headers } = req;
  return {
    method,
    url: `${isSecure ? ENCRYPTED : PLAIN}${isPath(target) ? target : pathOf(target)}`,
    fields: new MessageFields(headers),
  };
}

/**
 * Whether a request has come by `https`: as the framework says, which believes some proxies and others not; as the connection is where
 * there is none, or no word of a proxy. A word that a run does not see does not count.
 * @param framework what it calls the request
 * @param said what the proxy says that counts
 */
export function isEncrypted(
  { socket }: IncomingMessage,
  framework: object,
  said: string | readonly string[] | undefined,
): boolean {
  const isHeard = said !== undefined && forwardedScheme(String(said)) !== undefined;
  const protocol = isHeard ? textIn(framework, "protocol") : undefined;
  if (protocol !== undefined) return protocol.toLowerCase() === "https";
  return (socket as { readonly encrypted?: unknown } | undefined)?.encrypted === true;
}

/**
 * Whether a request is one that browsers make: for a path, without a fragment in it, and without content. What routers make of others
 * is not the same everywhere, and a key does not hold content: they are not cached.
 */
export function isOrdinary({ headers }: IncomingMessage, target: string): boolean {
  const length = headers["content-length"];
  const hasContent = (length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined;
  return isPath(target) && !hasContent;
}

function isPath(target: string): boolean {
  return target.startsWith("/") && !target.includes("#");
}

/** Whether what compresses answers would compress that to this request. */
export function acceptsEncoded({ headers }: IncomingMessage): boolean {
  const accepted = headers["accept-encoding"];
  return accepted !== undefined && !/^\s*identity\b[^,]*(?:,\s*\*\s*;\s*q=0(?:\.0*)?\s*)?$/i.test(accepted);
}

/** The fields without a range: ranges are for GET alone (RFC 9110 §14.2), and may be ignored. */
export function rangeless({ fields }: RequestHead): Fields {
  return fieldsOf(fields).without((name) => name === "range");
}

/** What was asked for: where middleware has changed it, as it is now, since the answer is to that. */
export function targetOf(req: IncomingMessage): string {
  const { url = "/" } = req;
  const original = textIn(req, "originalUrl");
  if (original === undefined || original === url) return url;
  const base = textIn(req, "baseUrl");
  // Connect cuts the front of the path away, and does not say what it was.
  if (base === undefined) return original.endsWith(url) ? original : url;
  // Under the path of a router itself `url` has a slash that was not there.
  const isAsked = `${base}${url}` === original || (url.startsWith("/") && `${base}${url.slice(1)}` === original);
  return isAsked ? original : `${base}${url}`;
}

/**
 * What was asked for, where middleware has led it elsewhere: a part of the key, since handlers see it, and what middleware has taken from it,
 * such as a language, or a tenant. Empty where it has not. The query counts only if that was changed, too.
 * @param find what the target is by now
 */
export function scopeOfTarget<Req extends IncomingMessage>(req: Req, find: (req: Req) => string = targetOf): string {
  const original = textIn(req, "originalUrl");
  if (original === undefined || original === req.url) return "";
  const target = find(req);
  if (original === target) return "";
  const [path, search] = cut(original);
  return JSON.stringify(search === cut(target)[1] ? [path] : [path, search]);
}

function cut(target: string): readonly [path: string, search: string] {
  const at = target.indexOf("?");
  return at === -1 ? [target, ""] : [target.slice(0, at), target.slice(at)];
}

function textIn(req: object, name: string): string | undefined {
  const value = (req as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : undefined;
}

/** In absolute form, as to a proxy (RFC 9112 §3.2.2); or `*` of OPTIONS, or nonsense. */
function pathOf(target: string): string {
  if (!URL.canParse(target, PLAIN)) return "/";
  const { pathname, search } = new URL(target, PLAIN);
  return `${pathname}${search}`;
}

/** Read where they stand. */
class MessageFields implements Fields {
  readonly #headers: IncomingHttpHeaders;

  constructor(headers: IncomingHttpHeaders) {
    this.#headers = headers;
  }

  all(name: string): readonly string[] {
    const value = this.#headers[name];
    if (value === undefined) return NONE;
    return typeof value === "string" ? [value] : value;
  }

  *[Symbol.iterator](): Iterator<FieldLine> {
    for (const [name, value] of Object.entries(this.#headers)) {
      // HTTP/2 has the request line among the fields.
      if (name.startsWith(":")) continue;
      if (typeof value === "string") yield [name, value];
      else for (const one of value ?? []) yield [name, one];
    }
  }
}

const NONE: readonly string[] = Object.freeze([]);
