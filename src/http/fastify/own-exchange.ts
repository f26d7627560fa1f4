// A request and a reply of Fastify that have no client, and the response that comes of them.

import { ServerResponse } from "node:http";
import type { KeyedHead } from "../incoming.ts";
import { captureResponse, type Captured } from "../node/captured-response.ts";
import { copyAddedToResponse } from "../node/copy-added.ts";
import type { AnyReply, AnyRequest } from "./context.ts";
import { outcomeOf } from "./outcome.ts";
import { contextForRun, ownReply, type ReplyListener } from "./own-reply.ts";
import { ownRequest } from "./own-request.ts";

/** What a handler is called with. */
export interface Exchange {
  readonly request: AnyRequest;
  readonly reply: AnyReply;
}

/** Like those of a client, for whoever asks for the key. */
export function ownExchange(
  client: Exchange,
  keyed: KeyedHead,
  origin: string | undefined,
  onFailure: ReplyListener["onFailure"],
): Exchange & Captured<ServerResponse> {
  const request = ownRequest(client.request, keyed, contextForRun(client.request), origin);
  const captured = captureResponse(request.raw, likeOf(client.reply.raw));
  let sent: unknown;
  let isHijacked = false;
  const reply = ownReply(client.reply, request, captured.res, {
    onFailure,
    onSend: (payload) => void (sent = payload),
    onHijack: () => void (isHijacked = true),
  });
  const response = captured.response.then((taken) => outcomeOf(taken, reply, sent, isHijacked));
  return { ...captured, request, reply, response };
}

/** The client's may be of HTTP/2, or of `inject`, with a connection that is part of them: a run has Node's own. */
function likeOf(raw: ServerResponse): ServerResponse {
  const like = new ServerResponse(raw.req);
  copyAddedToResponse(raw, like);
  like.statusCode = raw.statusCode;
  return like;
}
