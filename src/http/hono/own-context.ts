// The Context that a handler gets when it answers for everybody: with what middleware has found out, but not with what it has set for the client.

import type { Context, ExecutionContext, HonoRequest } from "hono";
import type { Result } from "hono/router";
import type { H, RouterRoute } from "hono/types";
import { lend } from "./lend.ts";
import { reserve } from "./reserved.ts";

/** As Hono makes one. Its class comes from the client's Context, so that it is that of the application. */
type ContextClass = new (
  request: Request,
  options: {
    readonly env: unknown;
    readonly executionCtx: ExecutionContext | undefined;
    readonly path: string;
    readonly matchResult: Result<[H, RouterRoute]>;
  },
) => Context;

const TARGETS = ["json", "form", "query", "param", "header", "cookie"] as const;

/**
 * A Context of the same route as `client`, with its variables and bindings by reference, and no header, status or body of it. It asks for
 * what `request` says.
 */
export function ownContext(client: Context, request: Request): Context {
  const own = new (client.constructor as ContextClass)(request, {
    env: client.env,
    executionCtx: executionOf(client),
    path: client.req.path,
    matchResult: matchOf(client.req),
  });
  own.req.routeIndex = client.req.routeIndex;
  copyVariables(client, own);
  copyValidated(client.req, own.req);
  copyLayout(client, own);
  reserveStreams(own);
  own.notFound = () => lend(client, own, client.notFound);
  return own;
}

/** Helpers for streaming make their responses this way, and nothing else of Hono's does: `c.body(stream)` has its own. */
function reserveStreams(own: Context): void {
  const newResponse = own.newResponse as (data: unknown, ...rest: unknown[]) => Response;
  const reserving = (data: unknown, ...rest: unknown[]): Response => {
    const response = newResponse(data, ...rest);
    return data instanceof ReadableStream ? reserve(response, { because: "stream" }) : response;
  };
  own.newResponse = reserving;
}

/** There is none on Node, and asking for it throws. */
function executionOf(client: Context): ExecutionContext | undefined {
  try {
    return client.executionCtx;
  } catch {
    return undefined;
  }
}

/** What the router has found: its routes, and the parameters of the one that is asked. */
function matchOf(request: HonoRequest): Result<[H, RouterRoute]> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of Object.entries<string>(request.param())) {
    // They are decoded once more where they are read.
    parameters[name] = value.isWellFormed() ? encodeURIComponent(value) : value;
  }
  return [
    request.matchedRoutes.map((route, index) => [
      [route.handler, route],
      index === request.routeIndex ? parameters : {},
    ]),
  ];
}

function copyVariables({ var: variables }: Context, own: Context): void {
  for (const name of Reflect.ownKeys(variables))
    own.set(name as string, (variables as Record<PropertyKey, unknown>)[name]);
}

type Render = (...args: unknown[]) => Response | Promise<Response>;

/** Until the handler sets others. */
function copyLayout(client: Context, own: Context): void {
  const layout = client.getLayout();
  if (layout !== undefined) own.setLayout(layout);
  const render: Render = (...args) => lend(client, own, () => (client.render as Render)(...args));
  own.setRenderer(render);
}

/** What validators have made of the request, but for parameters and headers that the run does not see. */
function copyValidated(from: HonoRequest, to: HonoRequest): void {
  for (const target of TARGETS) {
    const data: unknown = from.valid(target as never);
    if (data === undefined || data === null) continue;
    if (target === "query") to.addValidatedData(target, unlessHidden(data, from.queries(), to.queries()));
    else if (target === "header") to.addValidatedData(target, unlessHidden(data, from.header(), to.header()));
    else to.addValidatedData(target, data);
  }
}

/** Of an object as parameters make it: what a validator has made otherwise is its own business, as variables are. */
function unlessHidden(data: object, asked: object, seen: object): object {
  if (typeof data !== "object" || Array.isArray(data)) return data;
  const names = Object.keys(seen).map((name) => name.toLowerCase());
  const hidden = Object.keys(asked)
    .map((name) => name.toLowerCase())
    .filter((name) => !names.includes(name));
  if (hidden.length === 0) return data;
  return Object.fromEntries(Object.entries(data).filter(([name]) => !hidden.includes(name.toLowerCase())));
}
