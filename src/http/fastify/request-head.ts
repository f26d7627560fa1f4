// The head of a request: whether the cache may be asked about it, and its fields, which a schema of its route may have cast, filled in, or taken away.

import type { IncomingMessage } from "node:http";
import {
  acceptsEncoded,
  headOfMessage,
  isEncrypted,
  isOrdinary as isOrdinaryMessage,
  rangeless,
} from "../node/message-head.ts";
import { FieldList, fieldsOf, type RequestHead } from "../policy/message.ts";
import { FORWARDED_SCHEME } from "../scheme.ts";
import { contextOf, type AnyRequest } from "./context.ts";

/**
 * Whether the cache may be asked about a request. A router may take a `;` for the beginning of the query (`useSemicolonDelimiter`): with a
 * `?` behind it that is another than the query of the key.
 */
export function isOrdinary({ raw }: AnyRequest, target: string): boolean {
  const semicolon = target.indexOf(";");
  return isOrdinaryMessage(raw, target) && (semicolon === -1 || !target.includes("?", semicolon));
}

/**
 * The head of a request, with its fields as they came: credentials count even where a schema has taken them away, since hooks may have seen
 * them. To HEAD the answer is that to GET: Fastify, or the hook of the routes that it makes for HEAD, leaves the body out.
 */
export function headOf(request: AnyRequest, target: string): RequestHead {
  const head = headAsCame(request, target);
  const isHead = head.method === "HEAD";
  const asksForPart = head.fields.all("range").length > 0;
  const fields = asksForPart && (isHead || mayBeEncoded(request)) ? rangeless(head) : head.fields;
  if (isHead) return { ...head, method: "GET", fields };
  return fields === head.fields ? head : { ...head, fields };
}

function headAsCame(request: AnyRequest, target: string): RequestHead {
  const { raw } = request;
  const said = raw.headers[FORWARDED_SCHEME];
  const last = typeof said === "string" && said.includes(",") ? lastOf(said) : undefined;
  const head = headOfMessage(raw, target, isEncrypted(raw, request, last ?? said));
  if (last === undefined && !isChanged(request)) return head;
  const fields = isChanged(request) ? new FieldList([...fieldsAsCame(raw)]) : fieldsOf(head.fields);
  return { ...head, fields: last === undefined ? fields : fields.with([[FORWARDED_SCHEME, last]]) };
}

/** Of what several proxies have said Fastify believes the last. */
function lastOf(list: string): string {
  return list.slice(list.lastIndexOf(",") + 1).trim();
}

/** A hook that compresses would take a part for the whole. */
function mayBeEncoded(request: AnyRequest): boolean {
  return acceptsEncoded(request.raw) && contextOf(request).onSend !== null;
}

/** What a schema or a hook has made of those that are part of the key, and nothing else that has come. */
export function keepChanges(request: AnyRequest, kept: IncomingMessage): void {
  if (!isChanged(request)) return;
  const came = fieldsAsCame(request.raw);
  const isKept = (name: string): boolean => !came.has(name) || came.get(name) === kept.headers[name];
  const changed = Object.entries(request.headers).filter(([name]) => isKept(name));
  const { host, [FORWARDED_SCHEME]: scheme } = kept.headers;
  kept.headers = { ...Object.fromEntries(changed), ...(host !== undefined && { host }) };
  // It may be written otherwise than it came.
  if (typeof scheme === "string" && FORWARDED_SCHEME in request.headers) kept.headers[FORWARDED_SCHEME] = scheme;
}

function isChanged(request: AnyRequest): boolean {
  const validate: unknown = request.getValidationFunction("headers");
  return (validate !== undefined && validate !== null) || "additionalHeaders" in request;
}

/** One value for each name, in lower case. */
function fieldsAsCame({ rawHeaders }: IncomingMessage): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = rawHeaders[at + 1] as string;
    const known = fields.get(name);
    fields.set(name, known === undefined ? value : `${known}${name === "cookie" ? "; " : ", "}${value}`);
  }
  return fields;
}
