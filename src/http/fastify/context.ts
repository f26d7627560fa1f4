// What Fastify keeps of a route and shows nobody: its context, found by the name of its symbol, and others that take its place.

import type { FastifyReply, FastifyRequest } from "fastify";
import { badInput } from "../../errors.ts";

/** A hook before an answer is sent. */
export type SendHook = (
  request: AnyRequest,
  reply: AnyReply,
  payload: unknown,
  done: (error?: unknown) => void,
) => unknown;

/** The part of a route's context that is used here. */
export interface RouteContext {
  /** All hooks before an answer is sent, bound to their instance; `null`: there are none. */
  readonly onSend: readonly SendHook[] | null;
}

/** What an answer depends on is none of the types' business. */
export type AnyRequest = FastifyRequest;
export type AnyReply = FastifyReply;

type Holder = Record<symbol, unknown>;

const CONTEXT = "fastify.context";
const NOT_FOUND_CONTEXT = "fastify.404ContextKey";

/** One in a process, unless there are several Fastify. */
let lastKey: symbol | undefined;

/** @throws CacheError `invalid_argument` if there is none: Fastify is older or newer than what is known here */
export function contextOf(request: AnyRequest): RouteContext {
  return (request as unknown as Holder)[keyIn(request)] as RouteContext;
}

/** From now on the request's replies go by another context. */
export function setContext(request: AnyRequest, context: RouteContext): void {
  (request as unknown as Holder)[keyIn(request)] = context;
}

/** Like `original` in all but what is given. What Fastify notes on a context is kept, so it should be made once. */
export function contextLike(original: RouteContext, changes: Readonly<Record<string, unknown>>): RouteContext {
  return Object.create(original, descriptorsOf(original, changes)) as RouteContext;
}

function descriptorsOf(original: RouteContext, changes: Readonly<Record<string, unknown>>): PropertyDescriptorMap {
  const entries = Object.entries(changes).map(([name, value]) => [name, { value }] as const);
  const notFound = keyNamed(original, NOT_FOUND_CONTEXT);
  const next = notFound === undefined ? null : (original as unknown as Holder)[notFound];
  if (notFound === undefined || next === null || next === undefined) return Object.fromEntries(entries);
  // A handler may leave the request to the handler for what is not found, which has a context of its own.
  return { ...Object.fromEntries(entries), [notFound]: { value: contextLike(next as RouteContext, changes) } };
}

function keyIn(request: AnyRequest): symbol {
  if (lastKey !== undefined && Object.hasOwn(request, lastKey)) return lastKey;
  const found = keyNamed(request, CONTEXT);
  if (found === undefined) {
    throw badInput("invalid_argument", "request", `of Fastify 5, with its "${CONTEXT}"`, request);
  }
  lastKey = found;
  return found;
}

/** The symbol of a property of its own, by its description. */
export function keyNamed(holder: object, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(holder).find(({ description }) => description === name);
}
