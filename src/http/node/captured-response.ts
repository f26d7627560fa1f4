// A response that goes to the cache instead of a socket: Node's own ServerResponse, with other ways out.

import { ServerResponse, type IncomingMessage } from "node:http";
import { hasNoBody, responseWith } from "../fetch-response.ts";
import { CapturedBody, webStreamOf } from "./captured-body.ts";
import { copyAddedToResponse } from "./copy-added.ts";
import { setGiven, type FieldsGiven } from "./given-head.ts";
import { inherit } from "./inherited.ts";
import { isLeft, responseOfLeft } from "./left-to-next.ts";
import { warn } from "./warning.ts";

/** What a handler writes to, and what comes of it. */
export interface Captured<Res extends ServerResponse> {
  /** The request that it answers. */
  readonly message: IncomingMessage;
  readonly res: Res;
  /** Settles with the head; the body comes as it is written. Rejects when the handler fails before it has said anything. */
  readonly response: Promise<Response>;
  /** Settles when the handler has written all, or nobody reads it any more. */
  readonly over: Promise<void>;
  /** What a handler has given to `next`, or thrown. */
  readonly leave: (reason: unknown) => void;
  /** Ends the response where it is: without a head it rejects, with one its body breaks off. */
  readonly stop: (reason: unknown) => void;
}

/**
 * A response as a framework has made `like` one: with its methods, and with what it has been given so far. Of header fields it has
 * those about the answer; the others are for the client of `like`. It has no connection, and so nothing to `flush`, as handlers do behind
 * middleware that compresses.
 */
export function captureResponse<Res extends ServerResponse>(message: IncomingMessage, like: Res): Captured<Res> {
  const res = new ServerResponse(message) as Res;
  // The responses of HTTP/2 are of their own kind.
  if (like instanceof ServerResponse) Object.setPrototypeOf(res, Object.getPrototypeOf(like) as object);
  copyAddedToResponse(like, res);
  if ("flush" in like) Object.assign(res, { flush: () => undefined });
  inherit(like, res);
  res.statusCode = like.statusCode;
  const body = new CapturedBody(res, () => void (res.headersSent || res.writeHead(res.statusCode)));
  const { promise, resolve, reject } = settling<Response>();
  overrideHead(res, () => resolve(responseOf(res, body)));
  const stop = (reason: unknown): void => {
    reject(reason);
    body.breakOff(reason);
  };
  body.onDestroy = stop;
  const over = new Promise<void>((done) => {
    body.stream.once("close", () => {
      reject(new Error("the response was closed before the handler had said anything"));
      done();
    });
  });
  return { message, res, response: promise, over, stop, leave: (reason) => leave(reason, res, resolve, stop) };
}

/** After the whole answer has been written it stands, whatever comes. */
function leave(
  reason: unknown,
  res: ServerResponse,
  resolve: (response: Response) => void,
  stop: (reason: unknown) => void,
): void {
  if (res.writableEnded) return isLeft(reason) ? undefined : warn(reason);
  if (res.headersSent || !isLeft(reason)) return stop(reason ?? new Error("the handler has left off in the middle"));
  resolve(responseOfLeft(reason));
  stop(reason);
}

interface Settling<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function settling<T>(): Settling<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Who asked for the response hears of its failure there, or in its body.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** Done at once: what comes before an answer is for its client alone. */
function interim(...given: unknown[]): void {
  given.findLast((one) => typeof one === "function")?.();
}

/** The head is complete when it would go out. */
function overrideHead(res: ServerResponse, onHead: () => void): void {
  const write = res.writeHead.bind(res) as (status: number, reason?: string) => void;
  const writeHead = (status: number, reason?: string | FieldsGiven, fields?: FieldsGiven): ServerResponse => {
    const given = setGiven(res, reason, fields);
    if (given === undefined) write(status);
    else write(status, given);
    onHead();
    return res;
  };
  Object.assign(res, {
    writeHead,
    flushHeaders: () => void (res.headersSent || res.writeHead(res.statusCode)),
    writeContinue: interim,
    writeProcessing: interim,
    writeEarlyHints: interim,
  });
}

function responseOf(res: ServerResponse, { stream }: CapturedBody): Response {
  const headers = new Headers();
  for (const name of res.getHeaderNames())
    for (const value of valuesOf(res.getHeader(name))) headers.append(name, value);
  const { statusCode: status, statusMessage: statusText } = res;
  if (!hasNoBody(status)) return responseWith(webStreamOf(stream), { status, statusText, headers });
  stream.resume();
  return new Response(null, { status, statusText, headers });
}

function valuesOf(value: number | string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly string[]) : [String(value)];
}
