// The keys of the cache: one for each URL, and one for each response of it. Their length is bounded, and no header is in them.

import { createHash } from "node:crypto";
import type { HttpCacheKey, HttpHeaders, HttpVary } from "./types.ts";

/** Longest key in bytes. Longer URLs are hashed. */
export const MAX_KEY_BYTES = 256;

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/**
 * Whether there can be a stored response for it: a method that changes nothing (early versions of undici 7 ask for others,
 * too), and headers of which it can be told whether they hold credentials.
 */
export function isStorable({ method, headers }: HttpCacheKey): boolean {
  return SAFE_METHODS.has(method) && !Array.isArray(headers);
}

/** URL of a request, however its origin was written. */
export function urlOf({ origin, path }: HttpCacheKey): string {
  // A URL object ends in a slash as text, the origin of one does not.
  return (origin.endsWith("/") ? origin.slice(0, -1) : origin) + path;
}

/** The key of what is known of a URL. */
export function urlKey(url: string): string {
  const isClear = url.length * 3 <= MAX_KEY_BYTES || Buffer.byteLength(url) <= MAX_KEY_BYTES;
  // No URL of an origin begins like that.
  return isClear && url.isWellFormed() ? url : `url#${hash([url])}`;
}

/**
 * The key of one response. Requests with different credentials never share one, even where the origin allows it without
 * `Vary: Authorization`.
 * @param names of the request headers that it varies by
 * @param values where they are looked up
 */
export function responseKey(
  url: string,
  { method, headers }: HttpCacheKey,
  names: readonly string[],
  values: HttpVary | HttpHeaders,
): string {
  const selected = names.map((name) => [name, valueOf(values, name)]);
  return `response#${hash([url, method, credentialsOf(headers), selected])}`;
}

/** The value of a header; `null` without one. */
export function valueOf(headers: HttpVary | HttpHeaders | undefined, name: string): string | string[] | null {
  return headers !== undefined && Object.hasOwn(headers, name) ? (headers[name] ?? null) : null;
}

/** Early versions of undici 7 leave names as the caller wrote them. */
function credentialsOf(headers: HttpHeaders | undefined): readonly unknown[] {
  return Object.entries(headers ?? {})
    .filter(([name]) => name.toLowerCase() === "authorization")
    .map(([, value]) => value);
}

/** As JSON, where no two lists look alike; ill-formed text as well. */
function hash(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
