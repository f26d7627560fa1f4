// What middleware before a route has said of the answer itself, and not of its one client.

import type { ServerResponse } from "node:http";
import { saysPrivate } from "../known-user.ts";

/**
 * Of the content, and of who may keep it: the handler's answer has these as well, unless it says otherwise. All other fields (cookies,
 * CORS, what helmet sets) are for the one client, and stay on its response.
 */
const INHERITED: ReadonlySet<string> = new Set([
  ...["cache-control", "cdn-cache-control", "expires", "cache-tag", "surrogate-key"],
  ...["content-type", "content-language", "content-disposition", "last-modified"],
]);

/** Gives `to` what it would have as the response of the client. */
export function inherit(from: ServerResponse, to: ServerResponse): void {
  for (const name of from.getHeaderNames()) {
    const value = INHERITED.has(name) ? from.getHeader(name) : undefined;
    if (value !== undefined) to.setHeader(name, value);
  }
}

/** Takes from the response of a client what has gone into the answer that it now gets. */
export function removeInherited(res: ServerResponse): void {
  for (const name of res.getHeaderNames()) if (INHERITED.has(name)) res.removeHeader(name);
}

/** Whether middleware has called what this client gets its own: on a response of Node's, or a reply of Fastify. */
export function isCalledPrivate(res: Pick<ServerResponse, "getHeader">): boolean {
  const control = res.getHeader("cache-control");
  return control !== undefined && saysPrivate(String(control));
}
