// Express below NestJS.

import type { IncomingMessage, ServerResponse } from "node:http";
import { captureResponse } from "../../http/node/captured-response.ts";
import { keyedMessage } from "../../http/node/keyed-message.ts";
import { sendResponse, sendStored } from "../../http/node/send.ts";
import type { Platform } from "./platform.ts";

export const express: Platform = {
  messageOf: (req) => req as IncomingMessage,
  responseOf: (res) => res as ServerResponse,
  targetOf: (req) => (req as { originalUrl?: string }).originalUrl ?? (req as IncomingMessage).url,
  captured({ req, res }, keyed) {
    const own = keyedMessage(req as IncomingMessage, keyed);
    const captured = captureResponse(own, res as ServerResponse);
    if ("res" in own) own.res = captured.res;
    if ("next" in own) own.next = captured.fail;
    keyed.signal.addEventListener("abort", () => own.destroy(), { once: true });
    return { req: own, res: captured.res, response: captured.response, fail: captured.fail };
  },
  removeHeader: (res, name) => (res as ServerResponse).removeHeader(name),
  send(res, answer) {
    if (!(answer instanceof Response)) return sendStored(res as ServerResponse, answer);
    sendResponse(res as ServerResponse, answer).catch(() => (res as ServerResponse).destroy());
  },
  replies: ["send", "json", "redirect", "render"],
};
