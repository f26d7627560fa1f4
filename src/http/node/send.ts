// Answers of the cache, on a response of Node's that may have fields already.

import { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { StoredAnswer } from "../incoming.ts";
import type { RouteSettings } from "../options.ts";
import type { FieldLine } from "../policy/message.ts";
import type { Way } from "../prepared.ts";
import { formatCacheStatus } from "../policy/cache-status.ts";
import { SURROGATE_FIELDS } from "../surrogate-keys.ts";
import { removeInherited } from "./inherited.ts";
import { setGiven, type FieldsGiven } from "./given-head.ts";

/** From what is stored. */
export function sendStored(res: ServerResponse, { status, statusText, fields, body }: StoredAnswer): void {
  sendHead(res, status, statusText, fields);
  if (body === undefined) res.end();
  else if (body.byteLength > SHORT || isPatched(res)) res.end(body);
  else res.end(asLatin1(body), "latin1");
}

/** Node writes a head and a text at once, but a head and bytes as two, which takes more than twice as long. */
const SHORT = 32_768;

/** The same bytes: each is a character. */
function asLatin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

/** Middleware may take any text for UTF-8, and compress what it gets. */
export function isPatched(res: ServerResponse): boolean {
  return Object.hasOwn(res, "end") || Object.hasOwn(res, "write") || Object.hasOwn(res, "writeHead");
}

/** What is one client's alone. Settles when all of it is on its way; a client that leaves ends its source. */
export async function sendResponse(res: ServerResponse, response: Response): Promise<void> {
  const { status, statusText, headers, body } = response;
  sendHead(res, status, statusText, headers);
  if (body === null) return void res.end();
  // Of a stream that says nothing yet the client is to know that it has begun.
  if (!headers.has("content-length")) res.flushHeaders();
  await pipeline(Readable.fromWeb(body), res);
}

/**
 * Fields take the place of what was there. `Vary` is added to it, since that was about all answers, and so are cookies, which are this
 * client's.
 */
function sendHead(res: ServerResponse, status: number, statusText: string, fields: Iterable<FieldLine>): void {
  if (canBeWrittenAtOnce(res)) return writeAtOnce(res, status, statusText, fields);
  removeInherited(res);
  res.statusCode = status;
  // HTTP/2 has none, and says so in a warning.
  if (statusText !== "" && res instanceof ServerResponse) res.statusMessage = statusText;
  const seen = new Set<string>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    if (key === "vary") setVary(res, value);
    else if (key === "set-cookie" || seen.has(key)) res.appendHeader(name, value);
    else res.setHeader(name, value);
    seen.add(key);
  }
}

/** Where nobody has set a field, and nobody looks at them: then none is looked up by its name. */
function canBeWrittenAtOnce(res: ServerResponse): boolean {
  return res instanceof ServerResponse && !isPatched(res) && res.getHeaderNames().length === 0;
}

function writeAtOnce(res: ServerResponse, status: number, statusText: string, fields: Iterable<FieldLine>): void {
  const flat: string[] = [];
  for (const [name, value] of fields) flat.push(name, value);
  if (statusText === "") res.writeHead(status, flat);
  else res.writeHead(status, statusText, flat);
}

/** Each name once. */
function setVary(res: ServerResponse, value: string): void {
  const known = res.getHeader("vary");
  const names = known === undefined ? value : `${String(known)}, ${value}`;
  const members = names.split(",").map((name) => name.trim());
  const isFirst = (name: string, at: number): boolean =>
    members.findIndex((one) => one.toLowerCase() === name.toLowerCase()) === at;
  res.setHeader("Vary", members.filter((name, at) => name !== "" && isFirst(name, at)).join(", "));
}

/** What the cache has to say about an answer that the handler gives by itself is added when its head goes out. */
export function addToHead(res: ServerResponse, way: Way, { cacheName }: RouteSettings): void {
  const write = res.writeHead.bind(res) as (status: number, reason?: string) => ServerResponse;
  res.writeHead = (status: number, reason?: string | FieldsGiven, fields?: FieldsGiven): never => {
    const given = setGiven(res, reason, fields);
    for (const name of SURROGATE_FIELDS) res.removeHeader(name);
    res.appendHeader("Cache-Status", formatCacheStatus({ cache: cacheName, ...way }));
    return (given === undefined ? write(status) : write(status, given)) as never;
  };
}
