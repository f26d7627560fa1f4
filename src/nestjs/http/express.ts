// Express below NestJS.

import type { IncomingMessage, ServerResponse } from "node:http";
import { isCalledPrivate } from "../../http/node/inherited.ts";
import { isOrdinary, targetOf } from "../../http/node/message-head.ts";
import { ownExchange } from "../../http/node/own-exchange.ts";
import { sendResponse, sendStored } from "../../http/node/send.ts";
import { headFor } from "../../http/node/serve.ts";
import { passedOn } from "../../http/respond.ts";
import type { Platform } from "./platform.ts";

export const express: Platform = {
  responseOf: (res) => res as ServerResponse,
  headOf: (req, res) => headFor(req as IncomingMessage, res as ServerResponse, targetOf(req as IncomingMessage)),
  isOrdinary: (req) => isOrdinary(req as IncomingMessage, targetOf(req as IncomingMessage)),
  isCalledPrivate: (res) => isCalledPrivate(res as ServerResponse),
  captured: ({ req, res }, keyed, origin) =>
    ownExchange({ req: req as IncomingMessage, res: res as ServerResponse }, keyed, origin),
  removeHeader: (res, name) => (res as ServerResponse).removeHeader(name),
  send(client, answer, head, settings) {
    const res = client as ServerResponse;
    if (answer.kind === "stored") return sendStored(res, answer);
    sendResponse(res, passedOn(answer.response, answer.way, head, settings)).catch(() => res.destroy());
  },
  replies: ["send", "json", "redirect", "render"],
};
