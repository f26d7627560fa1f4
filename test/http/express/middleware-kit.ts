// Middleware as applications have it, written as the common packages are: it changes the methods of responses.

import { createGzip, type Gzip } from "node:zlib";
import type { RequestHandler, Response } from "express";

type Head = Response["writeHead"];

/** Calls `listener` when the head goes out, as the package on-headers does. */
export function onHead(res: Response, listener: () => void): void {
  const write = res.writeHead.bind(res) as (...given: unknown[]) => Response;
  let isDone = false;
  res.writeHead = ((...given: unknown[]) => {
    if (!isDone) {
      isDone = true;
      listener();
    }
    return write(...given);
  }) as Head;
}

/** Compresses on the fly, whatever it is, as the package compression does. */
export const compress: RequestHandler = (req, res, next) => {
  let gzip: Gzip | undefined;
  const write = res.write.bind(res) as (chunk: unknown) => boolean;
  const end = res.end.bind(res) as () => Response;
  const begin = (): void => {
    if (!res.headersSent) res.writeHead(res.statusCode);
  };
  onHead(res, () => {
    res.vary("Accept-Encoding");
    if (req.method === "HEAD" || res.statusCode === 304 || !req.acceptsEncodings("gzip")) return;
    gzip = createGzip();
    res.setHeader("Content-Encoding", "gzip");
    res.removeHeader("Content-Length");
    gzip.on("data", (chunk: Buffer) => write(chunk) || gzip?.pause());
    res.on("drain", () => gzip?.resume());
    gzip.on("end", () => end());
  });
  res.write = ((chunk: Buffer | string) => {
    begin();
    return gzip === undefined ? write(chunk) : gzip.write(chunk);
  }) as Response["write"];
  res.end = ((chunk?: Buffer | string) => {
    begin();
    if (gzip !== undefined) gzip.end(chunk);
    else if (chunk === undefined) end();
    else (end as (chunk: unknown) => Response)(chunk);
    return res;
  }) as Response["end"];
  next();
};

/** A session of one's own for everybody who has none, as the package express-session does. */
export function session(): RequestHandler {
  let last = 0;
  return (req, res, next) => {
    const known = /sid=(\d+)/.exec(req.headers.cookie ?? "")?.[1];
    const id = known ?? String(++last);
    Object.assign(req, { session: { id } });
    if (known === undefined) onHead(res, () => void res.append("Set-Cookie", `sid=${id}; HttpOnly`));
    next();
  };
}

/** As the package cors does. */
export const cors: RequestHandler = (req, res, next) => {
  res.setHeader("Access-Control-Allow-Origin", req.headers.origin ?? "null");
  res.vary("Origin");
  next();
};

/** Some of what helmet sets. */
export const protect: RequestHandler = (_req, res, next) => {
  res.setHeader("Content-Security-Policy", "default-src 'self'").removeHeader("X-Powered-By");
  next();
};

/** A line for each answer, as morgan writes it. */
export function logTo(lines: string[]): RequestHandler {
  return (req, res, next) => {
    res.on("finish", () =>
      lines.push(`${req.method} ${req.originalUrl} ${res.statusCode} ${String(res.get("Content-Length"))}`),
    );
    next();
  };
}
