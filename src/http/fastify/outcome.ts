// What came of a run, besides its response: how it was sent, whether it was hijacked, and the status of a failure.

/** What a run has sent, if it was all at once: what hooks before sending get. */
export type Sent = string | Buffer;

/** The handler has failed after it had set a status, which says more than the error. */
export class FailureWithStatus extends Error {
  readonly status: number;

  constructor(cause: unknown, status: number) {
    super(`the handler failed with the status ${status}`, { cause });
    this.status = status;
  }
}

const sentWith = new WeakMap<Response, Sent>();
/** With the `Cache-Control` that the handler had given. */
const hijacked = new WeakMap<Response, string | null>();

/** The response of a run, for the cache. What was hijacked is not stored: a handler that takes a reply takes it from its client. */
export function outcomeOf(response: Response, payload: unknown, isHijacked: boolean): Response {
  if (typeof payload === "string" || Buffer.isBuffer(payload)) sentWith.set(response, payload);
  if (!isHijacked) return response;
  const { status, statusText, headers, body } = response;
  const marked = new Response(body, { status, statusText, headers: withControl(headers, "no-store") });
  hijacked.set(marked, headers.get("cache-control"));
  return marked;
}

/** What the response of a run was sent as. */
export function sentAs(response: Response): Sent | undefined {
  return sentWith.get(response);
}

/** The fields of the response of a run, as the handler has given them. */
export function fieldsGiven(response: Response): Headers {
  const control = hijacked.get(response);
  return control === undefined ? response.headers : withControl(response.headers, control);
}

function withControl(source: Headers, control: string | null): Headers {
  const headers = new Headers(source);
  if (control === null) headers.delete("cache-control");
  else headers.set("cache-control", control);
  return headers;
}
