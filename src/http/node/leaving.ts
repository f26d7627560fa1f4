// Whether the client of a response is still there.

import type { ServerResponse } from "node:http";

/** A signal that ends when the client has left before it had its answer. */
export function signalOf(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (res.closed) gone.abort();
  res.once("close", () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}
