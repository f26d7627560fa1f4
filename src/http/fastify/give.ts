// Answers of the cache, given by a reply of Fastify: its head here, its body as what the handler has returned.

import { isUtf8 } from "node:buffer";
import { STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import { dropBody, hasNoBody } from "../fetch-response.ts";
import type { OwnAnswer, StoredAnswer } from "../incoming.ts";
import type { RouteSettings } from "../options.ts";
import type { FieldLine } from "../policy/message.ts";
import { passedFields } from "../respond.ts";
import { contextOf, type AnyReply } from "./context.ts";
import { keepCookies } from "./cookies.ts";
import { cookiesOf, fieldsGiven, sentAs } from "./outcome.ts";

/** From what is stored. Fastify says how long it is: hooks may make it another. */
export function giveStored(reply: AnyReply, answer: StoredAnswer): unknown {
  const { status, statusText, fields, body } = answer;
  setHead(reply, status, statusText, fields, true);
  return body === undefined ? undefined : payloadOf(reply, body);
}

/** What is one client's alone: as the handler sent it, if that was all at once. */
export function giveOwn(reply: AnyReply, answer: OwnAnswer, settings: RouteSettings): unknown {
  const { response, way } = answer;
  const { status, statusText, body } = response;
  const sent = sentAs(response);
  const cookies = cookiesOf(response);
  if (cookies !== undefined) keepCookies(reply, cookies);
  setHead(reply, status, statusText, passedFields(fieldsGiven(response), way, settings), sent !== undefined);
  const isEmpty = sent !== undefined || hasNoBody(status) || body === null;
  if (isEmpty) dropBody(response);
  if (hasNoBody(status)) return undefined;
  return sent ?? body ?? undefined;
}

/** What the body's way is about is up to Fastify. */
const OF_CONNECTION: ReadonlySet<string> = new Set(["transfer-encoding", "trailer"]);

/** Fields take the place of what hooks have set; `Vary` is added to it, since that was about all answers. */
function setHead(
  reply: AnyReply,
  status: number,
  statusText: string,
  fields: Iterable<FieldLine>,
  isMeasured: boolean,
): void {
  void reply.code(status);
  // Fastify has no other place for it, and HTTP/2 none at all.
  if (statusText !== "" && statusText !== STATUS_CODES[status]) reply.raw.statusMessage = statusText;
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    if (OF_CONNECTION.has(key) || (isMeasured && key === "content-length")) continue;
    void reply.header(key, key === "vary" ? withVary(reply.getHeader("vary"), value) : value);
  }
}

function withVary(known: number | string | string[] | undefined, value: string): string {
  const before = [known ?? ""].flat().join(", ");
  return before === "" ? value : `${before}, ${value}`;
}

/**
 * Hooks get texts as texts, as far as that can be told of bytes. What has no type is given as a stream, since Fastify would
 * make one up.
 */
function payloadOf(reply: AnyReply, bytes: Uint8Array): unknown {
  const type = reply.getHeader("content-type");
  if (bytes.byteLength === 0) return type === undefined ? undefined : Buffer.from(bytes);
  if (type === undefined) return Readable.from([bytes], { objectMode: false });
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (contextOf(reply.request).onSend === null || !isText(String(type)) || !isUtf8(buffer)) return buffer;
  // It has been serialised already.
  void reply.serializer(null as never);
  return buffer.toString();
}

/** What Fastify makes of values and texts says so; what handlers call text is text. */
function isText(type: string): boolean {
  return /^text\/|;\s*charset="?utf-8/i.test(type);
}
