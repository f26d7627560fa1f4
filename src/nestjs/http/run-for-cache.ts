// One run of a route for the cache.

import { endMessage } from "../../http/node/keyed-message.ts";
import type { OwnExchange } from "./platform.ts";
import { noteOwn } from "./visits.ts";

type Next = (error?: unknown) => void;

/**
 * What a route answers to a request of the cache's own. Ends with `signal`. What it throws that says 4xx comes as a response that is not
 * to be stored, and stands for it: an old answer would not be better.
 * @throws what else the route throws
 */
export function runForCache(
  own: OwnExchange,
  signal: AbortSignal,
  run: (own: OwnExchange, next: Next) => Promise<void>,
): Promise<Response> {
  const { message, response, over, leave, stop } = own;
  noteOwn(own.req);
  const onAbort = (): void => {
    stop(signal.reason);
    message.destroy();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  void over.then(() => {
    signal.removeEventListener("abort", onAbort);
    endMessage(message);
  });
  run(own, (error) => leave(error)).catch((error: unknown) =>
    leave(error ?? new Error(`the route failed with ${String(error)}`)),
  );
  return response;
}
