// Requests that may change something: what is stored under their URI ends before their client has its answer.

import { invalidateAfter } from "../answer.ts";
import { headOfMessage } from "../node/message-head.ts";
import type { HandlerSettings } from "../options.ts";
import { fieldsOf, type FieldLine, type FieldList } from "../policy/message.ts";
import {
  contextLike,
  contextOf,
  setContext,
  type AnyReply,
  type AnyRequest,
  type RouteContext,
  type SendHook,
} from "./context.ts";

type Settings = HandlerSettings<AnyRequest>;

const contexts = new WeakMap<RouteContext, RouteContext>();
const settingsOf = new WeakMap<AnyRequest, Settings>();

/**
 * Behind all hooks of the app, of which one may make an error of the answer. What a handler writes by itself has no hooks: then it is done
 * when all is written.
 */
export function invalidateBeforeSending(request: AnyRequest, reply: AnyReply, settings: Settings): void {
  const context = contextOf(request);
  settingsOf.set(request, settings);
  const changed =
    contexts.get(context) ?? contextLike(context, { onSend: [...(context.onSend ?? []), invalidateHook] });
  contexts.set(context, changed);
  setContext(request, changed);
  reply.raw.once("finish", () => {
    invalidate(request, reply).catch((error: unknown) => reply.log.error({ err: error }, "old responses may be left"));
  });
}

const invalidateHook: SendHook = (request, reply) => invalidate(request, reply);

/** Once for each request. */
async function invalidate(request: AnyRequest, reply: AnyReply): Promise<void> {
  const settings = settingsOf.get(request);
  if (settings === undefined) return;
  settingsOf.delete(request);
  const { raw } = request;
  const head = headOfMessage(raw, raw.url ?? "/");
  const response = { status: reply.statusCode, fields: linesOf(reply) };
  await invalidateAfter({ head, request }, response, settings);
}

/** The fields that name what else has changed. */
function linesOf(reply: AnyReply): FieldList {
  const names = ["location", "content-location"];
  const lines = names.map((name): FieldLine => [name, String(reply.getHeader(name) ?? "")]);
  return fieldsOf(lines.filter(([, value]) => value !== ""));
}
