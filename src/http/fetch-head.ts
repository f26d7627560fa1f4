// Heads of fetch: that of a Request, as the policy reads it; fields as Headers; and the Request that a handler gets when it answers for everybody.

import type { KeyedHead } from "./incoming.ts";
import type { FieldLine, Fields, RequestHead } from "./policy/message.ts";

/** Its fields are read where they stand. */
export function headOf(request: Request): RequestHead {
  return { method: request.method, url: request.url, fields: new RequestFields(request.headers) };
}

/** For a run of the handler on behalf of all who ask for the same. */
export function keyedRequest({ url, fields, signal }: KeyedHead): Request {
  return new Request(url, { method: "GET", headers: headersOf(fields), signal });
}

export function headersOf(fields: Iterable<FieldLine>): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  return headers;
}

/** Headers of fetch: a hit asks for few of them. Several lines of a field are one there. */
class RequestFields implements Fields {
  readonly #headers: Headers;

  constructor(headers: Headers) {
    this.#headers = headers;
  }

  all(name: string): readonly string[] {
    const value = this.#headers.get(name);
    return value === null ? [] : [value];
  }

  [Symbol.iterator](): Iterator<FieldLine> {
    return this.#headers[Symbol.iterator]();
  }
}
