// By which scheme a request has come: what its connection, or its URL, says, and what a proxy has said of the way before. A part of the key
// where no origin is configured, since what a handler answers to `http` is often a redirect.

import { combined, type RequestHead } from "./policy/message.ts";

export type Scheme = "http" | "https";

/** What frameworks read, and handlers where there is none. */
export const FORWARDED_SCHEME = "x-forwarded-proto";

/** What a proxy says, as Express reads it: the first of a list. `undefined` for what is no scheme of HTTP: a run does not see it. */
export function forwardedScheme(value: string | undefined): Scheme | undefined {
  if (value === undefined || value === "https" || value === "http") return value;
  const first = (value.split(",", 1)[0] as string).trim().toLowerCase();
  return first === "https" || first === "http" ? first : undefined;
}

/** The scheme of an absolute URL. */
export function schemeOf(url: string): Scheme {
  return url.startsWith("https:") ? "https" : "http";
}

/**
 * What is added to the key; `undefined` for `http` of which no proxy says anything. Both count: frameworks believe proxies that they are told to,
 * and others may read what the others say.
 */
export function markOfScheme({ url, fields }: RequestHead): string | undefined {
  return MARKS[schemeOf(url)][forwardedScheme(combined(fields, FORWARDED_SCHEME)) ?? "none"];
}

/** By what counts as its scheme, and by what the proxy says. */
const MARKS: Readonly<Record<Scheme, Readonly<Record<Scheme | "none", string | undefined>>>> = {
  http: { none: undefined, http: "http, forwarded http", https: "http, forwarded https" },
  https: { none: "https", http: "https, forwarded http", https: "https, forwarded https" },
};

/** All that may be added to the keys of one URI. */
export const MARKS_OF_SCHEMES: readonly (string | undefined)[] = Object.values(MARKS).flatMap(Object.values);
