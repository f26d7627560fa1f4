// The way of one request of Hono through the cache.

import type { Context, Next } from "hono";
import { answerTo, invalidateAfter } from "../answer.ts";
import { headOf } from "../fetch-head.ts";
import type { Answer } from "../incoming.ts";
import type { HandlerSettings, RouteSettings } from "../options.ts";
import { isSafe } from "../policy/invalidation.ts";
import { fieldsOf, type RequestHead } from "../policy/message.ts";
import type { Way } from "../prepared.ts";
import { passedOn } from "../respond.ts";
import { addStatus, giveResponse, giveStored, hideSurrogates } from "./give.ts";
import { HonoIncoming } from "./incoming.ts";
import { isSent, reservedOf } from "./reserved.ts";
import { responseIn, type HonoHandler } from "./run.ts";

/** A request to a route. */
interface Visit {
  readonly handler: HonoHandler;
  readonly c: Context;
  readonly next: Next;
  readonly head: RequestHead;
  readonly settings: HandlerSettings<Context>;
}

/** As nginx has it. Nobody gets it, but what logs answers. */
const CLIENT_HAS_LEFT = 499;

/** Resolves to the answer. @throws what the handler throws */
export async function serveRoute(
  handler: HonoHandler,
  c: Context,
  next: Next,
  settings: HandlerSettings<Context>,
): Promise<Response | void> {
  const head = headOf(c.req.raw);
  const answer = await ask(handler, c, head, settings);
  switch (answer.kind) {
    case "stored":
      return giveStored(c, answer);
    case "own":
      return giveOwn({ handler, c, next, head, settings }, answer.response, answer.way);
    case "direct":
      return direct({ handler, c, next, head, settings }, answer.way);
  }
}

async function ask(
  handler: HonoHandler,
  c: Context,
  head: RequestHead,
  settings: HandlerSettings<Context>,
): Promise<Answer> {
  try {
    return await answerTo(new HonoIncoming(handler, c, head), settings);
  } catch (error) {
    if (c.req.raw.signal.aborted)
      return { kind: "own", response: new Response(null, { status: CLIENT_HAS_LEFT }), way: {} };
    addStatus(c, { forward: "uri-miss", detail: "error" }, settings);
    throw error;
  }
}

/** What a run has brought for this client alone. */
async function giveOwn(visit: Visit, response: Response, way: Way): Promise<Response | void> {
  const { c, head, settings } = visit;
  const reserved = reservedOf(response);
  switch (reserved?.because) {
    case "next":
      return direct(visit, way);
    case "sent":
      return response;
    case "exception":
      addStatus(c, way, settings);
      throw reserved.error;
    case "stream":
    case undefined:
      return giveResponse(c, passedOn(response, way, head, settings));
  }
}

/** The handler, for this request as it is. */
async function direct({ handler, c, next, head, settings }: Visit, way: Way): Promise<Response | void> {
  const given = responseIn(await handOver(handler, c, next, way, settings));
  const response = given ?? (c.finalized ? c.res : undefined);
  if (response !== undefined && !isSafe(head.method)) {
    const { status, headers } = response;
    await invalidateAfter({ head, request: c }, { status, fields: fieldsOf(headers) }, settings);
  }
  if (given !== undefined) return isSent(given) ? given : passedOn(given, way, head, settings);
  // The next handler has answered, and its answer is set.
  if (c.finalized) {
    hideSurrogates(c);
    addStatus(c, way, settings);
  }
  return undefined;
}

/** What the application makes of a failure says of its way what other answers say. */
async function handOver(
  handler: HonoHandler,
  c: Context,
  next: Next,
  way: Way,
  settings: RouteSettings,
): Promise<Response | void> {
  try {
    return await handler(c, next);
  } catch (error) {
    addStatus(c, way, settings);
    throw error;
  }
}
