// A request and a response of Node's that have no client, and a run of a handler with them.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { KeyedHead } from "../incoming.ts";
import { captureResponse, type Captured } from "./captured-response.ts";
import { endMessage, keyedMessage } from "./keyed-message.ts";

/** Goes on with the next handler; with an error, with the next one for errors. */
export type Next = (error?: unknown) => void;

/** Like those of a client, for whoever asks for the key. */
export function ownExchange<Req extends IncomingMessage, Res extends ServerResponse>(
  client: { readonly req: Req; readonly res: Res },
  keyed: KeyedHead,
  origin: string | undefined,
): Captured<Res> & { readonly req: Req } {
  const req = keyedMessage(client.req, keyed, origin);
  const captured = captureResponse(req, client.res);
  if ("res" in client.req) Object.assign(req, { res: captured.res });
  // Express calls this one for failures of templates and files.
  if ("next" in client.req) Object.assign(req, { next: captured.leave });
  return { req, ...captured };
}

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
  message.once("close", () => {
    if (!message.readableEnded) stop(new Error("the handler has destroyed its request"));
  });
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
