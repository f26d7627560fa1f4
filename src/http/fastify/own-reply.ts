// The reply that a handler gets when it answers for everybody with the same key: it sends to the cache, without the hooks before sending.

import type { ServerResponse } from "node:http";
import { contextLike, contextOf, type AnyReply, type AnyRequest, type RouteContext, type SendHook } from "./context.ts";
import { copyDecorations } from "./decorations.ts";

/** What is heard of the reply of a run. */
export interface ReplyListener {
  /** The payload after serialisation. */
  readonly onSend: (payload: unknown) => void;
  readonly onHijack: () => void;
  /** Instead of the app's handlers for errors, which are for clients. */
  readonly onFailure: (error: unknown) => void;
}

type Constructor = new (res: ServerResponse, request: AnyRequest, log: unknown) => AnyReply;

/** Made anew for the run. */
const ANEW: ReadonlySet<PropertyKey> = new Set(["raw", "request", "log"]);

const listeners = new WeakMap<AnyReply, ReplyListener>();
const contexts = new WeakMap<RouteContext, RouteContext>();

/** A reply like that of a client, decorated like it, to a request of a run. */
export function ownReply(reply: AnyReply, request: AnyRequest, res: ServerResponse, listener: ReplyListener): AnyReply {
  const made = new (reply.constructor as Constructor)(res, request, reply.log);
  copyDecorations(reply, made, ANEW);
  listeners.set(made, listener);
  const hijack = (): AnyReply => {
    listener.onHijack();
    Reflect.deleteProperty(made, "hijack");
    return made.hijack();
  };
  return Object.assign(made, { hijack });
}

/** The context of a run's request. Its hooks are those before serialisation; its failures are heard of. */
export function contextForRun(request: AnyRequest): RouteContext {
  const original = contextOf(request);
  const found = contexts.get(original);
  if (found !== undefined) return found;
  const made = contextLike(original, { onSend: [tellPayload], onError: null, errorHandler: TELL_FAILURE });
  contexts.set(original, made);
  return made;
}

const tellPayload: SendHook = (_request, reply, payload, done) => {
  listeners.get(reply)?.onSend(payload);
  done();
};

/** It has no prototype, where Fastify would look for the next handler: it comes back to this one. */
const TELL_FAILURE: object = Object.assign(Object.create(null) as object, {
  func: (error: unknown, _request: AnyRequest, reply: AnyReply): void => listeners.get(reply)?.onFailure(error),
});
