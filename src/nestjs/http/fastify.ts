// Fastify below NestJS.

import type { KeyedHead } from "../../http/incoming.ts";
import type { AnyReply, AnyRequest } from "../../http/fastify/context.ts";
import { giveOwn, giveStored } from "../../http/fastify/give.ts";
import { headOf, isOrdinary } from "../../http/fastify/request-head.ts";
import { ownExchange } from "../../http/fastify/own-exchange.ts";
import { isCalledPrivate } from "../../http/node/inherited.ts";
import { targetOf } from "../../http/node/message-head.ts";
import type { Exchange, OwnExchange, Platform } from "./platform.ts";

export const fastify: Platform = {
  responseOf: (res) => (res as AnyReply).raw,
  headOf: (req) => headOf(req as AnyRequest, targetOf((req as AnyRequest).raw)),
  isOrdinary: (req) => isOrdinary(req as AnyRequest, targetOf((req as AnyRequest).raw)),
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
  const client = { request: req as AnyRequest, reply: res as AnyReply };
  const own = ownExchange(client, keyed, origin, (error) => own.leave(error));
  return { ...own, req: own.request, res: own.reply };
}
