// Lets the end of an answer wait until what it ends in the cache has ended: a client that has the answer finds nothing old.

import type { ServerResponse } from "node:http";
import type { ResponseHead } from "../policy/message.ts";
import { fieldsOf } from "../policy/message.ts";
import { warn } from "./warning.ts";

type End = (chunk?: unknown, encoding?: unknown, callback?: unknown) => ServerResponse;
type Before = (head: ResponseHead) => Promise<void>;

/**
 * Calls `before` with the head when the answer would end, and ends it after that. A client that leaves is no reason not to: then it is
 * called when the handler is done, unless that has ended its answer by then. What `before` rejects with is a warning, and breaks the
 * answer off.
 * @returns what is to be called when the handler is done
 */
export function holdEnd(res: ServerResponse, before: Before): () => void {
  const end = res.end.bind(res) as End;
  let isHeld = false;
  let isHandled = false;
  const holding: End = (chunk, encoding, callback) => {
    if (isHeld) return res;
    isHeld = true;
    beginHead(res, chunk, encoding);
    before(headOf(res)).then(
      () => void end(chunk, encoding, callback),
      (error: unknown) => {
        warn(error);
        res.destroy();
      },
    );
    return res;
  };
  res.end = holding as typeof res.end;
  const whenLeft = (): void => {
    if (!isHeld && isHandled && res.closed) before(headOf(res)).catch(warn);
  };
  res.once("close", whenLeft);
  return () => {
    isHandled = true;
    whenLeft();
  };
}

/** What the handler sees of its response is that of one that has ended: the head cannot be changed any more. */
function beginHead(res: ServerResponse, chunk: unknown, encoding: unknown): void {
  if (res.headersSent) return;
  const length = lengthOf(chunk, encoding);
  const isKnown = res.hasHeader("content-length") || res.hasHeader("transfer-encoding");
  // As Node does, if nothing has been written before.
  if (!isKnown && length !== undefined && !hasNoLength(res.statusCode)) res.setHeader("Content-Length", length);
  res.writeHead(res.statusCode);
}

function lengthOf(chunk: unknown, encoding: unknown): number | undefined {
  if (typeof chunk === "string") return Buffer.byteLength(chunk, encoding as BufferEncoding | undefined);
  if (chunk instanceof Uint8Array) return chunk.byteLength;
  return chunk === undefined || chunk === null || typeof chunk === "function" ? 0 : undefined;
}

function hasNoLength(status: number): boolean {
  return status === 204 || status === 304;
}

function headOf(res: ServerResponse): ResponseHead {
  const lines = Object.entries(res.getHeaders()).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
  );
  return { status: res.statusCode, fields: fieldsOf(lines) };
}
