// The way of one request of a server of Node's through the cache: what the adapters to node:http and its frameworks have in common.

import type { IncomingMessage, ServerResponse } from "node:http";
import { answerTo, invalidateAfter } from "../answer.ts";
import { dropBody } from "../fetch-response.ts";
import type { Answer, OwnAnswer } from "../incoming.ts";
import type { HandlerSettings } from "../options.ts";
import { isSafe } from "../policy/invalidation.ts";
import type { RequestHead } from "../policy/message.ts";
import type { Way } from "../prepared.ts";
import { passedOn } from "../respond.ts";
import { holdEnd } from "./hold-end.ts";
import { leftBy } from "./left-to-next.ts";
import { NodeIncoming, type NodeHandler } from "./incoming.ts";
import { acceptsEncoded, headOfMessage, isOrdinary, rangeless, targetOf } from "./message-head.ts";
import type { Next } from "./run.ts";
import { addToHead, isPatched, sendResponse, sendStored } from "./send.ts";

/** One request to a route. */
export interface Visit<Req, Res> {
  readonly req: Req;
  readonly res: Res;
  readonly next: Next;
  readonly handler: NodeHandler<Req, Res>;
}

/** Settles when the answer is on its way. @throws what the handler throws, or gives to `next` */
export async function serveRoute<Req extends IncomingMessage, Res extends ServerResponse>(
  visit: Visit<Req, Res>,
  settings: HandlerSettings<Req>,
): Promise<void> {
  const { req, res, handler } = visit;
  const target = targetOf(req);
  const head = headFor(req, res, target);
  if (!isOrdinary(req, target) && isSafe(head.method)) return direct(visit, head, { forward: "bypass" }, settings);
  const answer = await answerTo(new NodeIncoming(req, res, head, handler, settings.origin), settings);
  // Middleware that waits no longer has answered, or the client has left: what changes something is done all the same.
  if ((res.headersSent || res.destroyed) && isSafe(head.method)) return dropUnread(answer);
  switch (answer.kind) {
    case "stored":
      return sendStored(res, answer);
    case "own":
      return own(visit, answer, head, settings);
    case "direct":
      return direct(visit, head, answer.way, settings);
  }
}

/** Middleware that compresses would take a part for the whole: with it before the route, ranges are ignored. */
export function headFor(req: IncomingMessage, res: ServerResponse, target: string): RequestHead {
  const head = headOfMessage(req, target);
  const isAtRisk = req.headers.range !== undefined && isPatched(res) && acceptsEncoded(req);
  return isAtRisk ? { ...head, fields: rangeless(head) } : head;
}

function dropUnread(answer: Answer): void {
  if (answer.kind === "own") dropBody(answer.response);
}

async function own<Req extends IncomingMessage, Res extends ServerResponse>(
  { res, next }: Visit<Req, Res>,
  { response, way }: OwnAnswer,
  head: RequestHead,
  settings: HandlerSettings<Req>,
): Promise<void> {
  const left = leftBy(response);
  if (left === undefined) return sendResponse(res, passedOn(response, way, head, settings));
  addToHead(res, way, settings);
  next(left.reason);
}

async function direct<Req extends IncomingMessage, Res extends ServerResponse>(
  { req, res, next, handler }: Visit<Req, Res>,
  head: RequestHead,
  way: Way,
  settings: HandlerSettings<Req>,
): Promise<void> {
  addToHead(res, way, settings);
  if (isSafe(head.method)) {
    await handler(req, res, next);
    return;
  }
  const onHandled = holdEnd(res, (response) => invalidateAfter({ head, request: req }, response, settings));
  await handler(req, res, next);
  onHandled();
}
