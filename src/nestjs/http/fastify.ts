// Fastify below NestJS.

import type { KeyedHead } from "../../http/incoming.ts";
import type { AnyReply, AnyRequest } from "../../http/fastify/context.ts";
import { giveOwn, giveStored } from "../../http/fastify/give.ts";
import { headAsCame } from "../../http/fastify/headers.ts";
import { outcomeOf } from "../../http/fastify/outcome.ts";
import { contextForRun, ownReply } from "../../http/fastify/own-reply.ts";
import { ownRequest } from "../../http/fastify/own-request.ts";
import { likeOf } from "../../http/fastify/run.ts";
import { headFor } from "../../http/fastify/serve.ts";
import { captureResponse } from "../../http/node/captured-response.ts";
import { isCalledPrivate } from "../../http/node/inherited.ts";
import { targetOf } from "../../http/node/message-head.ts";
import type { Exchange, OwnExchange, Platform } from "./platform.ts";

export const fastify: Platform = {
  messageOf: (req) => (req as AnyRequest).raw,
  responseOf: (res) => (res as AnyReply).raw,
  headOf(req) {
    const request = req as AnyRequest;
    return headFor(headAsCame(request, targetOf(request.raw)), request);
  },
  isCalledPrivate: (res) => isCalledPrivate(res as AnyReply),
  captured,
  removeHeader: (res, name) => void (res as AnyReply).removeHeader(name),
  /** By the reply, so that hooks of the application run for each client. */
  send(res, answer, _head, settings) {
    const reply = res as AnyReply;
    const payload = answer.kind === "stored" ? giveStored(reply, answer) : giveOwn(reply, answer, settings);
    void reply.send(payload);
  },
  replies: ["send", "redirect", "view"],
};

function captured({ req, res }: Exchange, keyed: KeyedHead, origin: string | undefined): OwnExchange {
  const [client, clientReply] = [req as AnyRequest, res as AnyReply];
  const request = ownRequest(client, keyed, contextForRun(client), origin);
  const { res: raw, response, ...ways } = captureResponse(request.raw, likeOf(clientReply.raw));
  let sent: unknown;
  let isHijacked = false;
  const reply = ownReply(clientReply, request, raw, {
    onFailure: ways.leave,
    onSend: (payload) => void (sent = payload),
    onHijack: () => void (isHijacked = true),
  });
  const outcome = response.then((taken) => outcomeOf(taken, reply, sent, isHijacked));
  return { req: request, message: request.raw, res: reply, response: outcome, ...ways };
}
