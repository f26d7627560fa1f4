// One run of a handler for the cache, with a request and a response that have no client.

import type { ServerResponse } from "node:http";
import type { Captured } from "./captured-response.ts";
import { endMessage, onDestroyed } from "./keyed-message.ts";

/** Goes on with the next handler; with an error, with the next one for errors. */
export type Next = (error?: unknown) => void;

/**
 * Runs a handler with a request and a response of its own, and ends it with `signal`. Resolves with the head of what it answers. What says 4xx
 * of what it throws, rejects with, or gives to `next` comes as a response that is not to be stored, and stands for it: an old answer
 * would not be better.
 * @throws what else the handler fails with, before it has said anything
 */
export function runForCache(
  { message, response, over, leave, stop }: Omit<Captured<ServerResponse>, "res">,
  signal: AbortSignal,
  handler: (next: Next) => unknown,
): Promise<Response> {
  const onAbort = (): void => {
    stop(signal.reason);
    message.destroy();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  onDestroyed(message, stop);
  void over.then(() => {
    signal.removeEventListener("abort", onAbort);
    endMessage(message);
  });
  // A handler that throws at once fails like one that rejects.
  void Promise.resolve()
    .then(() => handler(leave))
    .catch((error: unknown) => leave(error ?? new Error(`the handler failed with ${String(error)}`)));
  return response;
}
