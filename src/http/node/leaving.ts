// Whether the client of a response is still there.

import type { ServerResponse } from "node:http";

/** A signal that ends when the client has left before it had its answer. */
export function signalOf(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (res.closed) gone.abort();
  res.once("close", () => {
    if (!isSent(res)) gone.abort();
  });
  return gone.signal;
}

/** Whether the client of a response has left before it had all of it. */
export function hasLeft(res: ServerResponse): boolean {
  const { closed, destroyed } = res;
  return (closed || destroyed || isStreamClosed(res)) && !isSent(res);
}

/** A response of HTTP/2 says that it has finished when its client resets the stream, and not that it is closed. */
function isSent({ writableEnded, writableFinished }: ServerResponse): boolean {
  return writableEnded && writableFinished;
}

function isStreamClosed(res: object): boolean {
  return "stream" in res && (res.stream as { readonly destroyed?: boolean } | undefined)?.destroyed === true;
}
