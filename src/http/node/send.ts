// Answers of the cache, on a response of Node's that may have fields already.

import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Answer } from "../incoming.ts";
import type { RouteSettings } from "../options.ts";
import type { FieldLine } from "../policy/message.ts";
import type { Way } from "../prepared.ts";
import { formatCacheStatus } from "../policy/cache-status.ts";
import { SURROGATE_FIELDS } from "../surrogate-keys.ts";
import { setGiven, type FieldsGiven } from "./given-head.ts";

/** From what is stored. */
export function sendStored(
  res: ServerResponse,
  { status, statusText, fields, body }: Extract<Answer, { kind: "stored" }>,
): void {
  sendHead(res, status, statusText, fields);
  if (body === undefined) res.end();
  else res.end(body);
}

/** What is one client's alone. Settles when all of it is on its way; a client that leaves ends its source. */
export async function sendResponse(res: ServerResponse, response: Response): Promise<void> {
  const { status, statusText, headers, body } = response;
  sendHead(res, status, statusText, headers);
  if (body === null) res.end();
  else await pipeline(Readable.fromWeb(body), res);
}

/** Fields take the place of what was there; `Vary` is added to it, since that was about all answers. */
function sendHead(res: ServerResponse, status: number, statusText: string, fields: Iterable<FieldLine>): void {
  res.statusCode = status;
  if (statusText !== "") res.statusMessage = statusText;
  const seen = new Set<string>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    if (seen.has(key) || key === "vary") res.appendHeader(name, value);
    else res.setHeader(name, value);
    seen.add(key);
  }
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
