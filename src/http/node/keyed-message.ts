// The request that a handler gets when it answers for everybody with the same key.

import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { KeyedHead } from "../incoming.ts";
import { schemeOf } from "../scheme.ts";
import { urlParts, type UrlParts } from "../url-parts.ts";
import { copyAddedToRequest } from "./copy-added.ts";

/**
 * A message like `original`, with what middleware has added to it, but asking for what the key says: it has ended, and no client
 * that leaves closes it. It closes when nobody waits for the answer any more. It came over what the configured origin says, or the key.
 */
export function keyedMessage<Req extends IncomingMessage>(
  original: Req,
  keyed: KeyedHead,
  origin: string | undefined,
): Req {
  const isEncrypted = schemeOf(origin ?? keyed.url) === "https";
  const message = new IncomingMessage(quietSocket(original.socket, isEncrypted)) as Req;
  // The messages of HTTP/2 are streams of their own kind.
  if (original instanceof IncomingMessage) Object.setPrototypeOf(message, Object.getPrototypeOf(original) as object);
  copyAddedToRequest(original, message);
  const { httpVersion, httpVersionMajor, httpVersionMinor } = original;
  Object.assign(message, { httpVersion, httpVersionMajor, httpVersionMinor, method: "GET", complete: true });
  const parts = urlParts(keyed.url);
  setTarget(original, message, parts);
  setFields(message, parts, keyed);
  message.push(null);
  return message;
}

/** Calls `fail` when a handler destroys the message: no answer is to be expected any more. */
export function onDestroyed(message: IncomingMessage, fail: (error: Error) => void): void {
  message.once("close", () => {
    if (!message.readableEnded) fail(new Error("the handler has destroyed its request"));
  });
}

/** Ends what the message has of a connection, and tells who listens, as a server does after the answer. */
export function endMessage(message: IncomingMessage): void {
  message.resume();
  message.socket.destroy();
}

function setTarget(original: IncomingMessage, message: IncomingMessage, { path, search }: UrlParts): void {
  message.url = targetIn(original.url, path, search);
  if ("originalUrl" in message) message.originalUrl = targetIn(message.originalUrl, path, search);
  // What middleware has read of a query with more in it than the key has.
  if (!original.url?.endsWith(search)) Reflect.deleteProperty(message, "query");
}

/** A router may have taken the front of the path away: only the query is that of the key. */
function targetIn(url: unknown, pathname: string, search: string): string {
  const path = typeof url === "string" ? (url.split("?", 1)[0] as string) : pathname;
  return `${path}${search}`;
}

/** The host is the configured one, unless it is a part of the key: nothing that a client makes up gets into answers for others. */
function setFields(message: IncomingMessage, { origin }: UrlParts, { fields }: KeyedHead): void {
  const host = origin.slice(origin.indexOf("://") + 3);
  const hasHost = fields.all("host").length > 0;
  const lines = hasHost ? [...fields] : [["host", host] as const, ...fields];
  message.rawHeaders = lines.flat();
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) headers[name.toLowerCase()] = value;
  message.headers = headers;
}

/** What a request says of its connection, without the connection. */
function quietSocket(original: Socket, encrypted: boolean): Socket {
  const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = original;
  const facts = { remoteAddress, remotePort, remoteFamily, localAddress, localPort, encrypted };
  const socket = new Socket();
  for (const [name, value] of Object.entries(facts)) Object.defineProperty(socket, name, { value });
  return socket;
}
