// The interceptor at which a request meets the cache.

import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type Type,
} from "@nestjs/common";
import { ApplicationConfig, HttpAdapterHost, ModuleRef, ModulesContainer } from "@nestjs/core";
import type { Observable } from "rxjs";
import type { TieredCacheManager } from "../../manager.ts";
import { getCacheToken } from "../token.ts";
import { meet } from "./meet.ts";
import { KnownRoutes } from "./known-routes.ts";
import { settleOutermost } from "./outermost.ts";
import type { RouteMethod } from "./route-options.ts";
import { Routes } from "./routes.ts";
import { begin, isOwn } from "./visits.ts";

const points = new Map<string | undefined, Type<NestInterceptor>>();

/** The class of the interceptor of a cache: NestJS makes one in each module with cached routes, and refuses to boot without the cache. */
export function cachePointOf(name: string | undefined): Type<NestInterceptor> {
  const known = points.get(name);
  if (known !== undefined) return known;
  const point = makePoint(name);
  points.set(name, point);
  return point;
}

function makePoint(name: string | undefined): Type<NestInterceptor> {
  class CachePoint implements NestInterceptor {
    readonly #known: KnownRoutes;
    readonly #routes: Routes;

    constructor(
      cache: TieredCacheManager,
      config: ApplicationConfig,
      modules: ModulesContainer,
      adapters: HttpAdapterHost,
      moduleRef: ModuleRef,
    ) {
      settleOutermost(config);
      this.#known = new KnownRoutes(name, cache, config);
      this.#routes = new Routes({ config, modules, adapters, moduleRef }, this);
    }

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
      if (context.getType() !== "http" || isOwn(context)) return next.handle();
      const others = this.#known.of(context.getClass());
      const route = others.get(context.getHandler() as RouteMethod);
      if (route === undefined || !begin(context)) return next.handle();
      return meet({ context, route, others, routes: this.#routes }, next);
    }
  }
  // What NestJS says is missing, where there is no such cache.
  Object.defineProperty(CachePoint, "name", { value: `CachedRoute(${name ?? "default"})` });
  Injectable()(CachePoint);
  const injected = [getCacheToken(name), ApplicationConfig, ModulesContainer, HttpAdapterHost, ModuleRef];
  for (const [index, token] of injected.entries()) Inject(token)(CachePoint, undefined, index);
  return CachePoint;
}
