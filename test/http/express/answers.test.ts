// cachedRoute for Express, over real sockets: whichever way a handler answers, the client gets what it would get without a cache.

import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import express, { type RequestHandler } from "express";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/express/index.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import type { Reply } from "../asking.ts";
import { listen, onFakeTime } from "../node/server-kit.ts";

forbidUnhandledRejections();

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshtier-express-"));
  await writeFile(join(folder, "page.txt"), "a file");
  await writeFile(join(folder, "view.tpl"), "Hello, {name}");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Every way to answer, and what it does. */
const WAYS: Readonly<Record<string, RequestHandler>> = {
  "res.json": (_, res) => void res.json({ a: [1, "ä"] }),
  "res.send of a text": (_, res) => void res.send("<p>text"),
  "res.send of bytes": (_, res) => void res.send(Buffer.from([0, 255, 128])),
  "res.send of nothing": (_, res) => void res.send(),
  "res.sendStatus": (_, res) => void res.sendStatus(404),
  "res.status(204)": (_, res) => void res.status(204).end(),
  "res.status(410).json": (_, res) => void res.status(410).json({ gone: true }),
  "res.jsonp": (_, res) => void res.jsonp({ a: 1 }),
  "res.redirect": (_, res) => res.redirect(301, "/elsewhere?x=1"),
  "res.sendFile": (_, res) => res.sendFile(join(folder, "page.txt"), { maxAge: "1m" }),
  "res.download": (_, res) => res.download(join(folder, "page.txt"), "other.txt", { maxAge: "1m" }),
  "res.render": (_, res) => res.render("view", { name: "you" }),
  "res.format": (_, res) => void res.format({ json: () => res.json({ a: 1 }), text: () => res.send("a=1") }),
  "res.type, then res.end": (_, res) => void res.type("text/css").end("a{}"),
  "res.end with an encoding and a callback": (_, res) => void res.end("YWJj", "base64", () => undefined),
  "res.write and res.end": (_, res) => {
    res.write("one ");
    res.write(Buffer.from("two "), () => undefined);
    res.write("dGhyZWU=", "base64", () => res.end());
  },
  "a status that HTTP has not": (_, res) => void res.status(799).set("Cache-Control", "max-age=60").send("odd"),
  "writeHead with an object": (_, res) => void res.writeHead(201, { "X-A": "1", "X-Many": ["a", "b"] }).end("made"),
  "writeHead with a reason": (_, res) => void res.writeHead(200, "Fine", { "X-A": 5 }).end("x"),
  "writeHead with a flat list": (_, res) => void res.writeHead(200, ["X-A", "1", "X-B", "2"] as never).end("x"),
  "writeHead alone": (_, res) => void res.writeHead(404).end(),
  "flushHeaders first": (_, res) => {
    res.flushHeaders();
    res.end("later");
  },
  "a pipe": (_, res) => void Readable.from(["a", "b", "c"]).pipe(res),
  "a file by pipeline": async (_, res) => {
    await pipeline(createReadStream(join(folder, "page.txt")), res);
    expect([res.headersSent, res.writableEnded, res.writableFinished]).toEqual([true, true, true]);
  },
  "finished(res)": async (_, res) => {
    setImmediate(() => res.end("done"));
    await finished(res);
  },
  "after a while": (_, res) => void setImmediate(() => res.json({ late: true })),
  "a large body with backpressure": async (_, res) => {
    for (let at = 0; at < 50; at++) {
      const isRoom = res.write(Buffer.alloc(10_000, at));
      if (!isRoom) await new Promise<void>((resolve) => res.once("drain", resolve));
    }
    res.end();
  },
  "links, types and cookies of its own": (_, res) => {
    res.links({ next: "/2" });
    res.append("Link", "</style.css>; rel=preload");
    res.attachment("a.csv").vary("Accept-Language");
    res.set("X-List", ["a", "b"]).send("1,2");
  },
  "interim answers": (_, res) => {
    res.writeEarlyHints({ link: "</a.css>; rel=preload" });
    res.writeProcessing();
    res.addTrailers({ "X-Checksum": "1" });
    res.send("x");
  },
};

function application(route: RequestHandler): express.Express {
  const app = express();
  app.set("views", folder).set("view engine", "tpl");
  app.engine("tpl", (_path, given, done) => done(null, `Hello, ${(given as { name?: string }).name}`));
  app.get("/x", route);
  return app;
}

/** What is about the message and not the answer, or what the cache adds. */
function shown({ status, bytes, headers }: Reply): unknown {
  const { date, connection, "keep-alive": _, "transfer-encoding": _1, age, "cache-status": _2, ...rest } = headers;
  delete rest["cache-control"];
  delete rest["content-length"];
  delete rest.etag;
  expect([date === undefined, connection]).toEqual([false, "keep-alive"]);
  expect(age === undefined || /^\d+$/.test(age)).toBe(true);
  return { status, body: bytes.toString("hex"), ...rest };
}

describe.each(Object.keys(WAYS))("%s", (name) => {
  const handler = WAYS[name] as RequestHandler;

  test("is the same without the cache, when it is stored, from the cache, and when it is not stored", async () => {
    let runs = 0;
    const counted: RequestHandler = (req, res, next) => {
      runs++;
      return handler(req, res, next);
    };
    const { options } = onFakeTime<express.Request>({ ttl: "1m", vary: ["Accept", "Accept-Language"] });
    const plain = await (await listen(application(counted))).ask("/x?callback=f");
    const cached = await listen(application(cachedRoute(counted, options)));
    runs = 0;
    const expected = shown(plain);
    const first = await cached.ask("/x?callback=f");
    const isStorable = first.way.endsWith("stored");
    const withVary = { ...(expected as object), vary: "any" };
    const listed = (reply: Reply): unknown => ({ ...(shown(reply) as object), vary: "any" });
    expect(listed(first)).toEqual(withVary);
    const second = await cached.ask("/x?callback=f");
    expect(listed(second)).toEqual(withVary);
    expect(runs).toBe(isStorable ? 1 : 2);
    expect(second.way).toMatch(isStorable ? /^hit; ttl=\d+$/ : /^fwd=bypass; detail=/);
    // Other statuses do not live by the option.
    expect(isStorable).toBe([200, 204, 301].includes(plain.status));
    const { status, text } = await cached.ask("/x?callback=f", { method: "HEAD" });
    expect([status, text]).toEqual([plain.status, ""]);
  });

  test("is the same for who waits for another's run", async () => {
    const { options } = onFakeTime<express.Request>({ ttl: "1m" });
    const plain = await (await listen(application(handler))).ask("/x");
    const cached = await listen(application(cachedRoute(handler, options)));
    const all = await Promise.all(Array.from({ length: 5 }, () => cached.ask("/x")));
    for (const one of all) expect(shown(one)).toEqual(shown(plain));
  });
});
