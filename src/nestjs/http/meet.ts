// A request at the cache: answered from it, or by the route.

import { type CallHandler, type ExecutionContext, StreamableFile } from "@nestjs/common";
import type { ServerResponse } from "node:http";
import { type Observable, of } from "rxjs";
import { answerTo, invalidateAfter } from "../../http/answer.ts";
import type { Answer, KeyedHead } from "../../http/incoming.ts";
import { isOfUser } from "../../http/known-user.ts";
import { headOfMessage } from "../../http/node/message-head.ts";
import { addToHead } from "../../http/node/send.ts";
import type { HandlerSettings } from "../../http/options.ts";
import { isSafe } from "../../http/policy/invalidation.ts";
import { FieldList, type FieldLine, type RequestHead } from "../../http/policy/message.ts";
import type { Way } from "../../http/prepared.ts";
import { passedOn } from "../../http/respond.ts";
import { exceptionOf } from "./exceptions.ts";
import { express } from "./express.ts";
import { fastify } from "./fastify.ts";
import { holdEnd } from "./hold-end.ts";
import type { KnownRoute } from "./known-routes.ts";
import { type Exchange, onReply, type Platform, type Sendable } from "./platform.ts";
import type { RouteMethod } from "./route-options.ts";
import type { Routes } from "./routes.ts";
import { LeftToNext, runForCache } from "./run-for-cache.ts";
import { endWith } from "./visits.ts";

/** A request that has come to the cache of its route. */
export interface Meeting {
  readonly context: ExecutionContext;
  readonly route: KnownRoute;
  /** Those of the same controller that are answered from the same cache. */
  readonly others: ReadonlyMap<RouteMethod, KnownRoute>;
  readonly routes: Routes;
}

/** The same, with what it takes to answer it. */
interface Visit extends Meeting {
  readonly client: Exchange;
  readonly platform: Platform;
  readonly res: ServerResponse;
  readonly head: RequestHead;
}

/**
 * Settles when it is known what the answer is; it is sent when the interceptors around the cache have had their turn.
 * @throws what the route throws, to all who wait for it
 */
export async function meet(meeting: Meeting, next: CallHandler): Promise<Observable<unknown>> {
  const visit = visitOf(meeting);
  const signal = signalOf(visit.res);
  let answer: Answer;
  try {
    answer = await ask(visit, signal);
  } catch (error) {
    return afterFailure(visit, signal, error, next);
  }
  return answer.kind === "direct" ? passed(visit, answer.way, next) : answered(visit, answer);
}

/** The route answers by itself, to this request as it is. */
function passed({ route, res, head, ...visit }: Visit, way: Way, next: CallHandler): Observable<unknown> {
  addToHead(res, way, route.settings);
  if (!isSafe(head.method)) holdEnd(res, () => invalidate({ ...visit, route, res, head }));
  return next.handle();
}

function afterFailure(visit: Visit, signal: AbortSignal, error: unknown, next: CallHandler): Observable<unknown> {
  if (error instanceof LeftToNext) return passed(visit, { forward: "bypass", detail: "next" }, next);
  if (signal.aborted) {
    // The client has left: nobody is there to be told.
    endWith(visit.context, { give: nothing, drop: nothing });
    return of(undefined);
  }
  return thrown(visit, { forward: "uri-miss", detail: "failure" }, error);
}

/** To the exception filters of this client. */
function thrown({ res, route }: Visit, way: Way, error: unknown): never {
  addToHead(res, way, route.settings);
  throw error;
}

function visitOf(meeting: Meeting): Visit {
  const { context } = meeting;
  const client = { req: context.getArgByIndex<object>(0), res: context.getArgByIndex<object>(1) };
  const platform = "raw" in client.res ? fastify : express;
  const head = headOfMessage(platform.messageOf(client.req), platform.targetOf(client.req));
  return { ...meeting, client, platform, head, res: platform.responseOf(client.res) };
}

/** Ends when the client has left before it had its answer. */
function signalOf(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}

function ask(visit: Visit, signal: AbortSignal): Promise<Answer> {
  const { context, route, client, platform, head, routes } = visit;
  const run = (keyed: KeyedHead): Promise<Response> =>
    runForCache(platform.captured(client, keyed), keyed.signal, (own, leave) =>
      routes.run(context, route.name, own, leave),
    );
  return answerTo({ request: context, head, isOfUser: isOfUser(client.req), signal, run }, route.settings);
}

function answered(visit: Visit, answer: Exclude<Answer, { kind: "direct" }>): Observable<unknown> {
  const { context, route, head } = visit;
  if (answer.kind === "stored") {
    endWith(context, { give: () => give(visit, answer), drop: nothing });
    return of(new StreamableFile(answer.body ?? new Uint8Array()));
  }
  const { response, way } = answer;
  const exception = exceptionOf(response);
  if (exception !== undefined) return thrown(visit, way, exception.error);
  const drop = (): void => void response.body?.cancel().catch(nothing);
  endWith(context, { give: () => give(visit, passedOn(response, way, head, route.settings)), drop });
  return of(new StreamableFile(new Uint8Array()));
}

function nothing(): void {}

/** When NestJS answers, with whatever; at once where it does not. */
function give({ route, client, platform }: Visit, answer: Sendable): void {
  const send = (): void => {
    for (const name of route.preset) platform.removeHeader(client.res, name);
    platform.send(client.res, answer);
  };
  if (route.answersByItself) send();
  else onReply(client.res, platform, send);
}

/** What routes of the same controller have stored under the URI of a request that has changed something ends, before its client has the answer. */
async function invalidate({ others, context, head, res }: Visit): Promise<void> {
  const response = { status: res.statusCode, fields: new FieldList(linesOf(res)) };
  const requestFor = ({ key }: HandlerSettings<ExecutionContext>, uri: string): ExecutionContext | undefined =>
    key === undefined || uri === head.url ? context : undefined;
  const routes = [...others.values()];
  await Promise.all(
    routes.map(({ settings }) => invalidateAfter(head, response, (uri) => requestFor(settings, uri), settings)),
  );
}

function linesOf(res: ServerResponse): FieldLine[] {
  return Object.entries(res.getHeaders()).map(([name, value]) => [name, String(value)]);
}
