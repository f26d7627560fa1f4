// The way of one request of a server of Node's through the cache: what the adapters to node:http and its frameworks have in common.

import type { IncomingMessage, ServerResponse } from "node:http";
import { answerTo, invalidateAfter } from "../answer.ts";
import type { KeyedHead } from "../incoming.ts";
import { isOfUser } from "../known-user.ts";
import type { HandlerSettings } from "../options.ts";
import { isSafe } from "../policy/invalidation.ts";
import { fieldsOf } from "../policy/message.ts";
import { passedOn } from "../respond.ts";
import { captureResponse, type Captured } from "./captured-response.ts";
import { keyedMessage } from "./keyed-message.ts";
import { headOfMessage } from "./message-head.ts";
import { addToHead, sendResponse, sendStored } from "./send.ts";

/** A handler of routes. What it throws, rejects with, or gives to `next` is its failure. */
export type NodeHandler<Req, Res> = (req: Req, res: Res, next: Next) => unknown;

/** Goes on with the next handler; with an error, with the next one for errors. */
export type Next = (error?: unknown) => void;

/** One request to a route. */
export interface Visit<Req, Res> {
  readonly req: Req;
  readonly res: Res;
  /** What stands in the request line. */
  readonly target: string | undefined;
  readonly next: Next;
}

/** The handler has left the request to the next one: there is no answer to keep. */
class LeftToNext extends Error {
  constructor() {
    super("the handler has left the request to the next one");
  }
}

/** Settles when the answer is on its way. @throws what the handler throws, or gives to `next` */
export async function serveRoute<Req extends IncomingMessage, Res extends ServerResponse>(
  handler: NodeHandler<Req, Res>,
  visit: Visit<Req, Res>,
  settings: HandlerSettings<Req>,
): Promise<void> {
  try {
    await serve(handler, visit, settings);
  } catch (error) {
    if (!(error instanceof LeftToNext)) throw error;
    visit.next();
  }
}

async function serve<Req extends IncomingMessage, Res extends ServerResponse>(
  handler: NodeHandler<Req, Res>,
  visit: Visit<Req, Res>,
  settings: HandlerSettings<Req>,
): Promise<void> {
  const { req, res, target, next } = visit;
  const head = headOfMessage(req, target);
  const signal = signalOf(res);
  const run = (keyed: KeyedHead): Promise<Response> => runForKey(handler, req, res, keyed);
  const answer = await answerTo({ request: req, head, isOfUser: isOfUser(req), signal, run }, settings);
  switch (answer.kind) {
    case "stored":
      return sendStored(res, answer);
    case "own":
      return sendResponse(res, passedOn(answer.response, answer.way, head, settings));
    case "direct":
      break;
  }
  if (isSafe(head.method)) {
    addToHead(res, answer.way, settings);
    await handler(req, res, next);
    return;
  }
  const response = await runCaptured(handler, req, captureResponse(req, res), signal);
  const { status, headers } = response;
  const requestFor = (uri: string): Req | undefined => (uri === head.url ? req : undefined);
  await invalidateAfter(head, { status, fields: fieldsOf(headers) }, requestFor, settings);
  return sendResponse(res, passedOn(response, answer.way, head, settings));
}

/** Ends when the client has left before it had its answer. */
function signalOf(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}

async function runForKey<Req extends IncomingMessage, Res extends ServerResponse>(
  handler: NodeHandler<Req, Res>,
  original: Req,
  like: Res,
  keyed: KeyedHead,
): Promise<Response> {
  const req = keyedMessage(original, keyed);
  const captured = captureResponse(req, like);
  if ("res" in req) req.res = captured.res;
  keyed.signal.addEventListener("abort", () => req.destroy(), { once: true });
  return runCaptured(handler, req, captured, keyed.signal);
}

function runCaptured<Req extends IncomingMessage, Res extends ServerResponse>(
  handler: NodeHandler<Req, Res>,
  req: Req,
  { res, response, fail }: Captured<Res>,
  signal: AbortSignal,
): Promise<Response> {
  const next: Next = (error) => fail(error === undefined || error === null ? new LeftToNext() : error);
  if ("next" in req) req.next = next;
  signal.addEventListener("abort", () => fail(signal.reason), { once: true });
  // A handler that throws at once fails like one that rejects.
  void Promise.resolve()
    .then(() => handler(req, res, next))
    .catch(fail);
  return response;
}
