// cachedRoute for Fastify: what of a request is the key, and that the handler sees no more of it when it answers for everybody.

import { connect } from "node:http2";
import { parse } from "node:querystring";
import type { AddressInfo } from "node:net";
import fastify, { type FastifyRequest } from "fastify";
import { describe, expect, onTestFinished, test } from "vitest";
import { cachedRoute } from "../../../src/http/fastify/index.ts";
import { createCache } from "../../support/cache.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { askRaw, serveRoute, site } from "./kit.ts";

forbidUnhandledRejections();

/** All that a handler can tell a request by. */
function toldBy(request: FastifyRequest): object {
  const { url, originalUrl, query, params, host, hostname, protocol, ip, headers } = request;
  return { url, originalUrl, query, params, host, hostname, protocol, ip, headers, raw: request.raw.rawHeaders };
}

describe("what a client makes up is not seen in answers for others", () => {
  const tries: Record<string, [string, Record<string, string>?]> = {
    "a host": ["/a", { host: "evil.test" }],
    "a forwarded host": ["/a", { "x-forwarded-host": "evil.test", "x-forwarded-for": "6.6.6.6 evil" }],
    "a parameter that is not part of the key": ["/a?evil=1"],
    "a parameter twice": ["/a?evil=1&page=1&evil=2"],
    "a condition": ["/a", { "if-none-match": '"evil"', "if-modified-since": "evil" }],
    "a range": ["/a", { range: "bytes=0-1, evil" }],
    "a fragment": ["/a#evil"],
    "a fragment in the query": ["/a?page=1#evil"],
    "a scheme": ["http://evil.test/a"],
    "a segment of dots": ["/a/evil/.."],
    "an escaped segment of dots": ["/a/evil/%2e%2E"],
    "a backslash": ["/a\\..\\evil"],
  };

  test.each(Object.keys(tries))("%s", async (name) => {
    const [path, headers = {}] = tries[name] as (typeof tries)[string];
    const { url } = await serveRoute(
      async (request) => toldBy(request),
      { query: ["page"], origin: "https://shop.example" },
      undefined,
      { trustProxy: true },
    );
    const evil = await askRaw(url(), path, { headers });
    const good = ["/a", "/a?page=1", "/a/evil", "/a/", "/"].map((one) => askRaw(url(), one));
    for (const { text } of await Promise.all(good)) {
      const { params, ...rest } = JSON.parse(text) as { params: { "*": string } };
      expect(JSON.stringify(rest).replace('"/a/evil"', "").replace('"/a/evil"', "")).not.toContain("evil");
      expect(["", "/", "/evil", undefined]).toContain(params?.["*"]);
    }
    expect(evil.headers["cache-status"]).toMatch(/^freshtier; fwd=/);
  });
});

test("the query of a run is parsed and validated like that of any request", async () => {
  const { app, shared, listen } = site({
    routerOptions: { querystringParser: (text) => ({ ...parse(text), parsed: "1" }) },
  });
  const properties = { page: { type: "integer" }, size: { type: "integer", default: 9 }, parsed: { type: "integer" } };
  const schema = { querystring: { type: "object", properties } };
  const route = cachedRoute(async ({ query }) => ({ query }), { ...shared, ttl: "1m", query: ["page"] });
  app.get("/a", { schema }, route);
  const { ask } = await listen();
  expect((await ask("/a?utm=7&page=2&size=5")).text).toBe('{"query":{"page":2,"parsed":1,"size":9}}');
  expect((await ask("/a?page=2")).way).toBe("hit; ttl=60");
  expect((await ask("/a?page=3")).text).toBe('{"query":{"page":3,"parsed":1,"size":9}}');
});

test("a validator of one's own is asked as well", async () => {
  const { app, shared, listen } = site();
  const validatorCompiler = () => (data: unknown) => ({ value: { of: data } });
  const route = cachedRoute(async ({ query }) => ({ query }), { ...shared, ttl: "1m", query: ["page"] });
  app.get("/a", { schema: { querystring: { any: 1 } }, validatorCompiler }, route);
  const { ask } = await listen();
  for (const path of ["/a?page=2", "/a?page=3&utm=1"]) {
    expect((await ask(path)).text).toBe(`{"query":{"of":{"page":"${path.charAt(8)}"}}}`);
  }
});

test("headers that a schema has changed are seen as far as the key holds them", async () => {
  const { app, shared, listen } = site();
  const properties = { "x-size": { type: "integer" }, "x-default": { type: "integer", default: 3 } };
  app.get(
    "/a",
    { schema: { headers: { type: "object", properties } } },
    cachedRoute(
      async ({ headers }) => ({
        size: headers["x-size"],
        none: headers["if-none-match"] ?? null,
        preset: headers["x-default"],
        host: headers.host,
      }),
      { ...shared, ttl: "1m", vary: ["x-size"], origin: "https://shop.example" },
    ),
  );
  const { ask } = await listen();
  const headers = { "X-Size": "05", "If-None-Match": '"x"' };
  expect((await ask("/a", { headers })).text).toBe('{"size":5,"none":null,"preset":3,"host":"shop.example"}');
});

test("where URLs are rewritten, what comes of it is the key, together with what was asked for", async () => {
  const { ask } = await serveRoute(
    async (request) => ({ ...toldBy(request), from: (request as { from?: string }).from }),
    {},
    (app) => app.addHook("onRequest", async (request) => void Object.assign(request, { from: request.originalUrl })),
    { rewriteUrl: ({ url = "" }) => url.replace(/^\/(?:one|two)/, "") },
  );
  for (const from of ["/one/a", "/two/a", "/a"]) {
    const { text } = await ask(from);
    expect(JSON.parse(text)).toMatchObject({ url: "/a", originalUrl: "/a", from });
    expect(await ask(from)).toMatchObject({ way: "hit; ttl=60", text });
  }
});

test("content is no part of the key: what brings some is for the handler", async () => {
  const { app, shared, listen } = site();
  app.addHttpMethod("GET", { hasBody: true });
  app.get(
    "/a",
    cachedRoute(async ({ body }) => ({ body: body ?? null }), { ...shared, ttl: "1m" }),
  );
  const { url } = await listen();
  for (const body of ["1", "2"]) {
    const answer = await askRaw(url(), "/a", {
      body,
      headers: { "content-type": "application/json", "content-length": "1" },
    });
    expect([answer.text, answer.way]).toEqual([`{"body":${body}}`, "fwd=bypass"]);
  }
  expect((await askRaw(url(), "/a")).text).toBe('{"body":null}');
});

test("a path is the key as it was written, as it is for the router", async () => {
  const { ask, url } = await serveRoute(async (request) => request.params);
  for (const path of ["/a/b/../c", "/a/%2e%2e/c", "/a\\c"]) {
    const first = await askRaw(url(), path);
    const second = await askRaw(url(), path);
    expect([second.text, second.way]).toEqual([first.text, "hit; ttl=60"]);
  }
  expect((await ask("/a/c")).way).toBe("fwd=uri-miss; ttl=60; stored");
});

test("where a semicolon begins the query, what follows is told apart as the router does it", async () => {
  // Its types do not know of it.
  const routerOptions = { caseSensitive: true, useSemicolonDelimiter: true };
  const { app, shared, listen } = site({ routerOptions });
  app.get(
    "/a",
    cachedRoute(async ({ query }) => ({ query }), { ...shared, ttl: "1m" }),
  );
  const { url } = await listen();
  expect((await askRaw(url(), "/a;x=1?b=1&a=2")).text).toBe('{"query":{"x":"1?b=1","a":"2"}}');
  expect((await askRaw(url(), "/a;x=1?a=2&b=1")).text).toBe('{"query":{"x":"1?a=2","b":"1"}}');
  for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
    const { text, way: found } = await askRaw(url(), "/a;x=1");
    expect([text, found]).toEqual(['{"query":{"x":"1"}}', way]);
  }
});

describe("HEAD", () => {
  test("is answered as GET, without the body, and costs no run", async () => {
    let runs = 0;
    const { url } = await serveRoute(async () => `run ${++runs}`);
    const head = await askRaw(url(), "/a", { method: "HEAD", headers: { range: "bytes=0-1" } });
    const get = await askRaw(url(), "/a");
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "5"]);
    expect([get.status, get.text, get.headers["content-length"]]).toEqual([200, "run 1", "5"]);
    expect(head.headers["etag"]).toBe(get.headers["etag"]);
    const again = await askRaw(url(), "/a", { method: "HEAD" });
    expect([again.way, again.headers["content-length"]]).toEqual(["hit; ttl=60", "5"]);
    const known = { "if-none-match": String(get.headers["etag"]) };
    expect((await askRaw(url(), "/a", { method: "HEAD", headers: known })).status).toBe(304);
    expect(runs).toBe(1);
  });

  test("has a route of its own as well", async () => {
    const { app, shared, listen } = site({ exposeHeadRoutes: false });
    app.route({
      method: ["GET", "HEAD"],
      url: "/a",
      handler: cachedRoute(async () => "text", { ...shared, ttl: "1m" }),
    });
    const { url } = await listen();
    for (const run of [1, 2]) {
      const { status, text, headers } = await askRaw(url(), "/a", { method: "HEAD" });
      expect([run, status, text, headers["content-length"]]).toEqual([run, 200, "", "4"]);
    }
  });
});

describe("conditions and ranges", () => {
  test("are answered from what is stored", async () => {
    let runs = 0;
    const { ask } = await serveRoute(async () => `run ${++runs}, some text`);
    const { headers } = await ask("/a");
    const etag = headers.get("etag") ?? "";
    expect(etag).toMatch(/^".{27}"$/);
    const known = await ask("/a", { headers: { "If-None-Match": etag } });
    expect([known.status, known.text, known.headers.get("etag")]).toEqual([304, "", etag]);
    expect(known.headers.get("content-type")).toBeNull();
    const part = await ask("/a", { headers: { Range: "bytes=0-4", "Accept-Encoding": "identity" } });
    expect([part.status, part.text, part.headers.get("content-range")]).toEqual([206, "run 1", "bytes 0-4/16"]);
    const none = await ask("/a", { headers: { Range: "bytes=99-", "Accept-Encoding": "identity" } });
    expect([none.status, none.headers.get("content-range")]).toEqual([416, "bytes */16"]);
    expect((await ask("/a", { headers: { "If-Match": '"other"' } })).status).toBe(412);
    expect(runs).toBe(1);
  });

  test("a part that a handler sends is not stored", async () => {
    let runs = 0;
    const { ask } = await serveRoute(async (_, reply) => {
      runs++;
      return reply.code(206).header("content-range", "bytes 0-0/9").send("x");
    });
    for (const run of [1, 2]) expect([run, (await ask("/a")).status]).toEqual([run, 206]);
    expect(runs).toBe(2);
  });
});

test("a request that changes something does so, whatever range it asks for and a hook might compress", async () => {
  const { app, shared, listen } = site();
  let stock = 3;
  app.addHook("onSend", async (_request, _reply, payload) => payload);
  app.route({
    method: ["GET", "POST"],
    url: "/stock",
    handler: cachedRoute(async ({ method }) => ({ left: method === "POST" ? --stock : stock }), {
      ...shared,
      ttl: "1m",
    }),
  });
  const { ask } = await listen();
  expect((await ask("/stock")).text).toBe('{"left":3}');
  const sold = await ask("/stock", { method: "POST", headers: { Range: "bytes=0-1", "Accept-Encoding": "gzip" } });
  expect([sold.text, sold.way]).toEqual(['{"left":2}', "fwd=method"]);
  expect((await ask("/stock")).text).toBe('{"left":2}');
});

test("an app that is asked by inject answers from the cache too", async () => {
  const { app, cache, shared } = site();
  let runs = 0;
  app.get(
    "/a",
    cachedRoute(async (request) => ({ run: ++runs, ip: request.ip }), { ...shared, ttl: "1m" }),
  );
  for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
    const answer = await app.inject("/a");
    expect([answer.statusCode, answer.json()]).toEqual([200, { run: 1, ip: "127.0.0.1" }]);
    expect(answer.headers["cache-status"]).toBe(`freshtier; ${way}`);
  }
  await cache.clear();
  expect((await app.inject({ url: "/a", method: "HEAD" })).headers["content-length"]).toBe("26");
});

test("HTTP/2 has no host and no target but its own", async () => {
  const { cache, clock } = createCache();
  const app = fastify({ http2: true });
  onTestFinished(() => app.close());
  let runs = 0;
  app.get(
    "/a",
    cachedRoute(async ({ headers, host, url }) => ({ run: ++runs, url, host, headers }), {
      cache,
      clock,
      ttl: "1m",
      query: [],
    }),
  );
  await app.listen({ port: 0, host: "127.0.0.1" });
  const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
  onTestFinished(() => session.close());
  const ask = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ":path": path, ":authority": "evil.test" });
      let text = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      stream.on("error", reject).on("end", () => resolve(text));
    });
  const first = await ask("/a?evil");
  expect(JSON.parse(first)).toMatchObject({ run: 1, url: "/a", host: "localhost" });
  expect(first).not.toContain("evil");
  expect(await ask("/a")).toBe(first);
});
