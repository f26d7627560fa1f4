// One request of a server of Node's, as the cache sees it.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Incoming, KeyedHead } from "../incoming.ts";
import { isOfUser } from "../known-user.ts";
import type { RequestHead } from "../policy/message.ts";
import { captureResponse } from "./captured-response.ts";
import { isCalledPrivate } from "./inherited.ts";
import { endMessage, keyedMessage } from "./keyed-message.ts";
import { signalOf } from "./leaving.ts";

/** A handler of routes. What it throws, rejects with, or gives to `next` is its failure. */
export type NodeHandler<Req, Res> = (req: Req, res: Res, next: Next) => unknown;

/** Goes on with the next handler; with an error, with the next one for errors. */
export type Next = (error?: unknown) => void;

/** What middleware of Express hangs on a response for its views, and handlers. */
export function localsOf(res: object): unknown {
  return "locals" in res ? res.locals : undefined;
}

/** A hit asks for little of it, so what costs something is made when it is asked for. */
export class NodeIncoming<Req extends IncomingMessage, Res extends ServerResponse> implements Incoming<Req> {
  readonly request: Req;
  readonly head: RequestHead;
  readonly #res: Res;
  readonly #handler: NodeHandler<Req, Res>;
  readonly #origin: string | undefined;
  #signal: AbortSignal | undefined;

  constructor(request: Req, res: Res, head: RequestHead, handler: NodeHandler<Req, Res>, origin: string | undefined) {
    this.request = request;
    this.head = head;
    this.#res = res;
    this.#handler = handler;
    this.#origin = origin;
  }

  /** Also where middleware has said so of the answer. */
  get isOfUser(): boolean {
    return isOfUser(this.request) || isOfUser(localsOf(this.#res)) || isCalledPrivate(this.#res);
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#res);
    return this.#signal;
  }

  run(keyed: KeyedHead): Promise<Response> {
    const req = keyedMessage(this.request, keyed, this.#origin);
    const { res, response, over, leave, stop } = captureResponse(req, this.#res);
    if ("res" in this.request) Object.assign(req, { res });
    const next: Next = (error) => leave(error);
    // Express calls this one for failures of templates and files.
    if ("next" in this.request) Object.assign(req, { next });
    const onAbort = (): void => {
      stop(keyed.signal.reason);
      req.destroy();
    };
    keyed.signal.addEventListener("abort", onAbort, { once: true });
    req.once("close", () => {
      if (!req.readableEnded) stop(new Error("the handler has destroyed its request"));
    });
    void over.then(() => {
      keyed.signal.removeEventListener("abort", onAbort);
      endMessage(req);
    });
    // A handler that throws at once fails like one that rejects.
    void Promise.resolve()
      .then(() => this.#handler(req, res, next))
      .catch((error: unknown) => leave(error ?? new Error(`the handler failed with ${String(error)}`)));
    return response;
  }
}
