// The request that a handler gets when it answers for everybody with the same key.

import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { KeyedHead } from "../incoming.ts";
import { copyAdded } from "./copy-added.ts";

/**
 * A message like `original`, with what middleware has added to it, but asking for what the key says: it has ended, and no client
 * that leaves closes it. It closes when nobody waits for the answer any more.
 */
export function keyedMessage<Req extends IncomingMessage>(original: Req, keyed: KeyedHead): Req {
  const message = new IncomingMessage(quietSocket(original.socket)) as Req;
  // That of HTTP/2, or of a test without a socket, is made for a state that a message of Node's does not have.
  if (original instanceof IncomingMessage) Object.setPrototypeOf(message, Object.getPrototypeOf(original) as object);
  copyAdded(original, message);
  const { httpVersion, httpVersionMajor, httpVersionMinor } = original;
  Object.assign(message, { httpVersion, httpVersionMajor, httpVersionMinor, method: "GET", complete: true });
  const { pathname, search } = new URL(keyed.url);
  message.url = targetIn(original.url, pathname, search);
  if ("originalUrl" in message) message.originalUrl = targetIn(message.originalUrl, pathname, search);
  setFields(message, keyed);
  message.push(null);
  return message;
}

/** A router may have taken the front of the path away: only the query is that of the key. */
function targetIn(url: unknown, pathname: string, search: string): string {
  const path = typeof url === "string" ? (url.split("?", 1)[0] as string) : pathname;
  return `${path}${search}`;
}

/** The host is the configured one: nothing that a client makes up gets into answers for others. */
function setFields(message: IncomingMessage, { url, fields }: KeyedHead): void {
  const { host } = new URL(url);
  const lines = [["host", host] as const, ...fields];
  message.rawHeaders = lines.flat();
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) headers[name.toLowerCase()] = value;
  message.headers = headers;
}

/** What a request says of its connection, without the connection. */
function quietSocket(original: Socket): Socket {
  const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = original;
  const encrypted = "encrypted" in original ? original.encrypted : undefined;
  const facts = { remoteAddress, remotePort, remoteFamily, localAddress, localPort, encrypted };
  const socket = new Socket();
  for (const [name, value] of Object.entries(facts)) Object.defineProperty(socket, name, { value });
  return socket;
}
