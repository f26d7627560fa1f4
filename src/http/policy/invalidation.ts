// What a request that changes something ends in the cache (RFC 9111 §4.4).

import { single, type RequestHead, type ResponseHead } from "./message.ts";
import { parseUri } from "./uri.ts";

/** Methods that are registered as safe (RFC 9110 §9.2.1, RFC 4918, RFC 3253, RFC 5323). */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH"]);

/** Whether a method changes nothing. One that is unknown may change something. */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/**
 * The URIs of which all stored responses end (RFC 9111 §4.4): that of the request, and those that `Location` and
 * `Content-Location` name, if they are of the same origin: nobody ends what is another's. None when the method is safe
 * or the response an error.
 */
export function invalidatedUris(request: RequestHead, response: ResponseHead): string[] {
  const isError = response.status < 200 || response.status > 399;
  const target = parseUri(request.url);
  if (isSafe(request.method) || isError || target === undefined) return [];
  const named = ["location", "content-location"].map((name) => {
    const reference = single(response.fields, name);
    return reference === undefined ? undefined : parseUri(reference, target);
  });
  const own = named.filter((uri) => uri?.origin === target.origin).map((uri) => (uri as URL).href);
  return [...new Set([target.href, ...own])];
}
