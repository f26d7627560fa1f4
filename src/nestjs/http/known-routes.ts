// What a cache knows of the routes of an application: found out when a route is asked for first, and then kept.

import type { ExecutionContext, Type } from "@nestjs/common";
import type { ApplicationConfig } from "@nestjs/core";
import type { IncomingMessage } from "node:http";
import { scopeOfTarget } from "../../http/node/message-head.ts";
import { type HandlerSettings, resolveHandler } from "../../http/options.ts";
import type { TieredCacheManager } from "../../manager.ts";
import { checkCacheName } from "../token.ts";
import { answersByItself, isEventStream, presetHeaders, routesOf, scopeOf } from "./nest.ts";
import { optionsOf, type RouteMethod } from "./route-options.ts";

/** A route that is answered from the cache. */
export interface KnownRoute {
  /** That of the method. */
  readonly name: string;
  readonly settings: HandlerSettings<ExecutionContext>;
  /** Header fields that NestJS sets on every answer before the cache is asked. */
  readonly preset: readonly string[];
  /** Whether NestJS leaves the answer to the method. */
  readonly answersByItself: boolean;
}

/** Node's own request: Fastify has one behind its own. */
function messageOf(context: ExecutionContext): IncomingMessage {
  const req = context.getArgByIndex<IncomingMessage | { readonly raw: IncomingMessage }>(0);
  return "raw" in req ? req.raw : req;
}

/** The routes that are answered from one cache. */
export class KnownRoutes {
  readonly #cacheName: string | undefined;
  readonly #cache: TieredCacheManager;
  readonly #config: ApplicationConfig;
  readonly #ofControllers = new Map<Type, ReadonlyMap<RouteMethod, KnownRoute>>();

  constructor(cacheName: string | undefined, cache: TieredCacheManager, config: ApplicationConfig) {
    this.#cacheName = cacheName;
    this.#cache = cache;
    this.#config = config;
  }

  /** Those of a controller. */
  of(controller: Type): ReadonlyMap<RouteMethod, KnownRoute> {
    const known = this.#ofControllers.get(controller);
    if (known !== undefined) return known;
    const found = new Map<RouteMethod, KnownRoute>();
    for (const [method, name] of routesOf(controller)) {
      const route = this.#route(controller, method, name);
      if (route !== undefined) found.set(method, route);
    }
    this.#ofControllers.set(controller, found);
    return found;
  }

  #route(controller: Type, method: RouteMethod, name: string): KnownRoute | undefined {
    const options = optionsOf(method, controller);
    if (options === undefined || isEventStream(method)) return undefined;
    const { cache, ...others } = options;
    if (checkCacheName(cache, "options.cache", "invalid_option") !== this.#cacheName) return undefined;
    const scope = scopeOf(controller, method, this.#config);
    // Keys of the user's tell requests apart, but not the methods of a class that they are for.
    const isOwnKey = options.key !== undefined;
    const site = isOwnKey ? JSON.stringify([controller.name, name]) : "";
    return {
      name,
      settings: resolveHandler(
        { ...others, cache: this.#cache },
        (context) => `${site}${scope?.(context) ?? ""}${isOwnKey ? "" : scopeOfTarget(messageOf(context))}`,
      ),
      preset: presetHeaders(method),
      answersByItself: answersByItself(controller, method, name),
    };
  }
}
