// The way of one request to a route of Fastify through the cache.

import { assertNever } from "../../errors.ts";
import { answerTo } from "../answer.ts";
import type { Answer } from "../incoming.ts";
import { addToHead } from "../node/send.ts";
import type { HandlerSettings } from "../options.ts";
import { isSafe } from "../policy/invalidation.ts";
import type { Way } from "../prepared.ts";
import { invalidateBeforeSending } from "./changes.ts";
import type { AnyReply, AnyRequest } from "./context.ts";
import { giveOwn, giveStored } from "./give.ts";
import { headOf, isOrdinary } from "./request-head.ts";
import { FastifyIncoming } from "./incoming.ts";
import { FailureWithStatus } from "./outcome.ts";
import type { AnyHandler, Call } from "./run.ts";

type Settings = HandlerSettings<AnyRequest>;

/** The handler that Fastify gets: what it returns, or rejects with, is for Fastify to send. */
export function serveRoute(handler: AnyHandler, settings: Settings): AnyHandler {
  return async function serve(request, reply) {
    const call: Call = { handler, instance: this, request, reply };
    const { url = "" } = request.raw;
    if (isSafe(request.method) && !isOrdinary(request, url)) return runDirectly(call, { forward: "bypass" }, settings);
    const incoming = new FastifyIncoming(call, headOf(request, url), settings.origin);
    let answer;
    try {
      answer = await answerTo(incoming, settings);
    } catch (error) {
      return fail(error, reply, incoming, settings);
    }
    return give(call, answer, settings);
  };
}

function give(call: Call, answer: Answer, settings: Settings): unknown {
  switch (answer.kind) {
    case "stored":
      return giveStored(call.reply, answer);
    case "own":
      return giveOwn(call.reply, answer, settings);
    case "direct":
      return runDirectly(call, answer.way, settings);
    default:
      return assertNever(answer);
  }
}

/** The handler as it is, for this request alone. */
function runDirectly(call: Call, way: Way, settings: Settings): unknown {
  const { handler, instance, request, reply } = call;
  addToHead(reply.raw, way, settings);
  if (!isSafe(request.method)) invalidateBeforeSending(request, reply, settings);
  const result = handler.call(instance, request, reply);
  // It will send by itself, later.
  return result === undefined ? reply : result;
}

/** Errors are Fastify's business, but not that a client has left. */
function fail(error: unknown, reply: AnyReply, { hasLeft }: FastifyIncoming, settings: Settings): undefined {
  if (hasLeft) {
    void reply.hijack();
    return undefined;
  }
  if (!reply.raw.headersSent) addToHead(reply.raw, { forward: "uri-miss", detail: "failure" }, settings);
  if (!(error instanceof FailureWithStatus)) throw error;
  void reply.code(error.status);
  throw error.cause;
}
