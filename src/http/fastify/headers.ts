// The header fields of a request, which a schema of its route may have changed: cast, given defaults, taken away.

import type { IncomingMessage } from "node:http";
import { headOfMessage } from "../node/message-head.ts";
import { FieldList, type RequestHead } from "../policy/message.ts";
import type { AnyRequest } from "./context.ts";

/** As they came: credentials count even where a schema has taken them away, since hooks may have seen them. */
export function headAsCame(request: AnyRequest, target: string): RequestHead {
  const head = headOfMessage(request.raw, target);
  return isChanged(request) ? { ...head, fields: new FieldList([...fieldsAsCame(request.raw)]) } : head;
}

/** What a schema or a hook has made of those that are part of the key, and nothing else that has come. */
export function keepChanges(request: AnyRequest, kept: IncomingMessage): void {
  if (!isChanged(request)) return;
  const came = fieldsAsCame(request.raw);
  const isKept = (name: string): boolean => !came.has(name) || came.get(name) === kept.headers[name];
  const changed = Object.entries(request.headers).filter(([name]) => isKept(name));
  const { host } = kept.headers;
  kept.headers = { ...Object.fromEntries(changed), ...(host === undefined ? {} : { host }) };
}

function isChanged(request: AnyRequest): boolean {
  const validate: unknown = request.getValidationFunction("headers");
  return (validate !== undefined && validate !== null) || "additionalHeaders" in request;
}

/** One value for each name, in lower case. */
function fieldsAsCame({ rawHeaders }: IncomingMessage): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = rawHeaders[at + 1] as string;
    const known = fields.get(name);
    fields.set(name, known === undefined ? value : `${known}${name === "cookie" ? "; " : ", "}${value}`);
  }
  return fields;
}
