// A response that goes to the cache instead of a socket: Node's own ServerResponse, with other ways out.

import { ServerResponse, type IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { hasNoBody } from "../fill.ts";
import { copyAdded } from "./copy-added.ts";
import { setGiven, type FieldsGiven } from "./given-head.ts";

/** What a handler writes to, and what comes of it. */
export interface Captured<Res extends ServerResponse> {
  readonly res: Res;
  /** Settles with the head; the body comes as it is written. Rejects when the handler fails before it has said anything. */
  readonly response: Promise<Response>;
  /** Ends the response where it is: without a head it rejects, with one its body breaks off. */
  readonly fail: (error: unknown) => void;
}

type Callback = () => void;

/**
 * A response as a framework has made `like` one: with its methods, and with what it has been given so far, but for header fields,
 * which are for the client of `like`. It has no socket.
 */
export function captureResponse<Res extends ServerResponse>(req: IncomingMessage, like: Res): Captured<Res> {
  const res = new ServerResponse(req) as Res;
  Object.setPrototypeOf(res, Object.getPrototypeOf(like) as object);
  copyAdded(like, res);
  res.statusCode = like.statusCode;
  const body = new PassThrough();
  const fail = (error: unknown): void => {
    body.destroy(error instanceof Error ? error : new Error("the handler failed", { cause: error }));
  };
  const response = new Promise<Response>((resolve, reject) => {
    body.once("error", reject);
    body.once("close", () => reject(new Error("the response was closed before the handler had said anything")));
    overrideHead(res, () => resolve(responseOf(res, body)));
  });
  // Who asked for the response hears of its failure there, or in its body.
  response.catch(() => undefined);
  overrideBody(res, body, fail);
  return { res, response, fail };
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
  const nothing = (...given: unknown[]): void => void given.findLast((one) => typeof one === "function")?.();
  Object.assign(res, {
    writeHead,
    flushHeaders: () => void (res.headersSent || res.writeHead(res.statusCode)),
    // What comes before an answer is for its client alone.
    writeContinue: nothing,
    writeProcessing: nothing,
    writeEarlyHints: nothing,
  });
}

/** The body goes where it is read from, as fast as it is read. */
function overrideBody(res: ServerResponse, body: PassThrough, fail: (error: unknown) => void): void {
  const begin = (): void => void (res.headersSent || res.writeHead(res.statusCode));
  const write = (chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean => {
    begin();
    if (typeof encoding === "function") return body.write(chunk, encoding);
    return encoding === undefined ? body.write(chunk, callback) : body.write(chunk, encoding, callback);
  };
  const end = (chunk?: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): ServerResponse => {
    const done = [chunk, encoding, callback].find((given) => typeof given === "function") as Callback | undefined;
    if (res.writableEnded) {
      done?.();
      return res;
    }
    begin();
    // What `writableEnded` and `writableFinished` go by.
    res.finished = true;
    if (done !== undefined) body.once("finish", done);
    if (chunk === undefined || chunk === null || typeof chunk === "function") body.end();
    else body.end(chunk, typeof encoding === "string" ? encoding : "utf8");
    return res;
  };
  const destroy = (error?: Error): ServerResponse => {
    res.destroyed = true;
    fail(error ?? new Error("the handler destroyed its response"));
    return res;
  };
  Object.assign(res, { write, end, destroy });
  body.on("error", () => undefined);
  body.on("drain", () => res.emit("drain"));
  body.on("finish", () => {
    res.emit("prefinish");
    res.emit("finish");
  });
  body.on("close", () => {
    res.destroyed = true;
    res.emit("close");
  });
}

function responseOf(res: ServerResponse, body: PassThrough): Response {
  const headers = new Headers();
  for (const name of res.getHeaderNames())
    for (const value of valuesOf(res.getHeader(name))) headers.append(name, value);
  const { statusCode: status, statusMessage: statusText } = res;
  if (!hasNoBody(status)) return new Response(readableOf(body), { status, statusText, headers });
  body.resume();
  return new Response(null, { status, statusText, headers });
}

/**
 * By hand, because a stream of `Readable.toWeb` that is cancelled while a chunk is on its way throws in Node 20, where nobody can
 * catch it.
 */
function readableOf(body: PassThrough): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void body.destroy(),
    },
    { highWaterMark: 0 },
  );
}

function valuesOf(value: number | string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly string[]) : [String(value)];
}
