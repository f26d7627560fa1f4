// cachedRoute for Fastify: what handlers can do besides answering, and requests that change something.

import { request as httpRequest, type IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/fastify/index.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { serveRoute, site, type Handler } from "./kit.ts";

forbidUnhandledRejections();

describe("a handler that leaves the request to the handler for what is not found", () => {
  test("answers with that one, whose hooks are run once for each client", async () => {
    const hooks: string[] = [];
    let runs = 0;
    const { ask } = await serveRoute(
      (_, reply) => {
        runs++;
        reply.callNotFound();
      },
      {},
      (app) => {
        app.addHook("onSend", async ({ url }) => void hooks.push(`onSend ${url}`));
        app.setNotFoundHandler({ preHandler: async () => void hooks.push("preHandler") }, async ({ url }, reply) =>
          reply.code(404).header("cache-control", "max-age=60").send({ nothing: url }),
        );
      },
    );
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
      const answer = await ask("/a");
      expect([answer.status, answer.text, answer.way]).toEqual([404, '{"nothing":"/a"}', way]);
    }
    expect(runs).toBe(1);
    expect(hooks).toEqual(["preHandler", "onSend /a", "onSend /a"]);
    expect((await ask("/other")).headers.get("cache-status")).toBeNull();
  });

  test("is not stored if that one does not say so", async () => {
    const { ask } = await serveRoute((_, reply) => {
      reply.callNotFound();
    });
    for (const way of ["fwd=uri-miss; detail=no-lifetime", "fwd=bypass; detail=no-lifetime"]) {
      const answer = await ask("/a");
      expect([answer.status, answer.way]).toEqual([404, way]);
    }
  });
});

test("a reply that is hijacked is not stored; its client gets what is written, as it was written", async () => {
  let runs = 0;
  const { ask } = await serveRoute((_, reply) => {
    runs++;
    void reply.hijack();
    expect(reply.sent).toBe(true);
    reply.raw.writeHead(200, { "Cache-Control": "max-age=60", "Content-Type": "text/x" }).end(`run ${runs}`);
  });
  for (const run of [1, 2]) {
    const answer = await ask("/a");
    expect([answer.text, answer.headers.get("cache-control")]).toEqual([`run ${run}`, "max-age=60"]);
    expect(answer.way).toBe(`${run === 1 ? "fwd=uri-miss" : "fwd=bypass"}; detail=no-store`);
  }
});

test("trailers are for one client: the cache has none, and a handler that is asked directly sends them", async () => {
  const { url, ask } = await serveRoute(async (request, reply) => {
    void reply.trailer("x-sum", async () => "abc");
    if (request.url === "/a/own") void reply.header("set-cookie", "a=1");
    return "text";
  });
  const read = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(url() + path, (response) => response.resume().on("end", () => resolve(response)));
      request.on("error", reject).end();
    });
  for (const run of [1, 2]) {
    const { trailers, headers } = await read("/a");
    expect([run, trailers, headers["trailer"], headers["content-length"]]).toEqual([run, {}, undefined, "4"]);
  }
  expect((await ask("/a")).way).toBe("hit; ttl=60");
  await read("/a/own");
  expect((await read("/a/own")).trailers).toEqual({ "x-sum": "abc" });
});

test("what is sent after the answer is said in the log, as without the cache", async () => {
  const lines: string[] = [];
  const logger = { level: "warn", stream: { write: (line: string) => void lines.push(line) } };
  const { ask } = await serveRoute(
    async (_, reply) => {
      void reply.send("first");
      void reply.send("second");
      return reply;
    },
    {},
    undefined,
    { logger },
  );
  expect((await ask("/a")).text).toBe("first");
  expect(lines.join("")).toContain("FST_ERR_REP_ALREADY_SENT");
});

test("a handler that takes longer than its route allows is answered for by Fastify, and its answer is kept", async () => {
  const { app, shared, listen } = site();
  let runs = 0;
  let finish: (text: string) => void = () => undefined;
  const slow: Handler = async () => {
    runs++;
    return new Promise<string>((resolve) => {
      finish = resolve;
    });
  };
  app.get("/a", { handlerTimeout: 50 }, cachedRoute(slow, { ...shared, ttl: "1m" }));
  const { ask } = await listen();
  expect((await ask("/a")).status).toBe(503);
  finish("late");
  await waitUntil(async () => (await ask("/a")).text === "late", { what: "the answer is stored" });
  expect(runs).toBe(1);
});

describe("purges", () => {
  test("reach what is stored by tags of the options and of the handler, which are not sent", async () => {
    let runs = 0;
    const { ask, cache } = await serveRoute(
      async (_, reply) => reply.header("surrogate-key", "menu shop").header("cache-tag", "x").send(`run ${++runs}`),
      { tags: ({ url }) => [`url:${url}`] },
    );
    const first = await ask("/a");
    expect([first.headers.get("surrogate-key"), first.headers.get("cache-tag")]).toEqual([null, null]);
    expect(first.headers.get("cache-control")).toBe("no-cache");
    for (const [at, tag] of ["url:/a", "menu", "x"].entries()) {
      await cache.invalidateTags([tag]);
      expect((await ask("/a")).text).toBe(`run ${at + 2}`);
    }
  });
});

describe("a request that may change something", () => {
  async function shop() {
    const { app, shared, listen } = site();
    let runs = 0;
    const order: string[] = [];
    const handler = cachedRoute(
      async (request: FastifyRequest, reply: FastifyReply) => {
        if (request.method === "GET") return { run: ++runs };
        const { way } = request.body as { way?: string };
        if (way === "fail") return reply.code(409).send({ error: 1 });
        if (way === "raw") {
          reply.raw.end("raw");
          return reply;
        }
        if (way === "elsewhere") void reply.header("location", "/b");
        void reply.header("surrogate-key", "x");
        return { got: request.body };
      },
      { ...shared, ttl: "1m" },
    );
    app.addHook("onSend", async ({ method }, reply) => void order.push(`${method} ${reply.statusCode}`));
    for (const url of ["/a", "/b"]) app.route({ method: ["GET", "POST"], url, handler });
    const { ask } = await listen();
    const post = (way: string) =>
      ask("/a", { method: "POST", body: JSON.stringify({ way }), headers: { "content-type": "application/json" } });
    return { ask, post, order };
  }

  test("gets to the handler with its body, and ends what is stored under its URI", async () => {
    const { ask, post, order } = await shop();
    expect((await ask("/a")).text).toBe('{"run":1}');
    const answer = await post("change");
    expect([answer.text, answer.way]).toEqual(['{"got":{"way":"change"}}', "fwd=method"]);
    expect(answer.headers.get("surrogate-key")).toBeNull();
    expect((await ask("/a")).text).toBe('{"run":2}');
    expect(order).toEqual(["GET 200", "POST 200", "GET 200"]);
  });

  test("also when the handler writes its answer by itself", async () => {
    const { ask, post, order } = await shop();
    await ask("/a");
    expect((await post("raw")).text).toBe("raw");
    await waitUntil(async () => (await ask("/a")).text === '{"run":2}', { what: "what was stored has ended" });
    expect(order).not.toContain("POST 200");
  });

  test("and under the URI that its answer names, but nothing if it fails", async () => {
    const { ask, post } = await shop();
    await ask("/b");
    await post("fail");
    expect((await ask("/b")).text).toBe('{"run":1}');
    await post("elsewhere");
    expect((await ask("/b")).text).toBe('{"run":2}');
  });
});

describe("wrong use", () => {
  test("is said when the route is made", () => {
    expect(() => cachedRoute(async () => "a", { cache: 1 as never })).toThrow("options.cache must be a cache, got 1");
    expect(() => cachedRoute(async () => "a", { ...site().shared, tll: "1m" } as never)).toThrow(/options/);
    expect(() => cachedRoute("text" as never, site().shared)).toThrow("handler must be a function, got 'text'");
  });

  test("on a server that is not Fastify 5 is said to its error handler", async () => {
    const route = cachedRoute(async () => "a", site().shared) as unknown as (...args: unknown[]) => Promise<unknown>;
    const raw = { url: "/a", method: "GET", headers: {}, once: () => undefined, writeHead: () => undefined };
    const request = { raw, method: "GET", getValidationFunction: () => undefined };
    await expect(route.call({}, request, { raw, getHeader: () => undefined })).rejects.toThrow(
      /^request must be of Fastify 5, with its "fastify.context"/,
    );
  });
});

test("a function of the options that fails is the request's failure", async () => {
  const { ask } = await serveRoute(async () => "a", {
    partition: () => {
      throw Object.assign(new Error("who is it?"), { statusCode: 403 });
    },
  });
  expect((await ask("/a")).status).toBe(403);
});

test("a cache that has been closed leaves the handler alone", async () => {
  const { ask, cache } = await serveRoute(async () => "a");
  await cache.close();
  const answer = await ask("/a");
  expect([answer.text, answer.way]).toEqual(["a", "fwd=uri-miss; detail=closed"]);
});
