// cachedRoute for Fastify among hooks, schemas and plugins: they do for every client what they do without the cache.

import { gzipSync } from "node:zlib";
import type { FastifyReply } from "fastify";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/fastify/index.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { askRaw, serveRoute, site } from "./kit.ts";

forbidUnhandledRejections();

describe("hooks before the handler", () => {
  test("are run for every request, and may answer it", async () => {
    const seen: string[] = [];
    const { app, shared, listen } = site();
    const preHandler = async (request: { headers: Record<string, unknown> }, reply: FastifyReply): Promise<unknown> => {
      seen.push(String(request.headers["x-key"]));
      return request.headers["x-key"] === "good" ? undefined : reply.code(401).send({ error: "who?" });
    };
    app.get(
      "/a",
      { preHandler },
      cachedRoute(async () => ({ a: 1 }), { ...shared, ttl: "1m" }),
    );
    const { ask } = await listen();
    const answers = [];
    for (const key of ["bad", "good", "bad", "good"]) {
      const { status, text } = await ask("/a", { headers: { "X-Key": key } });
      answers.push([status, text]);
    }
    expect(answers).toEqual([
      [401, '{"error":"who?"}'],
      [200, '{"a":1}'],
      [401, '{"error":"who?"}'],
      [200, '{"a":1}'],
    ]);
    expect(seen).toEqual(["bad", "good", "bad", "good"]);
  });

  test("set headers for their own client, which are not stored; Vary of both counts", async () => {
    const { ask } = await serveRoute(
      async (_, reply) => reply.header("vary", "accept").header("x-by", "handler").send("a"),
      { vary: ["accept"] },
      (app) =>
        app.addHook("onRequest", async (request, reply) => {
          void reply.header("access-control-allow-origin", request.headers.origin ?? "none");
          void reply.header("vary", "origin").header("x-by", "hook").header("set-cookie", `n=${request.id}`);
        }),
    );
    const headers = { Accept: "*/*" };
    for (const origin of ["https://one.test", "https://two.test"]) {
      const answer = await ask("/a", { headers: { ...headers, Origin: origin } });
      expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
      expect(answer.headers.get("vary")).toBe("origin, accept");
      expect(answer.headers.get("x-by")).toBe("handler");
      expect(answer.headers.getSetCookie()).toHaveLength(1);
    }
    expect((await ask("/a", { headers })).way).toBe("hit; ttl=60");
    expect((await ask("/a", { headers })).headers.get("set-cookie")).toMatch(/^n=req-/);
  });

  test("decorate requests and replies: the handler finds what they have put there", async () => {
    const { ask } = await serveRoute(
      async function read(request, reply) {
        const asked = request as unknown as Record<string, unknown>;
        const answered = reply as unknown as Record<string, unknown>;
        const greet = asked["greet"] as () => string;
        return [
          asked["shop"],
          greet.call(request),
          answered["view"],
          asked[SYMBOL as never],
          this.hasRequestDecorator("shop"),
        ];
      },
      {},
      (app) => {
        app.decorateRequest("shop", "");
        app.decorateRequest("greet", function greet(this: unknown) {
          return `hello ${(this as Record<string, string>)["shop"]}`;
        });
        app.decorateReply("view", "none");
        app.addHook("preHandler", async (request, reply) => {
          Object.assign(request, { shop: "east", [SYMBOL]: "symbol" });
          void Object.assign(reply, { view: "plain" });
        });
      },
    );
    for (const run of [1, 2])
      expect([run, (await ask("/a")).text]).toEqual([run, '["east","hello east","plain","symbol",true]']);
  });

  test("give a serializer, which is used once", async () => {
    const { ask } = await serveRoute(
      async (_, reply) => reply.type("text/x-list").send(["a", "b"]),
      {},
      (app) => {
        app.addHook("preHandler", async (_, reply) => void reply.serializer((list: string[]) => list.join("+")));
        app.addHook("onSend", async () => undefined);
      },
    );
    for (const run of [1, 2]) expect([run, (await ask("/a")).text]).toEqual([run, "a+b"]);
  });
});

const SYMBOL = Symbol("decoration");

describe("what is stored", () => {
  test("has been through the hooks and the schema of its serialisation, once", async () => {
    const hooks: string[] = [];
    const { app, shared, listen } = site();
    const schema = { response: { 200: { type: "object", properties: { id: { type: "integer" } } } } };
    app.get(
      "/a",
      {
        schema,
        preSerialization: async (_request, _reply, payload) => {
          hooks.push("preSerialization");
          return { ...(payload as object), id: "7" };
        },
        onSend: async (_request, _reply, payload) => void hooks.push(`onSend ${String(payload)}`),
      },
      cachedRoute(async () => ({ id: 1, secret: "x" }), { ...shared, ttl: "1m" }),
    );
    const { ask } = await listen();
    for (const run of [1, 2]) expect([run, (await ask("/a")).text]).toEqual([run, '{"id":7}']);
    expect(hooks).toEqual(["preSerialization", 'onSend {"id":7}', 'onSend {"id":7}']);
  });

  test("is what stands before hooks that compress, each for its own client", async () => {
    let runs = 0;
    const long = "text ".repeat(100);
    const { url, ask } = await serveRoute(
      async () => ({ runs: ++runs, long }),
      {},
      (app) =>
        app.addHook("onSend", async (request, reply, payload) => {
          if (!String(request.headers["accept-encoding"]).includes("gzip") || typeof payload !== "string")
            return payload;
          void reply.header("content-encoding", "gzip").header("vary", "accept-encoding");
          return gzipSync(payload);
        }),
    );
    const text = JSON.stringify({ runs: 1, long });
    for (const encoding of ["gzip", "identity", "gzip", "identity"]) {
      const answer = await ask("/a", { headers: { "Accept-Encoding": encoding } });
      expect(answer.text).toBe(text);
      expect(answer.headers.get("content-encoding")).toBe(encoding === "gzip" ? "gzip" : null);
    }
    const sizes = await Promise.all(
      ["gzip", "identity"].map((encoding) => askRaw(url(), "/a", { headers: { "accept-encoding": encoding } })),
    );
    expect(sizes.map(({ bytes, headers }) => Number(headers["content-length"]) - bytes.length)).toEqual([0, 0]);
    expect(sizes[0]?.bytes.length).toBeLessThan(100);
    // What would be compressed is not cut into parts.
    const range = { range: "bytes=0-3" };
    expect((await askRaw(url(), "/a", { headers: { ...range, "accept-encoding": "gzip" } })).status).toBe(200);
    const part = await askRaw(url(), "/a", { headers: { ...range, "accept-encoding": "identity" } });
    expect([part.status, part.text]).toEqual([206, '{"ru']);
  });

  test("reaches hooks as the handler has sent it: texts as texts, bytes as bytes", async () => {
    const kinds: string[] = [];
    const png = Buffer.from([0x89, 0x50, 0xff]);
    const { ask } = await serveRoute(
      async ({ url }, reply) => {
        void reply.header("cache-control", url.endsWith("own") ? "no-store" : "max-age=60");
        return url.startsWith("/a/png") ? reply.type("image/png").send(png) : reply.send({ a: 1 });
      },
      {},
      (app) =>
        app.addHook(
          "onSend",
          async (_request, _reply, payload) => void kinds.push(Object.prototype.toString.call(payload)),
        ),
    );
    const expected = { "/a/json": "[object String]", "/a/png": "[object Uint8Array]" };
    for (const [path, kind] of Object.entries(expected)) {
      for (const one of [path, path, `${path}/own`, `${path}/own`]) await ask(one);
      expect([path, ...kinds.splice(0)]).toEqual([path, kind, kind, kind, kind]);
    }
  });
});

test("hooks after the answer are run for every client, and know the time that it took", async () => {
  const done: [number, boolean][] = [];
  const { ask } = await serveRoute(
    async () => "a",
    {},
    (app) =>
      app.addHook("onResponse", async (_request, reply) => void done.push([reply.statusCode, reply.elapsedTime > 0])),
  );
  await ask("/a");
  const { headers } = await ask("/a");
  await ask("/a", { headers: { "If-None-Match": headers.get("etag") ?? "" } });
  await waitUntil(() => done.length === 3, { what: "all hooks have been run" });
  expect(done).toEqual([
    [200, true],
    [200, true],
    [304, true],
  ]);
});

test("the handler knows the log, the id and the time of the request that it is run for", async () => {
  const lines: string[] = [];
  const seen: unknown[] = [];
  const { ask, clock } = await serveRoute(
    async (request, reply) => {
      request.log.info("in the handler");
      seen.push(request.id, reply.elapsedTime > 0, reply.log === request.log, request.ip, request.hostname);
      return "a";
    },
    { staleWhileRevalidate: "1m", origin: "https://shop.example" },
    () => undefined,
    { logger: { stream: { write: (line: string) => void lines.push(line) } } },
  );
  await ask("/a");
  await clock.advance(60_000);
  await ask("/a");
  await waitUntil(() => seen.length === 10, { what: "the handler is run behind" });
  expect(seen).toEqual([..."11"].flatMap((_, at) => [`req-${at + 1}`, true, true, "127.0.0.1", "shop.example"]));
  expect(lines.filter((line) => line.includes("in the handler"))).toHaveLength(2);
});

test("requests that a schema refuses do not get to the cache, nor do their answers", async () => {
  let runs = 0;
  const { app, shared, listen } = site();
  const schema = { querystring: { type: "object", properties: { page: { type: "integer", default: 1 } } } };
  app.get(
    "/a",
    { schema },
    cachedRoute(async ({ query }) => ({ run: ++runs, query }), { ...shared, ttl: "1m" }),
  );
  const { ask } = await listen();
  for (const run of [1, 2]) expect([run, (await ask("/a?page=x")).status]).toEqual([run, 400]);
  expect((await ask("/a?page=2")).text).toBe('{"run":1,"query":{"page":2}}');
  expect((await ask("/a?page=x")).status).toBe(400);
  expect((await ask("/a")).text).toBe('{"run":2,"query":{"page":1}}');
  expect(runs).toBe(2);
});

test("a plugin's own hooks, decorations and prefix count for its routes alone", async () => {
  const { app, shared, listen } = site();
  const route = cachedRoute(
    async function answer(request) {
      return { shop: (request as { shop?: string }).shop ?? "none", prefix: this.prefix };
    },
    { ...shared, ttl: "1m" },
  );
  app.get("/a", route);
  await app.register(
    async (shop) => {
      shop.decorateRequest("shop", "");
      shop.addHook("preHandler", async (request) => void Object.assign(request, { shop: "east" }));
      shop.addHook("onSend", async (_request, reply) => void reply.header("x-shop", "east"));
      shop.setReplySerializer((value) => JSON.stringify({ wrapped: value }));
      shop.get("/a", route);
    },
    { prefix: "/shop" },
  );
  const { ask } = await listen();
  for (const run of [1, 2]) {
    const [plain, shop] = [await ask("/a"), await ask("/shop/a")];
    expect([run, plain.text, plain.headers.get("x-shop")]).toEqual([run, '{"shop":"none","prefix":""}', null]);
    expect([shop.text, shop.headers.get("x-shop")]).toEqual(['{"wrapped":{"shop":"east","prefix":"/shop"}}', "east"]);
    expect(shop.way).toBe(run === 1 ? "fwd=uri-miss; ttl=60; stored" : "hit; ttl=60");
  }
});
