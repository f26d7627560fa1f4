// Responses of fetch: which have a body, how they are given on with another body or other fields, and what becomes of one that nobody reads.

import { headersOf } from "./fetch-head.ts";
import type { StoredAnswer } from "./incoming.ts";
import type { FieldList, RequestHead } from "./policy/message.ts";

/** Whether a status has no body, whatever the handler wrote (RFC 9110 §6.4.1). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** Whether an answer to a request has a body. */
export function hasContent({ method }: RequestHead, status: number): boolean {
  return method !== "HEAD" && !hasNoBody(status);
}

type Head = Pick<Response, "status" | "statusText" | "headers">;

/** Fetch has no status above this; servers of Node send up to 999. */
const HIGHEST_OF_FETCH = 599;

/** Whether a status is none of HTTP, although it can be sent (RFC 9110 §15): what it means nobody knows. */
export function isBeyondHttp(status: number): boolean {
  return status > HIGHEST_OF_FETCH;
}

/** A response, also with a status that fetch does not have. */
export function responseWith(body: ReadableStream<Uint8Array> | null, { status, statusText, headers }: Head): Response {
  if (!isBeyondHttp(status)) return new Response(body, { status, statusText, headers });
  const response = new Response(body, { status: HIGHEST_OF_FETCH, statusText, headers });
  return Object.defineProperty(response, "status", { value: status });
}

/** A response of which all is at hand. */
export function asResponse({ status, statusText, fields, body }: Omit<StoredAnswer, "kind">): Response {
  const content = (body ?? null) as Uint8Array<ArrayBuffer> | null;
  return new Response(content, { status, statusText, headers: headersOf(fields) });
}

/** The same response, whose body has been read. */
export function withBody(response: Response, body: ReadableStream<Uint8Array> | Uint8Array): Response {
  const { status, statusText, headers } = response;
  return new Response(hasNoBody(status) ? null : body, { status, statusText, headers });
}

/** The same response for the one client that asked, with other fields. */
export function withFields(response: Response, fields: FieldList, head: RequestHead): Response {
  const { status, statusText } = response;
  // Nobody can make another of these: an upgrade, or a failure of the network.
  if (status < 200) return response;
  if (head.method === "HEAD") dropBody(response);
  const body = hasContent(head, status) ? keptBody(response) : null;
  return responseWith(body, { status, statusText, headers: headersOf(fields) });
}

/** Nobody reads the body of a response any more: its source is told. */
export function dropBody(response: Response | undefined): void {
  void response?.body?.cancel().catch(() => undefined);
}

const owners = new WeakMap<ReadableStream, Response>();

/**
 * The body of a response, which keeps the response as long as it is there itself. Node's fetch cancels the body of a response
 * that is collected as garbage before anybody has read it, although another response may have been made of it.
 */
function keptBody(response: Response): ReadableStream<Uint8Array<ArrayBuffer>> | null {
  const { body } = response;
  if (body !== null) owners.set(body, response);
  return body;
}
