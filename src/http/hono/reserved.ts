// What a run of a handler for the cache has brought that is not for everybody, and that its response does not tell.

/** What stands behind such a response. */
export type Reserved =
  /** A helper writes it while it is sent: nobody waits for its end. */
  | { readonly because: "stream" }
  /** The handler has written to the client by itself. */
  | { readonly because: "sent" }
  /** The handler has left the request to the next one. */
  | { readonly because: "next" }
  /** The handler has thrown an answer. What the application makes of it is made for each client. */
  | { readonly because: "exception"; readonly error: unknown };

const known = new WeakMap<Response, Reserved>();

/** The response, with a note of what stands behind it. */
export function reserve(response: Response, reserved: Reserved): Response {
  known.set(response, reserved);
  return response;
}

/** A response that stands for what is not one. */
export function standIn(status: number, reserved: Reserved): Response {
  return reserve(new Response(null, { status, headers: { "Cache-Control": "no-store" } }), reserved);
}

export function reservedOf(response: Response): Reserved | undefined {
  return known.get(response) ?? (isSent(response) ? { because: "sent" } : undefined);
}

/** `RESPONSE_ALREADY_SENT` of the server for Node. */
export function isSent(response: Response): boolean {
  return response.headers.has("x-hono-already-sent");
}
