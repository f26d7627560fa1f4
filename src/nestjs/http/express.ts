// Express below NestJS.

import type { IncomingMessage, ServerResponse } from "node:http";
import { captureResponse } from "../../http/node/captured-response.ts";
import { isCalledPrivate } from "../../http/node/inherited.ts";
import { keyedMessage } from "../../http/node/keyed-message.ts";
import { targetOf } from "../../http/node/message-head.ts";
import { sendResponse, sendStored } from "../../http/node/send.ts";
import { headFor } from "../../http/node/serve.ts";
import { passedOn } from "../../http/respond.ts";
import type { Platform } from "./platform.ts";

export const express: Platform = {
  messageOf: (req) => req as IncomingMessage,
  responseOf: (res) => res as ServerResponse,
  headOf: (req, res) => headFor(req as IncomingMessage, res as ServerResponse, targetOf(req as IncomingMessage)),
  isCalledPrivate: (res) => isCalledPrivate(res as ServerResponse),
  captured({ req, res }, keyed, origin) {
    const message = keyedMessage(req as IncomingMessage, keyed, origin);
    const captured = captureResponse(message, res as ServerResponse);
    if ("res" in req) Object.assign(message, { res: captured.res });
    if ("next" in req) Object.assign(message, { next: captured.leave });
    return { req: message, message, ...captured };
  },
  removeHeader: (res, name) => (res as ServerResponse).removeHeader(name),
  send(client, answer, head, settings) {
    const res = client as ServerResponse;
    if (answer.kind === "stored") return sendStored(res, answer);
    sendResponse(res, passedOn(answer.response, answer.way, head, settings)).catch(() => res.destroy());
  },
  replies: ["send", "json", "redirect", "render"],
};
