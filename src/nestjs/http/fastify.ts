// Fastify below NestJS.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { CacheError } from "../../errors.ts";
import { captureResponse } from "../../http/node/captured-response.ts";
import { isCalledPrivate } from "../../http/node/inherited.ts";
import { keyedMessage } from "../../http/node/keyed-message.ts";
import { targetOf } from "../../http/node/message-head.ts";
import type { FieldLine } from "../../http/policy/message.ts";
import type { KeyedHead } from "../../http/incoming.ts";
import type { Platform, Sendable } from "./platform.ts";

/** What is used of a request of Fastify. */
interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly originalUrl: string;
  readonly query: unknown;
  readonly log: unknown;
}

/** What is used of a reply. Its `then` is that of the client's connection. */
interface FastifyReply {
  readonly constructor: new (raw: ServerResponse, request: object, log: unknown) => object;
  readonly raw: ServerResponse;
  code(status: number): this;
  header(name: string, value: unknown): this;
  getHeader(name: string): unknown;
  removeHeader(name: string): this;
  send(payload?: unknown): this;
}

export const fastify: Platform = {
  messageOf: (req) => (req as FastifyRequest).raw,
  responseOf: (res) => (res as FastifyReply).raw,
  targetOf: (req) => targetOf((req as FastifyRequest).raw),
  isCalledPrivate: (res) => isCalledPrivate(res as unknown as ServerResponse),
  captured({ req, res }, keyed, origin) {
    const [request, reply] = [req as FastifyRequest, res as FastifyReply];
    const message = keyedMessage(request.raw, keyed, origin);
    const { res: response, ...captured } = captureResponse(message, reply.raw);
    const own = requestLike(request, message, keyed, captured.leave);
    return { req: own, message, res: new reply.constructor(response, own, request.log), ...captured };
  },
  removeHeader: (res, name) => void (res as FastifyReply).removeHeader(name),
  send: (res, answer) => sendTo(res as FastifyReply, answer),
  replies: ["send", "redirect", "view"],
};

/** With all that hooks and plugins have put on it, which stays shared; but asking for what the key says. */
function requestLike(
  request: FastifyRequest,
  raw: IncomingMessage,
  keyed: KeyedHead,
  fail: (error: unknown) => void,
): object {
  const values: Record<PropertyKey, unknown> = {
    raw,
    query: keyedQuery(request.query, keyed),
    originalUrl: raw.url,
    signal: keyed.signal,
    [contextSymbol(request)]: withoutSending(request, fail),
  };
  return Object.create(
    request,
    Object.fromEntries(
      Reflect.ownKeys(values).map((name) => [
        name,
        { value: values[name as string], writable: true, configurable: true, enumerable: true },
      ]),
    ),
  ) as object;
}

/** As the server has parsed it, without what is not part of the key. */
function keyedQuery(query: unknown, { url }: KeyedHead): unknown {
  if (typeof query !== "object" || query === null) return query;
  const names = [...new URL(url).searchParams.keys()];
  const isKeyed = (name: string): boolean =>
    names.some((one) => one === name || one.startsWith(`${name}[`) || one.startsWith(`${name}.`));
  const kept = Object.entries(query).filter(([name]) => isKeyed(name));
  return Object.assign(
    Object.create(Object.getPrototypeOf(query) as object | null) as object,
    Object.fromEntries(kept),
  );
}

/** Under which a request holds its route. Fastify has no other name for it. */
function contextSymbol(request: object): symbol {
  for (let from: object | null = request; from !== null; from = Object.getPrototypeOf(from) as object | null) {
    const found = Object.getOwnPropertySymbols(from).find(({ description }) => description === "fastify.context");
    if (found !== undefined) return found;
  }
  throw new CacheError("not_supported" as never, "@CachedRoute must run on Fastify 5, got another version");
}

/** Hooks that are for answers on their way to a client run when they go there; failures are the cache's to tell. */
function withoutSending(request: object, fail: (error: unknown) => void): object {
  const context = (request as Record<symbol, object>)[contextSymbol(request)] as object;
  return Object.assign(Object.create(context) as object, { onSend: null, onError: null, errorHandler: { func: fail } });
}

/** By the reply, so that hooks of the application run for each client. */
function sendTo(reply: FastifyReply, answer: Sendable): void {
  const { status } = answer;
  const fields: Iterable<FieldLine> = answer instanceof Response ? answer.headers : answer.fields;
  setFields(reply.code(status), fields);
  // The length of an answer to HEAD is that of its body, which Fastify would take to be empty.
  const isHead = reply.raw.req.method === "HEAD";
  reply.send(isHead ? Readable.from([]) : payloadOf(answer));
}

/** What is empty has no type that a reply would have to guess. */
function payloadOf({ body }: Sendable): unknown {
  if (!(body instanceof Uint8Array)) return body ?? undefined;
  return body.byteLength === 0 ? undefined : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** Fields take the place of what was there; `Vary` is added to it, since that was about all answers. */
function setFields(reply: FastifyReply, fields: Iterable<FieldLine>): void {
  const seen = new Set<string>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const earlier = seen.has(key) || key === "vary" ? reply.getHeader(key) : undefined;
    // A reply adds to `Set-Cookie` by itself.
    reply.header(key, earlier === undefined || key === "set-cookie" ? value : [earlier, value].flat());
    seen.add(key);
  }
}
