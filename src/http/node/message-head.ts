// The head of a message of Node's, as the policy reads it.

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { FieldLine, Fields, RequestHead } from "../policy/message.ts";

/** Its host is that of this name: what a client says is not asked. */
const HOST = "http://localhost";

/** `target` is what stands in the request line, before any router has cut it. */
export function headOfMessage({ method = "GET", headers }: IncomingMessage, target = "/"): RequestHead {
  return {
    method,
    url: target.startsWith("/") ? `${HOST}${target}` : absolute(target),
    fields: new MessageFields(headers),
  };
}

/** In absolute form, as to a proxy (RFC 9112 §3.2.2); or `*` of OPTIONS, or nonsense. */
function absolute(target: string): string {
  if (!URL.canParse(target)) return `${HOST}/`;
  const { pathname, search } = new URL(target);
  return `${HOST}${pathname}${search}`;
}

/** Read where they stand. */
class MessageFields implements Fields {
  readonly #headers: IncomingHttpHeaders;

  constructor(headers: IncomingHttpHeaders) {
    this.#headers = headers;
  }

  all(name: string): readonly string[] {
    const value = this.#headers[name];
    if (value === undefined) return [];
    return typeof value === "string" ? [value] : value;
  }

  *[Symbol.iterator](): Iterator<FieldLine> {
    for (const [name, value] of Object.entries(this.#headers)) {
      if (typeof value === "string") yield [name, value];
      else for (const one of value ?? []) yield [name, one];
    }
  }
}
