// The head of a fetch Request, as the policy reads it.

import type { FieldLine, Fields, RequestHead } from "./policy/message.ts";

/** Its fields are read where they stand. */
export function headOf(request: Request): RequestHead {
  return { method: request.method, url: request.url, fields: new RequestFields(request.headers) };
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
