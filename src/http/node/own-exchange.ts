// A request and a response of Node's that have no client.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { KeyedHead } from "../incoming.ts";
import { captureResponse, type Captured } from "./captured-response.ts";
import { keyedMessage } from "./keyed-message.ts";

/** Like those of a client, for whoever asks for the key. */
export function ownExchange<Req extends IncomingMessage, Res extends ServerResponse>(
  client: { readonly req: Req; readonly res: Res },
  keyed: KeyedHead,
  origin: string | undefined,
): Captured<Res> & { readonly req: Req } {
  const req = keyedMessage(client.req, keyed, origin);
  const captured = captureResponse(req, client.res);
  if ("res" in client.req) Object.assign(req, { res: captured.res });
  // Express calls this one for failures of templates and files.
  if ("next" in client.req) Object.assign(req, { next: captured.leave });
  return { req, ...captured };
}
