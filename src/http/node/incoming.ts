// One request of a server of Node's, as the cache sees it.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Incoming, KeyedHead } from "../incoming.ts";
import { isOfUser, localsOf } from "../known-user.ts";
import type { RequestHead } from "../policy/message.ts";
import { isCalledPrivate } from "./inherited.ts";
import { signalOf } from "./leaving.ts";
import { ownExchange } from "./own-exchange.ts";
import { runForCache, type Next } from "./run.ts";

/** A handler of routes. What it throws, rejects with, or gives to `next` is its failure. */
export type NodeHandler<Req, Res> = (req: Req, res: Res, next: Next) => unknown;

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
    const own = ownExchange({ req: this.request, res: this.#res }, keyed, this.#origin);
    return runForCache(own, keyed.signal, (next) => this.#handler(own.req, own.res, next));
  }
}
