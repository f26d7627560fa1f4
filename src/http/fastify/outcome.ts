// What came of a run, besides its response: how it was sent, whether it was hijacked, and the status of a failure.

import type { AnyReply } from "./context.ts";
import { cookiesKept, type Cookies } from "./cookies.ts";

/** What a run has sent, if it was all at once: what hooks before sending get. */
export type Sent = string | Buffer;

/** The handler has failed after it had set a status, which says more than the error. */
export class FailureWithStatus extends Error {
  readonly status: number;

  constructor(cause: unknown, status: number) {
    super(`the handler failed with the status ${status}`, { cause });
    this.status = status;
  }
}

const sentWith = new WeakMap<Response, Sent>();
/** Responses for one client, with the fields that the handler had given. */
const reserved = new WeakMap<Response, Headers>();
const cookiesWith = new WeakMap<Response, Cookies>();

/**
 * The response of a run, for the cache. What was hijacked is not stored: a handler that takes a reply takes it from its client. Nor is what
 * comes with cookies, which its fields do not tell.
 */
export function outcomeOf(response: Response, reply: AnyReply, payload: unknown, isHijacked: boolean): Response {
  if (typeof payload === "string" || Buffer.isBuffer(payload)) sentWith.set(response, payload);
  const cookies = cookiesKept(reply);
  if (!isHijacked && cookies === undefined) return response;
  const { status, statusText, headers, body } = response;
  const marked = new Response(body, { status, statusText, headers: unstorable(headers) });
  reserved.set(marked, headers);
  if (cookies !== undefined) cookiesWith.set(marked, cookies);
  if (sentWith.has(response)) sentWith.set(marked, sentWith.get(response) as Sent);
  return marked;
}

/** What the response of a run was sent as. */
export function sentAs(response: Response): Sent | undefined {
  return sentWith.get(response);
}

/** The cookies that come with the response of a run. */
export function cookiesOf(response: Response): Cookies | undefined {
  return cookiesWith.get(response);
}

/** The fields of the response of a run, as the handler has given them. */
export function fieldsGiven(response: Response): Headers {
  return reserved.get(response) ?? response.headers;
}

/** Also where a targeted field, which would count more, says otherwise. */
function unstorable(source: Headers): Headers {
  const headers = new Headers(source);
  headers.delete("cdn-cache-control");
  headers.set("cache-control", "no-store");
  return headers;
}
