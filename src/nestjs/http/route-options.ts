// What @CachedRoute notes on a controller and its methods, and what it comes to for one of them.

import type { ExecutionContext, Type } from "@nestjs/common";
import type { CachedRouteOptions } from "../../http/options.ts";
import type { InjectedCacheOption } from "../decorators.ts";

/** Options of `@CachedRoute`: those of cached routes, with the cache by its name. Their functions get NestJS's `ExecutionContext`. */
export interface InjectedCachedRouteOptions
  extends Omit<CachedRouteOptions<ExecutionContext>, "cache">, InjectedCacheOption {}

/** As it was noted. `false`: the defaults of the class are not for this method. */
type Noted = InjectedCachedRouteOptions | false;

/** A method of a controller, as NestJS knows it. */
export type RouteMethod = (...args: never[]) => unknown;

const KEY = "freshtier:cached-route";

/** On a method, or on a class for all of its methods. */
export function noteOptions(place: object, options: Noted): void {
  Reflect.defineMetadata(KEY, options, place);
}

/** `undefined`: it is not cached. */
export function optionsOf(method: RouteMethod, controller: Type): InjectedCachedRouteOptions | undefined {
  const ofClass = Reflect.getMetadata(KEY, controller) as Noted | undefined;
  const own = Reflect.getMetadata(KEY, method) as Noted | undefined;
  const given = own ?? ofClass;
  if (given === undefined || given === false) return undefined;
  return { ...(ofClass === false ? undefined : ofClass), ...given };
}
