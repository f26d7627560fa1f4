// The way of one request of Hono through the cache.

import type { Context, Next } from "hono";
import { answerTo, invalidateAfter } from "../answer.ts";
import { headOf, keyedRequest } from "../fetch-head.ts";
import type { Answer, Incoming, KeyedHead } from "../incoming.ts";
import { isOfUser, saysPrivate } from "../known-user.ts";
import type { HandlerSettings, RouteSettings } from "../options.ts";
import { isSafe } from "../policy/invalidation.ts";
import { fieldsOf, type RequestHead } from "../policy/message.ts";
import { isFailure } from "../policy/status.ts";
import type { Way } from "../prepared.ts";
import { passedOn } from "../respond.ts";
import { addStatus, giveResponse, giveStored, hideSurrogates } from "./give.ts";
import { ownContext } from "./own-context.ts";
import { isSent, reservedOf, standIn } from "./reserved.ts";

/** A handler, as Hono calls it. What it throws or rejects with is its failure. */
export type HonoHandler = (c: Context, next: Next) => Response | void | Promise<Response | void>;

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

/** A class, because the server for Node makes the signal when it is asked for, and a hit does not ask. */
class HonoIncoming implements Incoming<Context> {
  readonly request: Context;
  readonly head: RequestHead;
  readonly #handler: HonoHandler;

  constructor(handler: HonoHandler, c: Context, head: RequestHead) {
    this.#handler = handler;
    this.request = c;
    this.head = head;
  }

  /** Also where middleware has said so of the answer. */
  get isOfUser(): boolean {
    return hasUser(this.request) || isCalledPrivate(this.request);
  }

  get signal(): AbortSignal {
    return this.request.req.raw.signal;
  }

  run(keyed: KeyedHead): Promise<Response> {
    return runForKey(this.#handler, this.request, keyed);
  }

  refusal(response: Response): string | undefined {
    return reservedOf(response)?.because;
  }
}

/** What Hono's own guards leave, and most others. */
function hasUser(c: Context): boolean {
  const user: unknown = c.get("user") ?? c.get("jwtPayload");
  return isOfUser({ user });
}

/** Whether middleware has called what this client gets its own. */
function isCalledPrivate(c: Context): boolean {
  const control = c.newResponse(null).headers.get("cache-control");
  return control !== null && saysPrivate(control);
}

/** The response of a run on behalf of all who ask for the same. */
async function runForKey(handler: HonoHandler, client: Context, keyed: KeyedHead): Promise<Response> {
  const c = ownContext(client, keyedRequest(keyed));
  try {
    const given = responseIn(await within(c, () => handler(c, async () => undefined)));
    if (given !== undefined) return given;
    return c.finalized ? c.res : standIn(404, { because: "next" });
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined || isFailure(status)) throw error;
    return standIn(status, { because: "exception", error });
  }
}

/** For `getContext`, which gives the Context that the middleware for it was called with. */
async function within<T>(c: Context, work: () => T): Promise<Awaited<T> | undefined> {
  const storage = c.req.matchedRoutes.find(({ handler }) => handler.name === "contextStorage")?.handler;
  if (storage === undefined) return await work();
  let given: Awaited<T> | undefined;
  await storage(c, async () => {
    given = await work();
  });
  return given;
}

/**
 * The response that a handler has returned: `next()` gives a Context. It is not asked with `instanceof`, since the server for Node has put a
 * class of its own in the place of the platform's, to which belongs what `fetch` gives.
 */
function responseIn(given: unknown): Response | undefined {
  return typeof given === "object" && given !== null && "headers" in given ? (given as Response) : undefined;
}

/** An exception that is an answer: `HTTPException`. */
function statusOf(error: unknown): number | undefined {
  const isAnswer = error instanceof Error && "getResponse" in error && "status" in error;
  return isAnswer && typeof error.status === "number" ? error.status : undefined;
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
    const requestFor = (uri: string): Context | undefined => (uri === head.url ? c : undefined);
    await invalidateAfter(head, { status, fields: fieldsOf(headers) }, requestFor, settings);
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
