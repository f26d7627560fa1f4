// Answers of the cache on the client's Context, which may have headers already: they are merged as Hono merges those of a handler.

import type { Context } from "hono";
import type { StoredAnswer } from "../incoming.ts";
import type { RouteSettings } from "../options.ts";
import { formatCacheStatus } from "../policy/cache-status.ts";
import type { FieldLine } from "../policy/message.ts";
import type { Way } from "../prepared.ts";
import { SURROGATE_FIELDS } from "../surrogate-keys.ts";

type Body = ConstructorParameters<typeof Response>[0];

/** From what is stored. */
export function giveStored(c: Context, { status, statusText, fields, body }: StoredAnswer): Response {
  return give(c, status, statusText, fields, (body ?? null) as Body);
}

/** What is one client's alone. */
export function giveResponse(c: Context, response: Response): Response {
  const { status, statusText, headers, body } = response;
  // Nobody can make another of these: an upgrade, or a failure of the network.
  return status < 200 ? response : give(c, status, statusText, headers, body);
}

/** What the cache has to say about an answer that somebody else gives. */
export function addStatus(c: Context, way: Way, { cacheName }: RouteSettings): void {
  c.header("Cache-Status", formatCacheStatus({ cache: cacheName, ...way }), { append: true });
}

/** Surrogate keys of an answer that is set already are taken out. */
export function hideSurrogates(c: Context): void {
  for (const name of SURROGATE_FIELDS) c.header(name);
}

/**
 * Fields take the place of what was there, but for those that are added to it: `Vary` was about all answers, cookies are the client's.
 * `c.newResponse` does the same with `Headers`, which cost more than all the rest of a hit.
 */
function give(c: Context, status: number, statusText: string, fields: Iterable<FieldLine>, body: Body): Response {
  const headers = Object.create(null) as Record<string, string>;
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    if (key === "vary" || key === "set-cookie") c.header(name, value, { append: true });
    else headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  const cookies: [string, string][] = [];
  for (const [name, value] of c.newResponse(null).headers) {
    if (name === "set-cookie") cookies.push([name, value]);
    else headers[name] ??= value;
  }
  const all = cookies.length === 0 ? headers : [...Object.entries(headers), ...cookies];
  return new Response(body, { status, statusText, headers: all });
}
