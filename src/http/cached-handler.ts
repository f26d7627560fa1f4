// cachedHandler: a function from Request to Response, answered from the cache.

import { assertNever } from "../errors.ts";
import { answerTo, invalidateAfter } from "./answer.ts";
import { headOf, keyedRequest } from "./fetch-head.ts";
import { asResponse } from "./fetch-response.ts";
import type { Incoming, KeyedHead } from "./incoming.ts";
import { checkHandler, resolveHandler, type CachedHandlerOptions, type HandlerSettings } from "./options.ts";
import { isSafe } from "./policy/invalidation.ts";
import { fieldsOf, type RequestHead } from "./policy/message.ts";
import type { Way } from "./prepared.ts";
import { passedOn } from "./respond.ts";

/** What a handler is to the cache. */
export type RequestHandler = (request: Request) => Response | PromiseLike<Response>;

/**
 * A handler that is run only for what the cache cannot answer (RFC 9111, as a shared cache before it). Concurrent requests share one run
 * if its response may be stored; if not, each gets a run of its own, and for a while (`hitForMiss`) none waits for another. Stale responses
 * are given while the handler is run behind, and when it fails, as the response or the options allow. A client that
 * leaves ends the run only if nobody else waits for it. Requests with `Authorization` or `Cookie` share responses only with
 * each other, and only those that are called public (RFC 9111 §3.5), unless the header is declared (`vary`) or there is a
 * `partition`. Methods other than GET and HEAD go to the handler, and end what is stored under their URI.
 * @throws CacheError `invalid_option`, or `invalid_argument` for a handler that is none
 */
export function cachedHandler(
  handler: RequestHandler,
  options: CachedHandlerOptions,
): (request: Request) => Promise<Response> {
  checkHandler(handler);
  const settings = resolveHandler(options);
  const run = async (keyed: KeyedHead): Promise<Response> => handler(keyedRequest(keyed));
  return async (request) => {
    const head = headOf(request);
    const incoming = new FetchIncoming(request, head, run);
    const answer = await answerTo(incoming, settings);
    switch (answer.kind) {
      case "stored":
        return asResponse(answer);
      case "own":
        return passedOn(answer.response, answer.way, head, settings);
      case "direct":
        return direct(request, head, handler, answer.way, settings);
      default:
        return assertNever(answer);
    }
  };
}

/** A class, because an object with a getter of its own costs more than what the getter saves. */
class FetchIncoming implements Incoming<Request> {
  readonly isOfUser = false;
  readonly request: Request;
  readonly head: RequestHead;
  readonly run: Incoming<Request>["run"];

  constructor(request: Request, head: RequestHead, run: Incoming<Request>["run"]) {
    this.request = request;
    this.head = head;
    this.run = run;
  }

  get signal(): AbortSignal {
    return this.request.signal;
  }
}

async function direct(
  request: Request,
  head: RequestHead,
  handler: RequestHandler,
  way: Way,
  settings: HandlerSettings<Request>,
): Promise<Response> {
  const response = await handler(request);
  const passed = passedOn(response, way, head, settings);
  if (!isSafe(head.method)) {
    const { status, headers } = response;
    await invalidateAfter(
      { head, request },
      { status, fields: fieldsOf(headers) },
      settings,
      (uri) => new Request(uri),
    );
  }
  return passed;
}
