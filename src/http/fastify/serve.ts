// The way of one request to a route of Fastify through the cache.

import { assertNever } from "../../errors.ts";
import { answerTo } from "../answer.ts";
import type { Answer, Incoming, KeyedHead } from "../incoming.ts";
import { isOfUser } from "../known-user.ts";
import { isCalledPrivate } from "../node/inherited.ts";
import { addToHead } from "../node/send.ts";
import { acceptsEncoded, rangeless } from "../node/message-head.ts";
import { isPlainTarget } from "../node/plain-target.ts";
import type { HandlerSettings } from "../options.ts";
import { isSafe } from "../policy/invalidation.ts";
import type { RequestHead } from "../policy/message.ts";
import type { Way } from "../prepared.ts";
import { invalidateBeforeSending } from "./changes.ts";
import { Client } from "./client.ts";
import { contextOf, type AnyReply, type AnyRequest } from "./context.ts";
import { giveOwn, giveStored } from "./give.ts";
import { headAsCame } from "./headers.ts";
import { FailureWithStatus } from "./outcome.ts";
import { runForKey, type AnyHandler, type Call } from "./run.ts";

type Settings = HandlerSettings<AnyRequest>;

/** The handler that Fastify gets: what it returns, or rejects with, is for Fastify to send. */
export function serveRoute(handler: AnyHandler, settings: Settings): AnyHandler {
  return async function serve(request, reply) {
    const call: Call = { handler, instance: this, request, reply };
    const client = new Client(reply.raw);
    let answer;
    try {
      answer = await answerOf(call, client, settings);
    } catch (error) {
      return fail(error, reply, client, settings);
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

function answerOf(call: Call, client: Client, settings: Settings): Promise<Answer> | Answer {
  const { request } = call;
  const { url = "" } = request.raw;
  if (!isPlainTarget(url)) return { kind: "direct", way: { forward: "bypass" } };
  const head = headFor(headAsCame(request, url), request);
  const run = (keyed: KeyedHead): Promise<Response> => runForKey(call, keyed, settings.origin);
  const incoming: Incoming<AnyRequest> = {
    request,
    head,
    // Also where a hook has said so of the answer.
    isOfUser: isOfUser(request) || isOfUser(request.raw) || isCalledPrivate(call.reply),
    get signal() {
      return client.signal;
    },
    run,
  };
  return answerTo(incoming, settings);
}

/** To HEAD the answer is that to GET: Fastify, or the hook of the routes that it makes for HEAD, leaves the body out. */
export function headFor(head: RequestHead, request: AnyRequest): RequestHead {
  const isHead = head.method === "HEAD";
  const fields =
    head.fields.all("range").length > 0 && (isHead || mayBeEncoded(request)) ? rangeless(head) : head.fields;
  return isHead || fields !== head.fields ? { ...head, method: "GET", fields } : head;
}

/** A hook that compresses would take a part for the whole. */
function mayBeEncoded(request: AnyRequest): boolean {
  return acceptsEncoded(request.raw) && contextOf(request).onSend !== null;
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
function fail(error: unknown, reply: AnyReply, client: Client, settings: Settings): undefined {
  if (client.hasLeft) {
    void reply.hijack();
    return undefined;
  }
  if (!reply.raw.headersSent) addToHead(reply.raw, { forward: "uri-miss", detail: "failure" }, settings);
  if (!(error instanceof FailureWithStatus)) throw error;
  void reply.code(error.status);
  throw error.cause;
}
