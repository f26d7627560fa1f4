// One run of a handler for the cache: as Fastify would run it, up to the hooks before sending, with a request and a reply of its own.

import { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { KeyedHead } from "../incoming.ts";
import { captureResponse } from "../node/captured-response.ts";
import { copyAddedToResponse } from "../node/copy-added.ts";
import type { AnyReply, AnyRequest } from "./context.ts";
import { FailureWithStatus, outcomeOf } from "./outcome.ts";
import { contextForRun, ownReply } from "./own-reply.ts";
import { ownRequest } from "./own-request.ts";

/** A handler, whatever its types. */
export type AnyHandler = (this: FastifyInstance, request: AnyRequest, reply: AnyReply) => unknown;

/** A handler, and the request that it was called for. */
export interface Call {
  readonly handler: AnyHandler;
  readonly instance: FastifyInstance;
  readonly request: AnyRequest;
  readonly reply: AnyReply;
}

/** A run under way. */
interface Run {
  readonly request: AnyRequest;
  readonly reply: AnyReply;
  readonly onFailure: (error: unknown) => void;
}

/**
 * What the handler answers to all who ask for the same, serialised. Hooks of the app are run before its serialisation, and not after.
 * @throws what the handler fails with, for the app's own error handler; FailureWithStatus
 */
export function runForKey(call: Call, keyed: KeyedHead, origin: string | undefined): Promise<Response> {
  const end = new AbortController();
  const request = ownRequest(call.request, { ...keyed, signal: end.signal }, contextForRun(call.request), origin);
  const { res, response, stop } = captureResponse(request.raw, likeOf(call.reply.raw));
  const statusBefore = res.statusCode;
  let sent: unknown;
  let isHijacked = false;
  return new Promise((resolve, reject) => {
    const onFailure = (error: unknown): void => {
      const isOfStatus = res.statusCode !== statusBefore && !res.headersSent;
      reject(isOfStatus ? new FailureWithStatus(error, res.statusCode) : error);
      stop(error);
    };
    const reply = ownReply(call.reply, request, res, {
      onFailure,
      onSend: (payload) => void (sent = payload),
      onHijack: () => void (isHijacked = true),
    });
    const abandon = (): void => {
      end.abort(keyed.signal.reason);
      onFailure(keyed.signal.reason);
    };
    keyed.signal.addEventListener("abort", abandon, { once: true });
    // Also when the one client leaves who has it as a stream.
    res.once("close", () => {
      request.raw.destroy();
      if (!res.writableEnded) end.abort();
    });
    response.then((taken) => resolve(outcomeOf(taken, reply, sent, isHijacked)), reject);
    void start(call, { request, reply, onFailure });
  });
}

/** As Fastify does it with what a handler returns, or throws: a reply that has been sent stays as it is. */
async function start({ handler, instance }: Call, { request, reply, onFailure }: Run): Promise<void> {
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

/** The client's may be of HTTP/2, or of `inject`, with a connection that is part of them: a run has Node's own. */
export function likeOf(raw: ServerResponse): ServerResponse {
  const like = new ServerResponse(raw.req);
  copyAddedToResponse(raw, like);
  like.statusCode = raw.statusCode;
  return like;
}
