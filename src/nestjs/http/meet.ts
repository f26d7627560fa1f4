// A request at the cache: answered from it, or by the route.

import { type CallHandler, StreamableFile } from "@nestjs/common";
import { finalize, type Observable, of } from "rxjs";
import { answerTo, invalidateAfter } from "../../http/answer.ts";
import { dropBody } from "../../http/fetch-response.ts";
import type { Answer, OwnAnswer } from "../../http/incoming.ts";
import { holdEnd } from "../../http/node/hold-end.ts";
import { leftBy } from "../../http/node/left-to-next.ts";
import { addToHead } from "../../http/node/send.ts";
import { isSafe } from "../../http/policy/invalidation.ts";
import type { ResponseHead } from "../../http/policy/message.ts";
import type { Way } from "../../http/prepared.ts";
import { onReply, type Sendable } from "./platform.ts";
import { type Meeting, Visit } from "./visit.ts";
import { endWith } from "./visits.ts";

/**
 * Settles when it is known what the answer is; it is sent when the interceptors around the cache have had their turn.
 * @throws what the route throws, to all who wait for it
 */
export async function meet(meeting: Meeting, next: CallHandler): Promise<Observable<unknown>> {
  const visit = new Visit(meeting);
  if (!visit.isOrdinary) return passed(visit, { forward: "bypass" }, next);
  let answer: Answer;
  try {
    answer = await answerTo(visit, meeting.route.settings);
  } catch (error) {
    return afterFailure(visit, error);
  }
  if (answer.kind === "direct") return passed(visit, answer.way, next);
  return answer.kind === "own" ? own(visit, answer, next) : answered(visit, answer, answer.body);
}

function own(visit: Visit, answer: OwnAnswer, next: CallHandler): Observable<unknown> {
  const { response, way } = answer;
  const left = leftBy(response);
  if (left === undefined) return answered(visit, answer, undefined, () => dropBody(response));
  // Of an exception the filters make an answer for this client; what the method has left to the next one it leaves once more.
  return isWordOfRouter(left.reason) ? passed(visit, way, next) : thrown(visit, way, left.reason);
}

function isWordOfRouter(reason: unknown): boolean {
  return typeof reason !== "object" || reason === null;
}

/** The route answers by itself, to this request as it is. */
function passed(visit: Visit, way: Way, next: CallHandler): Observable<unknown> {
  const { route, res, head } = visit;
  addToHead(res, way, route.settings);
  if (isSafe(head.method)) return next.handle();
  const onHandled = holdEnd(res, (response) => invalidate(visit, response));
  return next.handle().pipe(finalize(onHandled));
}

function afterFailure(visit: Visit, error: unknown): Observable<unknown> {
  const { context, res, signal } = visit;
  if (!res.destroyed && !signal.aborted) return thrown(visit, { forward: "uri-miss", detail: "failure" }, error);
  // The client has left: nobody is there to be told.
  endWith(context, { give: nothing, drop: nothing });
  return of(undefined);
}

/** To the exception filters of this client. */
function thrown({ res, route }: Visit, way: Way, error: unknown): never {
  addToHead(res, way, route.settings);
  throw error;
}

/** For interceptors around the cache it is a file that goes by. */
function answered(
  visit: Visit,
  answer: Sendable,
  body: Uint8Array | undefined,
  drop: () => void = nothing,
): Observable<unknown> {
  endWith(visit.context, { give: () => give(visit, answer), drop });
  return of(new StreamableFile(body ?? new Uint8Array()));
}

function nothing(): void {}

/** When NestJS answers, with whatever; at once where it does not. */
function give({ route, client, platform, head }: Visit, answer: Sendable): void {
  const send = (): void => {
    for (const name of route.preset) platform.removeHeader(client.res, name);
    platform.send(client.res, answer, head, route.settings);
  };
  if (route.answersByItself) send();
  else onReply(client.res, platform, send);
}

/** What routes of the same controller have stored under the URI of a request that has changed something ends. */
async function invalidate(visit: Visit, response: ResponseHead): Promise<void> {
  await Promise.all([...visit.others.values()].map(({ settings }) => invalidateAfter(visit, response, settings)));
}
