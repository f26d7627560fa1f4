// cachedRoute for node:http itself: what only a handler without a framework can do.

import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, constants, createServer, type ClientHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { cachedRoute, type CachedRoute, type NodeHandler } from "../../../src/http/index.ts";
import type { CachedRouteOptions } from "../../../src/http/options.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { gate } from "../handler-kit.ts";
import { listen, onFakeTime, rawClient, type Running } from "./server-kit.ts";

forbidUnhandledRejections();

type Handler = NodeHandler<IncomingMessage, ServerResponse>;

interface Served extends Running {
  readonly runs: () => number;
  readonly clock: ReturnType<typeof onFakeTime>["clock"];
}

async function serve(
  answer: (req: IncomingMessage, res: ServerResponse, run: number) => unknown,
  given: Omit<CachedRouteOptions<IncomingMessage>, "cache"> = {},
): Promise<Served> {
  const { options, clock } = onFakeTime<IncomingMessage>({ ttl: "1m", ...given });
  let runs = 0;
  const route = cachedRoute((req, res) => answer(req, res, ++runs), options);
  return { ...(await listen((req, res) => void route(req, res))), runs: () => runs, clock };
}

/** Sends just this, and gives all that comes until the server has nothing more to say. */
async function say(port: number, text: string): Promise<string> {
  const { received, socket } = await rawClient(port, text);
  await waitUntil(() => socket.destroyed || socket.readableEnded, { what: "the connection has ended" });
  return received();
}

const line = (target: string, more = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n${more}\r\n`;

describe("the head", () => {
  const HEADS: Readonly<Record<string, Handler>> = {
    "an object": (_, res) => void res.writeHead(200, { "X-A": "1", "Set-X": ["a", "b"] }).end(),
    "a flat list": (_, res) => void res.writeHead(200, ["X-A", "1", "Set-X", "a", "Set-X", "b"]).end(),
    "a flat list with a list in it": (_, res) => void res.writeHead(200, ["X-A", "1", "Set-X", ["a", "b"]]).end(),
    pairs: (_, res) =>
      void res
        .writeHead(200, [
          ["X-A", "1"],
          ["Set-X", "a"],
          ["Set-X", "b"],
        ] as never)
        .end(),
    "a reason, and a list": (_, res) => void res.writeHead(200, "Fine", ["X-A", "1", "Set-X", ["a", "b"]]).end(),
    "setHeaders and writeHead": (_, res) =>
      void res
        .setHeader("X-A", "0")
        .writeHead(200, { "x-a": 1, "Set-X": ["a", "b"] })
        .end(),
  };

  test.each(Object.keys(HEADS))("as %s is kept", async (name) => {
    const { ask } = await serve(HEADS[name] as never);
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
      const reply = await ask("/a");
      expect([reply.way, reply.headers["x-a"], reply.headers["set-x"]]).toEqual([way, "1", "a, b"]);
    }
  });

  test("that a handler gives wrongly is its failure", async () => {
    const { ask } = await serve((_, res) => void res.writeHead(200, ["X-A"] as never).end());
    expect((await ask("/a")).status).toBe(500);
  });

  test("that has gone out cannot be written again", async () => {
    let said: unknown;
    const { ask } = await serve((_, res) => {
      res.writeHead(200);
      try {
        res.writeHead(404);
      } catch (error) {
        said = (error as { code?: string }).code;
      }
      res.end("once");
    });
    expect(await ask("/a")).toMatchObject({ status: 200, text: "once" });
    expect(said).toBe("ERR_HTTP_HEADERS_SENT");
  });

  test("is sent whole for HEAD, ranges and conditions", async () => {
    const { ask, runs } = await serve((_, res) => void res.end("0123456789"));
    expect(await ask("/a", { method: "HEAD" })).toMatchObject({
      status: 200,
      text: "",
      headers: { "content-length": "10" },
    });
    expect(await ask("/a", { headers: { Range: "bytes=2-4" } })).toMatchObject({ status: 206, text: "234" });
    const etag = String((await ask("/a")).headers.etag);
    expect(await ask("/a", { headers: { "If-None-Match": etag } })).toMatchObject({ status: 304, text: "" });
    expect(await ask("/a", { headers: { Range: "bytes=20-" } })).toMatchObject({ status: 416, text: "" });
    expect(runs()).toBe(1);
  });

  test("bytes of a short body are as they were, on a connection that goes on", async () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256));
    const { ask } = await serve((_, res) => void res.end(bytes));
    for (let time = 0; time < 3; time++) expect((await ask("/a")).bytes.equals(bytes)).toBe(true);
  });
});

describe("targets that are not what browsers ask for", () => {
  test.each(["/b/../a", "/./a", "/a/", "//a", "/%61", "/a\\", "/b/%2e%2e/a"])(
    "%s has a key of its own",
    async (target) => {
      const { ask, port } = await serve((req, res) => void res.end(`<${req.url}>`));
      expect(await say(port, line(target))).toContain(`<${target}>`);
      const { text, way } = await ask("/a");
      expect([text, way]).toEqual(["</a>", "fwd=uri-miss; ttl=60; stored"]);
      expect(await say(port, line(target))).toContain(`<${target}>`);
    },
  );

  test.each(["/a#b", '/a#["credentials"]', "http://evil.test/a", "http://evil.test/b/../a"])(
    "%s goes to the handler as it is",
    async (target) => {
      const { ask, port, runs } = await serve((req, res) => void res.end(`<${req.url}>`));
      for (let time = 0; time < 2; time++) {
        const answer = await say(port, line(target));
        expect(answer).toContain(`<${target}>`);
        expect(answer).toContain("Cache-Status: freshtier; fwd=bypass");
      }
      expect((await ask("/a")).text).toBe("</a>");
      expect(runs()).toBe(3);
    },
  );

  test("a GET with content goes to the handler, since the key does not hold it", async () => {
    const { ask, runs } = await serve(async (req, res) => {
      let body = "";
      for await (const chunk of req) body += String(chunk);
      res.end(body);
    });
    const as = (body: string): object => ({ body, headers: { "Content-Length": Buffer.byteLength(body) } });
    for (const body of ["one", "two"])
      expect(await ask("/a", as(body))).toMatchObject({ text: body, way: "fwd=bypass" });
    expect((await ask("/a", { body: "three", headers: { "Transfer-Encoding": "chunked" } })).text).toBe("three");
    expect((await ask("/a")).text).toBe("");
    expect(runs()).toBe(4);
  });
});

describe("methods that change something", () => {
  test("end what their URI has before their client has the answer", async () => {
    let state = 1;
    const { ask } = await serve((req, res) => {
      if (req.method !== "GET") {
        state++;
        res.writeHead(201, { Location: "/b" });
        res.write("it is ");
      }
      res.end(req.method === "GET" ? String(state) : "done");
    });
    for (const path of ["/a", "/b", "/b/../a"]) await ask(path);
    const reply = await ask("/a", { method: "POST", body: "x" });
    expect(reply).toMatchObject({ status: 201, text: "it is done", way: "fwd=method" });
    expect([(await ask("/a")).text, (await ask("/b")).text, (await ask("/b/../a")).text]).toEqual(["2", "2", "1"]);
    await ask("/b/../a", { method: "DELETE" });
    expect((await ask("/b/../a")).text).toBe("3");
  });

  test("answer after what their URI has has ended, however long that takes", async () => {
    const { options } = onFakeTime<IncomingMessage>({ ttl: "1m" });
    const hold = gate();
    const slow = Object.create(options.cache, {
      freshHit: { value: () => undefined },
      get: { value: options.cache.get.bind(options.cache) },
      deleteMany: { value: () => hold.opened },
    }) as typeof options.cache;
    const route = cachedRoute((_req, res) => void res.end("changed"), { ...options, cache: slow });
    const { port, ask } = await listen((req, res) => void route(req, res));
    const { received } = await rawClient(port, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    await ask("/other");
    expect(received()).toBe("");
    hold.open();
    await waitUntil(() => received().endsWith("changed"), { what: "the answer has come" });
  });

  test("break off when that fails, and say so in a warning", async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", onWarning);
    const { ask } = await serve((_, res) => void res.end("changed"), { key: () => "" });
    await expect(ask("/a", { method: "PUT", body: "x" })).rejects.toThrow(/hang up|ECONNRESET/);
    await waitUntil(() => warnings.some((text) => text.includes("key(request)")), { what: "it is told" });
    process.off("warning", onWarning);
  });

  test("see the client's own response, and end it as they like", async () => {
    const seen: unknown[] = [];
    const { ask } = await serve((_req, res) => {
      res.end("x", () => seen.push("called"));
      seen.push(res.headersSent, res.socket === null);
      res.end("y");
    });
    expect((await ask("/a", { method: "POST" })).text).toBe("x");
    await waitUntil(() => seen.length === 3, { what: "it is over" });
    expect(seen).toEqual([true, false, "called"]);
  });
});

describe("without next", () => {
  test("a failure is a 500 that nobody stores, and a warning", async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", onWarning);
    const { ask } = await serve((_, res) => {
      res.setHeader("X-Half", "1");
      throw new Error("it is broken");
    });
    const reply = await ask("/a");
    expect([reply.status, reply.text, reply.headers["cache-control"], reply.headers["x-half"]]).toEqual([
      500,
      "",
      "no-store",
      undefined,
    ]);
    await waitUntil(() => warnings.includes("it is broken"), { what: "it is told" });
    process.off("warning", onWarning);
  });

  test.each<[string, Handler, number]>([
    ["next()", (_req, _res, next) => next(), 404],
    ["an error that says 403", () => Promise.reject(Object.assign(new Error("no"), { statusCode: 403 })), 403],
    ["a rejection without a reason", () => Promise.reject(undefined), 500],
  ])("%s is answered as well", async (_, handler, status) => {
    const { options } = onFakeTime<IncomingMessage>({ ttl: "1m" });
    const route = cachedRoute(handler, options);
    const { ask } = await listen((req, res) => void route(req, res));
    for (let time = 0; time < 2; time++) expect((await ask("/a")).status).toBe(status);
  });
});

describe("the message of a run for everybody", () => {
  test("has no connection that a handler could end, and tells when it is over", async () => {
    const events: string[] = [];
    const { ask } = await serve((req, res) => {
      req.on("close", () => events.push("request closed"));
      req.on("aborted", () => events.push("request aborted"));
      res.on("finish", () => events.push("response finished"));
      res.on("close", () => events.push("response closed"));
      req.setTimeout(60_000);
      req.socket.setKeepAlive(true);
      res.end(
        JSON.stringify([req.method, req.url, req.httpVersion, req.socket.remoteAddress, req.headers, req.rawHeaders]),
      );
    });
    const { text } = await ask("/a?b", {
      method: "HEAD",
      headers: { "X-A": "1", "If-None-Match": "*", Range: "bytes=0-1" },
    });
    expect(text).toBe("");
    const seen = JSON.parse((await ask("/a?b")).text) as unknown[];
    expect(seen.slice(0, 5)).toEqual(["GET", "/a?b", "1.1", "127.0.0.1", { host: "localhost", "x-a": "1" }]);
    await waitUntil(() => events.length === 3, { what: "all is over" });
    expect(events.toSorted()).toEqual(["request closed", "response closed", "response finished"]);
  });

  test("a run behind whose stream nobody reads ends, and cannot end the process", async () => {
    const closed: number[] = [];
    const { ask, clock } = await serve(
      (_req, res, run) => {
        const more = (): void => {
          for (let at = 0; at < 10; at++) res.write("more");
          if (!res.destroyed) setImmediate(more);
        };
        if (run > 1) {
          res.setHeader("Cache-Control", "no-store");
          res.on("close", () => closed.push(run));
          more();
        } else res.end("old");
      },
      { staleWhileRevalidate: "1h" },
    );
    await ask("/a");
    await clock.advance(70_000);
    expect((await ask("/a")).text).toBe("old");
    await waitUntil(() => closed.length === 1, { what: "the run is told" });
  });
});

describe("HTTP/2", () => {
  async function connected(route: CachedRoute<IncomingMessage, ServerResponse>): Promise<ClientHttp2Session> {
    const server = createServer((req, res) => void route(req as never, res as never));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    return client;
  }

  test("is served by the same handlers", async () => {
    const { options } = onFakeTime<IncomingMessage>({ ttl: "1m" });
    let runs = 0;
    const route = cachedRoute((req, res) => {
      res.setHeader("X-Run", ++runs);
      res.end(`${req.method} ${req.url} ${String(req.headers.host)}`);
    }, options);
    const client = await connected(route);
    const ask = async (headers: Record<string, string>): Promise<unknown[]> => {
      const stream = client.request(headers);
      const head = await new Promise<Record<string, unknown>>((resolve) => stream.once("response", resolve));
      let text = "";
      for await (const chunk of stream) text += String(chunk);
      return [head[":status"], text, head["cache-status"], head["x-run"]];
    };
    const get = { ":path": "/a?b", ":authority": "evil.test" };
    expect(await ask(get)).toEqual([200, "GET /a?b localhost", "freshtier; fwd=uri-miss; ttl=60; stored", "1"]);
    expect(await ask(get)).toEqual([200, "GET /a?b localhost", "freshtier; hit; ttl=60", "1"]);
    expect((await ask({ ...get, ":method": "POST" }))[2]).toBe("freshtier; fwd=method");
    expect((await ask(get))[3]).toBe("3");
  });

  test("tells a run that its last client has left, and nobody else", async () => {
    const { options } = onFakeTime<IncomingMessage>();
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", onWarning);
    const begun: string[] = [];
    const ended: string[] = [];
    const route = cachedRoute((req, res) => {
      begun.push(String(req.url));
      res.on("close", () => ended.push(String(req.url)));
      if (req.url === "/stream") res.writeHead(200, { "Cache-Control": "no-store" }).write(Buffer.alloc(100_000));
    }, options);
    const client = await connected(route);
    onTestFinished(() => void process.off("warning", onWarning));
    for (const path of ["/silent", "/stream"]) {
      const stream = client.request({ ":path": path });
      stream.on("error", () => undefined).resume();
      if (path === "/stream") await new Promise((resolve) => stream.once("data", resolve));
      await waitUntil(() => begun.includes(path), { what: `${path} has begun` });
      stream.close(constants.NGHTTP2_CANCEL);
      await waitUntil(() => ended.includes(path), { what: `${path} is told` });
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});
