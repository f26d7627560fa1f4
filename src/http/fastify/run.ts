// One run of a handler for the cache: as Fastify would run it, up to the hooks before sending, with a request and a reply of its own.

import type { FastifyInstance } from "fastify";
import type { KeyedHead } from "../incoming.ts";
import { onDestroyed } from "../node/keyed-message.ts";
import type { AnyReply, AnyRequest } from "./context.ts";
import { FailureWithStatus } from "./outcome.ts";
import { ownExchange, type Exchange } from "./own-exchange.ts";

/** A handler, whatever its types. */
export type AnyHandler = (this: FastifyInstance, request: AnyRequest, reply: AnyReply) => unknown;

/** A handler, and the request that it was called for. */
export interface Call extends Exchange {
  readonly handler: AnyHandler;
  readonly instance: FastifyInstance;
}

/**
 * What the handler answers to all who ask for the same, serialised. Hooks of the app are run before its serialisation, and not after.
 * @throws what the handler fails with, for the app's own error handler; FailureWithStatus
 */
export function runForKey(call: Call, keyed: KeyedHead, origin: string | undefined): Promise<Response> {
  const end = new AbortController();
  const statusBefore = call.reply.raw.statusCode;
  return new Promise((resolve, reject) => {
    const onFailure = (error: unknown): void => {
      const { res, stop } = own;
      const isOfStatus = res.statusCode !== statusBefore && !res.headersSent;
      reject(isOfStatus ? new FailureWithStatus(error, res.statusCode) : error);
      stop(error);
    };
    const own = ownExchange(call, { ...keyed, signal: end.signal }, origin, onFailure);
    const abandon = (): void => {
      end.abort(keyed.signal.reason);
      onFailure(keyed.signal.reason);
    };
    keyed.signal.addEventListener("abort", abandon, { once: true });
    // Also when the one client leaves who has it as a stream.
    own.res.once("close", () => {
      own.message.destroy();
      if (!own.res.writableEnded) end.abort();
    });
    onDestroyed(own.message, (error) => {
      if (!own.res.closed) onFailure(error);
    });
    own.response.then(resolve, reject);
    void start(call, own, onFailure);
  });
}

/** As Fastify does it with what a handler returns, or throws: a reply that has been sent stays as it is. */
async function start(
  { handler, instance }: Call,
  { request, reply }: Exchange,
  onFailure: (error: unknown) => void,
): Promise<void> {
  const { raw } = reply;
  try {
    const result = handler.call(instance, request, reply);
    const isPromise = isThenable(result);
    const payload = isPromise ? await result : result;
    const isLeft = payload === undefined && (!isPromise || raw.headersSent || reply.sent);
    if (!isLeft) void reply.send(payload);
  } catch (error) {
    if (raw.writableEnded) reply.log.error({ err: error }, "the handler failed after it had sent its reply");
    else onFailure(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
