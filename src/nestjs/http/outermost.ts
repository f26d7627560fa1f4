// The interceptor around all others of an application: where an answer of the cache takes the place of what they have made of it.

import type { CallHandler, ExecutionContext, NestInterceptor } from "@nestjs/common";
import type { ApplicationConfig } from "@nestjs/core";
import { Observable } from "rxjs";
import { optionsOf, type RouteMethod } from "./route-options.ts";
import { endingOf, isOwn } from "./visits.ts";

const settled = new WeakSet<ApplicationConfig>();

/** To be called while an application makes its objects: later come those that it names itself, which are then within. */
export function settleOutermost(config: ApplicationConfig): void {
  if (settled.has(config)) return;
  settled.add(config);
  config.addGlobalInterceptor(outermost);
}

const outermost: NestInterceptor = {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const isCached =
      context.getType() === "http" && optionsOf(context.getHandler() as RouteMethod, context.getClass()) !== undefined;
    return isCached && !isOwn(context) ? ended(context, next.handle()) : next.handle();
  },
};

/** What interceptors have made of the answer of the cache is dropped; what they throw is not. */
function ended(context: ExecutionContext, result: Observable<unknown>): Observable<unknown> {
  return new Observable((subscriber) =>
    result.subscribe({
      next(value) {
        if (endingOf(context) === undefined) subscriber.next(value);
      },
      error(error) {
        endingOf(context)?.drop();
        subscriber.error(error);
      },
      complete() {
        const end = endingOf(context);
        if (end !== undefined) {
          end.give();
          subscriber.next(undefined);
        }
        subscriber.complete();
      },
    }),
  );
}
