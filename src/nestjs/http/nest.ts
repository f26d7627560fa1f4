// What NestJS notes on classes and methods, and which of it matters to a cache.

import { type ExecutionContext, type Type, VersioningType } from "@nestjs/common";
import {
  HEADERS_METADATA,
  HOST_METADATA,
  INTERCEPTORS_METADATA,
  METHOD_METADATA,
  REDIRECT_METADATA,
  RENDER_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
  VERSION_METADATA,
} from "@nestjs/common/constants.js";
import type { ApplicationConfig } from "@nestjs/core";
import type { RouteMethod } from "./route-options.ts";

/** Places an interceptor before all others of a method or a class. */
export function firstAmong(place: object, interceptor: Type): void {
  const others = (Reflect.getMetadata(INTERCEPTORS_METADATA, place) ?? []) as unknown[];
  Reflect.defineMetadata(
    INTERCEPTORS_METADATA,
    [interceptor, ...others.filter((other) => other !== interceptor)],
    place,
  );
}

/** The methods of a controller that are routes, with their names; inherited ones, too. */
export function routesOf(controller: Type): Map<RouteMethod, string> {
  const routes = new Map<RouteMethod, string>();
  for (let from = controller.prototype as object | null; from !== null; from = Object.getPrototypeOf(from) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      const isRoute = typeof value === "function" && Reflect.hasMetadata(METHOD_METADATA, value as object);
      if (isRoute && (controller.prototype as Record<string, unknown>)[name] === value)
        routes.set(value as RouteMethod, name);
    }
  }
  return routes;
}

/** Server-sent events never end. */
export function isEventStream(method: RouteMethod): boolean {
  return Reflect.hasMetadata(SSE_METADATA, method);
}

/** The names of the header fields that `@Header` sets on every answer of a method before it is asked. */
export function presetHeaders(method: RouteMethod): readonly string[] {
  const given = (Reflect.getMetadata(HEADERS_METADATA, method) ?? []) as readonly { readonly name: string }[];
  return given.map(({ name }) => name);
}

/** Parameters that NestJS takes for a sign that a method answers by itself: `@Res()` and `@Next()`. */
const ANSWERS_BY = ["1:", "2:"];

/** Whether NestJS leaves the answer to the method. */
export function answersByItself(controller: Type, method: RouteMethod, name: string): boolean {
  const redirect = Reflect.getMetadata(REDIRECT_METADATA, method) as { readonly url?: unknown } | undefined;
  if (Reflect.hasMetadata(RENDER_METADATA, method) || typeof redirect?.url === "string") return false;
  if (Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, name) === true) return false;
  const parameters = Object.keys((Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as object);
  return parameters.some((parameter) => ANSWERS_BY.some((sign) => parameter.startsWith(sign)));
}

/**
 * What tells routes of one URI apart: a version that is not in the path, and hosts that a controller is bound to. `undefined`:
 * nothing does.
 */
export function scopeOf(
  controller: Type,
  method: RouteMethod,
  config: ApplicationConfig,
): ((context: ExecutionContext) => string) | undefined {
  const versioning = config.getVersioning();
  const isInPath = versioning === undefined || versioning.type === VersioningType.URI;
  const own: unknown =
    Reflect.getMetadata(VERSION_METADATA, method) ?? Reflect.getMetadata(VERSION_METADATA, controller);
  const version = isInPath ? undefined : (own ?? versioning.defaultVersion);
  const host = Reflect.getMetadata(HOST_METADATA, controller) as string | RegExp | (string | RegExp)[] | undefined;
  if (version === undefined && host === undefined) return undefined;
  const place = JSON.stringify([versionText(version), [host ?? []].flat().map(String)]);
  if (host === undefined) return () => place;
  return (context) => `${place}${JSON.stringify(context.switchToHttp().getRequest<{ hosts?: object }>().hosts ?? {})}`;
}

/** That for requests without a version is a symbol. */
function versionText(version: unknown): unknown {
  return typeof version === "symbol"
    ? [String(version.description)]
    : Array.isArray(version)
      ? version.map(versionText)
      : version;
}
