// What a handler gives to `writeHead`, set on the response, where all can read it.

import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { badInput } from "../../errors.ts";

type Pairs = readonly (readonly [string, OutgoingHttpHeader])[];

/** Fields as `writeHead` of Node understands them: an object; or names and values, in pairs or flat. */
export type FieldsGiven = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | Pairs | undefined;

/**
 * Sets the fields, and tells the reason, if one was given: it may be left out.
 * @throws CacheError `invalid_argument` for a flat list that ends with a name
 */
export function setGiven(res: ServerResponse, reason: string | FieldsGiven, fields: FieldsGiven): string | undefined {
  const hasReason = typeof reason === "string";
  setFields(res, hasReason ? fields : (reason ?? fields));
  return hasReason ? reason : undefined;
}

function setFields(res: ServerResponse, given: FieldsGiven): void {
  if (given === undefined || given === null) return;
  if (!isList(given)) {
    for (const [name, value] of Object.entries(given)) if (value !== undefined) res.setHeader(name, value);
    return;
  }
  const pairs = isPairs(given) ? given : pairsOf(given);
  for (const [name] of pairs) res.removeHeader(name);
  for (const [name, value] of pairs) res.appendHeader(name, typeof value === "number" ? String(value) : value);
}

function isList(given: NonNullable<FieldsGiven>): given is readonly OutgoingHttpHeader[] | Pairs {
  return Array.isArray(given);
}

/** A flat list begins with a name; a value in it may be a list. */
function isPairs(given: readonly OutgoingHttpHeader[] | Pairs): given is Pairs {
  return Array.isArray(given[0]);
}

function pairsOf(given: readonly OutgoingHttpHeader[]): Pairs {
  if (given.length % 2 !== 0) throw badInput("invalid_argument", "headers", "names and values in turn", given);
  return Array.from({ length: given.length / 2 }, (_, at) => {
    return [String(given[2 * at]), given[2 * at + 1] as OutgoingHttpHeader] as const;
  });
}
