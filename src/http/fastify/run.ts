// One run of a handler for the cache: with a request and a reply of its own, as Fastify would run it, up to the hooks before sending.

import { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { KeyedHead } from "../incoming.ts";
import { captureResponse } from "../node/captured-response.ts";
import { copyAdded } from "../node/copy-added.ts";
import { contextLike, contextOf, type AnyReply, type AnyRequest, type RouteContext, type SendHook } from "./context.ts";
import { copyDecorations } from "./decorations.ts";
import { ownRequest } from "./own-request.ts";

/** A handler, whatever its types. */
export type AnyHandler = (this: FastifyInstance, request: AnyRequest, reply: AnyReply) => unknown;

/** A handler, and the request that it was called for. */
export interface Call {
  readonly handler: AnyHandler;
  readonly instance: FastifyInstance;
  readonly request: AnyRequest;
  readonly reply: AnyReply;
}

/** What a run has sent, if it was all at once: what hooks before sending get. */
export type Sent = string | Buffer;

/** The handler has failed after it had set a status, which says more than the error. */
export class FailureWithStatus extends Error {
  readonly status: number;

  constructor(cause: unknown, status: number) {
    super(`the handler failed with the status ${status}`, { cause });
    this.status = status;
  }
}

/** What Fastify tells of a reply that is a run's. */
interface Listener {
  readonly onSend: (payload: unknown) => void;
  readonly onFailure: (error: unknown) => void;
}

const listeners = new WeakMap<AnyReply, Listener>();
const contexts = new WeakMap<RouteContext, RouteContext>();
const sentWith = new WeakMap<Response, Sent>();
const hijacked = new WeakMap<Response, string | null>();

/** What a response of a run was sent as. */
export function sentAs(response: Response): Sent | undefined {
  return sentWith.get(response);
}

/** The fields of a response of a run, as the handler has given them. */
export function fieldsGiven(response: Response): Headers {
  const control = hijacked.get(response);
  if (control === undefined) return response.headers;
  const headers = new Headers(response.headers);
  if (control === null) headers.delete("cache-control");
  else headers.set("cache-control", control);
  return headers;
}

/**
 * What the handler answers to all who ask for the same, serialised. Hooks of the app are run before its serialisation, and not after.
 * @throws what the handler fails with, for the app's own error handler; FailureWithStatus
 */
export function runForKey(call: Call, keyed: KeyedHead): Promise<Response> {
  const request = ownRequest(call.request, keyed, contextForRuns(contextOf(call.request)));
  const { res, response, fail } = captureResponse(request.raw, likeOf(call.reply.raw));
  const reply = ownReply(call, request, res);
  const statusBefore = res.statusCode;
  return new Promise((resolve, reject) => {
    let payload: unknown;
    const onFailure = (error: unknown): void => {
      const isOfStatus = res.statusCode !== statusBefore && !res.headersSent;
      reject(isOfStatus ? new FailureWithStatus(error, res.statusCode) : error);
      // What the handler still sends goes nowhere.
      void reply.hijack();
      fail(error);
    };
    listeners.set(reply, {
      onFailure,
      onSend: (sent) => {
        payload = sent;
      },
    });
    keyed.signal.addEventListener("abort", () => abandon(request, onFailure, keyed.signal), { once: true });
    const take = (taken: Response): void => resolve(noted(taken, payload, reply));
    response.then(take, reject);
    start(call, request, reply, onFailure);
  });
}

function abandon({ raw }: AnyRequest, onFailure: Listener["onFailure"], signal: AbortSignal): void {
  onFailure(signal.reason);
  raw.destroy();
}

/** As Fastify does it with what a handler returns. */
function start(
  { handler, instance }: Call,
  request: AnyRequest,
  reply: AnyReply,
  onFailure: Listener["onFailure"],
): void {
  const isSent = (): boolean => reply.sent || reply.raw.headersSent;
  const send = (payload: unknown): void => void (payload === undefined && isSent() ? reply : reply.send(payload));
  try {
    const result = handler.call(instance, request, reply);
    if (isThenable(result)) Promise.resolve(result).then(send).catch(onFailure);
    else if (result !== undefined) send(result);
  } catch (error) {
    onFailure(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** A reply that is hijacked is nobody's but its client's. The first is answered with what is written all the same. */
function noted(response: Response, payload: unknown, reply: AnyReply): Response {
  if (typeof payload === "string" || Buffer.isBuffer(payload)) sentWith.set(response, payload);
  if (!isHijacked.has(reply)) return response;
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  headers.set("cache-control", "no-store");
  const marked = new Response(response.body, { status, statusText, headers });
  hijacked.set(marked, response.headers.get("cache-control"));
  return marked;
}

const isHijacked = new WeakSet<AnyReply>();

type Constructor = new (res: ServerResponse, request: AnyRequest, log: unknown) => AnyReply;

/** Made anew for the run. */
const ANEW: ReadonlySet<PropertyKey> = new Set(["raw", "request", "log"]);

function ownReply({ reply }: Call, request: AnyRequest, res: ServerResponse): AnyReply {
  const made = new (reply.constructor as Constructor)(res, request, reply.log);
  copyDecorations(reply, made, ANEW);
  const hijack = (): AnyReply => {
    isHijacked.add(made);
    Reflect.deleteProperty(made, "hijack");
    return made.hijack();
  };
  return Object.assign(made, { hijack });
}

/** The client's may be of HTTP/2, or of `inject`, with a connection that is part of them: a run has Node's own. */
function likeOf(raw: ServerResponse): ServerResponse {
  const like = Object.create(ServerResponse.prototype) as ServerResponse;
  copyAdded(raw, like);
  like.statusCode = raw.statusCode;
  return like;
}

/** A run has no hooks but those before serialisation; its errors are for each client's. */
function contextForRuns(original: RouteContext): RouteContext {
  const found = contexts.get(original);
  if (found !== undefined) return found;
  const made = contextLike(original, { onSend: [noteSent], onError: null, errorHandler: TO_LISTENER });
  contexts.set(original, made);
  return made;
}

const noteSent: SendHook = (_request, reply, payload, done) => {
  listeners.get(reply)?.onSend(payload);
  done();
};

/** Without a prototype Fastify finds no other handler behind it, and comes back to it. */
const TO_LISTENER = Object.assign(Object.create(null) as object, {
  func: (error: unknown, _request: AnyRequest, reply: AnyReply): void => listeners.get(reply)?.onFailure(error),
});
