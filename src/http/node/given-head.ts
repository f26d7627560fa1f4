// What a handler gives to `writeHead`, set on the response, where all can read it.

import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** Fields as `writeHead` of Node understands them: an object; or names and values, in pairs or flat. */
export type FieldsGiven = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | undefined;

/** Sets the fields, and tells the reason, if one was given: it may be left out. */
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
  const flat = given.flat().map(String);
  for (let at = 0; at < flat.length; at += 2) res.removeHeader(flat[at] as string);
  for (let at = 0; at < flat.length; at += 2) res.appendHeader(flat[at] as string, flat[at + 1] as string);
}

function isList(given: OutgoingHttpHeaders | readonly OutgoingHttpHeader[]): given is readonly OutgoingHttpHeader[] {
  return Array.isArray(given);
}
