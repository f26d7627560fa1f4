// One request at the cache, as the cache sees it.

import type { ExecutionContext } from "@nestjs/common";
import type { ServerResponse } from "node:http";
import type { Incoming, KeyedHead } from "../../http/incoming.ts";
import { isOfUser, localsOf } from "../../http/known-user.ts";
import { signalOf } from "../../http/node/leaving.ts";
import { runForCache } from "../../http/node/run.ts";
import { isSafe } from "../../http/policy/invalidation.ts";
import type { RequestHead } from "../../http/policy/message.ts";
import { express } from "./express.ts";
import { fastify } from "./fastify.ts";
import type { KnownRoute } from "./known-routes.ts";
import type { Exchange, Platform } from "./platform.ts";
import type { RouteMethod } from "./route-options.ts";
import type { Routes } from "./routes.ts";
import { noteOwn } from "./visits.ts";

/** A request that has come to the cache of its route. */
export interface Meeting {
  readonly context: ExecutionContext;
  readonly route: KnownRoute;
  /** Those of the same controller that are answered from the same cache. */
  readonly others: ReadonlyMap<RouteMethod, KnownRoute>;
  readonly routes: Routes;
}

/** A hit asks for little of it, so what costs something is made when it is asked for. */
export class Visit implements Incoming<ExecutionContext> {
  readonly context: ExecutionContext;
  readonly route: KnownRoute;
  readonly others: Meeting["others"];
  readonly client: Exchange;
  readonly platform: Platform;
  /** Node's own, of the client. */
  readonly res: ServerResponse;
  readonly head: RequestHead;
  /** Whether it is one that a cache may be asked about. */
  readonly isOrdinary: boolean;
  readonly #routes: Routes;
  #signal: AbortSignal | undefined;

  constructor({ context, route, others, routes }: Meeting) {
    this.context = context;
    this.route = route;
    this.others = others;
    this.#routes = routes;
    this.client = { req: context.getArgByIndex<object>(0), res: context.getArgByIndex<object>(1) };
    this.platform = "raw" in this.client.res ? fastify : express;
    this.res = this.platform.responseOf(this.client.res);
    this.head = this.platform.headOf(this.client.req, this.client.res);
    this.isOrdinary = this.platform.isOrdinary(this.client.req) || !isSafe(this.head.method);
  }

  get request(): ExecutionContext {
    return this.context;
  }

  get isOfUser(): boolean {
    const { req, res } = this.client;
    // Middleware of NestJS gets Node's request and response, whatever the server.
    return (
      isOfUser(req) ||
      isOfUser("raw" in req ? req.raw : undefined) ||
      isOfUser(localsOf(res)) ||
      this.platform.isCalledPrivate(res)
    );
  }

  /** Ends when the client has left before it had its answer. */
  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.res);
    return this.#signal;
  }

  run(keyed: KeyedHead): Promise<Response> {
    const { settings, name } = this.route;
    const own = this.platform.captured(this.client, keyed, settings.origin);
    noteOwn(own.req);
    return runForCache(own, keyed.signal, (next) => this.#routes.run(this.context, name, own, next));
  }
}
