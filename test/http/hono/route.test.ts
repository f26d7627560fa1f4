// cachedRoute for Hono: what comes from the cache, on a real socket.

import { Hono, type Context } from "hono";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/hono/cached-route.ts";
import { cacheOptions, listen } from "./kit.ts";

/** A route that counts its runs. */
function counted(answer: (c: Context, run: number) => Response | Promise<Response> = (c, run) => c.text(`run ${run}`)) {
  let runs = 0;
  return { handler: (c: Context) => answer(c, ++runs), runs: () => runs };
}

describe("a cached route", () => {
  test("is run once for a path, and answered from the cache until its time is over", async () => {
    const { clock, options } = cacheOptions();
    const asked: string[] = [];
    const app = new Hono();
    app.get(
      "/products/:id",
      cachedRoute((c: Context<object, "/products/:id">) => {
        asked.push(c.req.param("id"));
        return c.json({ id: c.req.param("id"), run: asked.length }, 200, { "X-Made": "yes" });
      }, options),
    );
    const ask = await listen(app);
    const first = await ask("/products/a%2520b");
    expect(first).toMatchObject({ status: 200, text: '{"id":"a%20b","run":1}', way: "fwd=uri-miss; ttl=60; stored" });
    await clock.advance(59_000);
    const second = await ask("/products/a%2520b");
    expect(second).toMatchObject({ status: 200, text: first.text, way: "hit; ttl=1" });
    expect(second.headers).toMatchObject({
      "content-type": "application/json",
      "content-length": "22",
      "cache-control": "no-cache",
      "x-made": "yes",
      age: "59",
      etag: first.headers.etag,
    });
    expect((await ask("/products/2")).text).toBe('{"id":"2","run":2}');
    await clock.advance(1_000);
    expect((await ask("/products/a%2520b")).text).toBe('{"id":"a%20b","run":3}');
    expect(asked).toEqual(["a%20b", "2", "a%20b"]);
  });

  test("answers HEAD, conditions and ranges from what is stored", async () => {
    const { options } = cacheOptions();
    const { handler, runs } = counted((c) => c.text("0123456789"));
    const ask = await listen(new Hono().get("/a", cachedRoute(handler, options)));
    const head = await ask("/a", { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, text: "", way: "fwd=uri-miss; ttl=60; stored" });
    expect(head.headers["content-length"]).toBe("10");
    const etag = head.headers.etag ?? "";
    expect(await ask("/a", { headers: { "If-None-Match": etag } })).toMatchObject({ status: 304, text: "" });
    expect(await ask("/a", { headers: { Range: "bytes=2-4" } })).toMatchObject({
      status: 206,
      text: "234",
      headers: { "content-range": "bytes 2-4/10", "content-length": "3" },
    });
    expect(await ask("/a", { headers: { Range: "bytes=20-" } })).toMatchObject({ status: 416, text: "" });
    expect(await ask("/a", { headers: { "If-Match": '"other"' } })).toMatchObject({ status: 412, text: "" });
    expect(await ask("/a")).toMatchObject({ status: 200, text: "0123456789" });
    expect(runs()).toBe(1);
  });

  test("keeps status, headers and bytes of whatever Response it returns", async () => {
    const { options } = cacheOptions();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const app = new Hono()
      .get(
        "/raw",
        cachedRoute(() => new Response(bytes, { status: 203, headers: { "X-A": "1" } }), options),
      )
      .get(
        "/body",
        cachedRoute((c) => c.body(bytes, 200, { "X-A": "1" }), options),
      )
      .get(
        "/away",
        cachedRoute((c) => c.redirect("/elsewhere", 301), options),
      )
      .get(
        "/none",
        cachedRoute((c) => c.body(null, 204), options),
      )
      // Of the platform's own class, whatever the server puts in its place.
      .get(
        "/fetched",
        cachedRoute(() => fetch("data:text/plain,fetched"), options),
      )
      .get(
        "/html",
        cachedRoute((c) => c.html("<p>"), options),
      )
      .get(
        "/set",
        cachedRoute(async (c) => void (c.res = new Response("set", { headers: { "X-A": "1" } })), options),
      );
    const ask = await listen(app);
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
      const text = Buffer.from(bytes).toString();
      expect(await ask("/raw")).toMatchObject({ way, status: 203, text, headers: { "x-a": "1" } });
      expect(await ask("/body")).toMatchObject({ way, status: 200, text, headers: { "x-a": "1" } });
      expect(await ask("/away")).toMatchObject({ way, status: 301, headers: { location: "/elsewhere" } });
      expect(await ask("/none")).toMatchObject({ way, status: 204 });
      expect(await ask("/fetched")).toMatchObject({ way, text: "fetched", headers: { "content-type": "text/plain" } });
      expect(await ask("/html")).toMatchObject({ way, headers: { "content-type": "text/html; charset=UTF-8" } });
      expect(await ask("/set")).toMatchObject({ way, text: "set", headers: { "x-a": "1" } });
    }
  });

  test("of a sub-application has the whole path for its key, and that application's words for failures", async () => {
    const { options } = cacheOptions();
    const { handler } = counted((c, run) => {
      if (c.req.query("fail") !== undefined) throw new Error("broken");
      return c.text(`${c.req.path} ${c.req.routePath} ${run}`);
    });
    const shop = new Hono().get("/:id", cachedRoute(handler, options));
    shop.onError((error, c) => c.text(`shop: ${error.message}`, 500));
    const app = new Hono().basePath("/api").route("/a", shop).route("/b", shop);
    const ask = await listen(app);
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
      expect(await ask("/api/a/1")).toMatchObject({ way, text: "/api/a/1 /api/a/:id 1" });
      expect(await ask("/api/b/1")).toMatchObject({ way, text: "/api/b/1 /api/b/:id 2" });
    }
    expect(await ask("/api/a/1?fail")).toMatchObject({ status: 500, text: "shop: broken" });
  });

  test("goes by app.request as by a socket", async () => {
    const { options } = cacheOptions();
    const { handler, runs } = counted();
    const app = new Hono().get("/a", cachedRoute(handler, options));
    for (const run of [1, 2]) expect([run, await (await app.request("/a")).text()]).toEqual([run, "run 1"]);
    expect(runs()).toBe(1);
  });

  test("asks for the signal of a request when it has to wait, and not for a hit", async () => {
    const { options } = cacheOptions();
    const { handler } = counted();
    const app = new Hono().get("/a", cachedRoute(handler, options));
    const made: string[] = [];
    for (const way of ["miss", "hit"]) {
      const request = new Request("http://localhost/a");
      const { signal } = request;
      Object.defineProperty(request, "signal", { get: () => (made.push(way), signal) });
      await app.request(request);
    }
    expect(new Set(made)).toEqual(new Set(["miss"]));
  });

  test("refuses options that are none", () => {
    const { options } = cacheOptions();
    expect(() => cachedRoute(options as never, undefined as never)).toThrow(/^handler must be a function, got /);
    expect(() => cachedRoute((c: Context) => c.text("x"), { ...options, maxBodyBytes: -1 })).toThrow(
      "options.maxBodyBytes must be",
    );
  });
});

describe("what the handler sees when it is run for everybody", () => {
  test("is a GET without conditions, ranges, undeclared parameters and the host that a client says", async () => {
    const { options } = cacheOptions();
    const { handler } = counted((c) =>
      c.json({ url: c.req.url, method: c.req.method, range: c.req.header("Range") ?? "none", all: c.req.query() }),
    );
    const declared = { ...options, query: ["page"], origin: "https://shop.example" };
    const app = new Hono().get("/a", cachedRoute(handler, declared)).get("/b", cachedRoute(handler, options));
    const ask = await listen(app);
    const headers = { Range: "bytes=0-", Host: "evil.test", "X-Forwarded-Host": "evil.test" };
    await ask("/a?utm=1&page=2", { method: "HEAD", headers });
    const seen = { url: "https://shop.example/a?page=2", method: "GET", range: "none", all: { page: "2" } };
    expect(JSON.parse((await ask("/a?page=2&utm=3")).text)).toEqual(seen);
    expect(JSON.parse((await ask("/b?x=1", { headers: { Host: "evil.test" } })).text)).toMatchObject({
      url: "http://localhost/b?x=1",
    });
  });
});

describe("invalidation", () => {
  test("POST ends what is stored for http and for https, which have answers of their own", async () => {
    const { options } = cacheOptions();
    const handler = (c: Context): Response =>
      c.req.header("X-Forwarded-Proto") === "https" ? c.text("page") : c.redirect("https://shop.example/a", 301);
    const ask = await listen(new Hono().all("/a", cachedRoute(handler, options)));
    const by = (scheme: string) => ask("/a", { headers: { "X-Forwarded-Proto": scheme } });
    for (const way of [/^fwd=uri-miss.*stored$/, /^hit/]) {
      expect(await by("http")).toMatchObject({ status: 301, way: expect.stringMatching(way) as string });
      expect(await by("HTTPS")).toMatchObject({ status: 200, text: "page", way: expect.stringMatching(way) as string });
    }
    await ask("/a", { method: "POST", headers: { "X-Forwarded-Proto": "https" } });
    for (const scheme of ["http", "https"]) expect((await by(scheme)).way).toMatch(/^fwd=uri-miss/);
  });

  test("POST ends what is stored under its path, before its client has the answer", async () => {
    const { options } = cacheOptions();
    let stock = 1;
    const handler = async (c: Context): Promise<Response> => {
      if (c.req.method === "POST") stock = Number(await c.req.text());
      return c.text(String(stock));
    };
    const ask = await listen(new Hono().all("/a", cachedRoute(handler, options)));
    expect((await ask("/a")).text).toBe("1");
    stock = 2;
    expect(await ask("/a")).toMatchObject({ text: "1", way: "hit; ttl=60" });
    expect(await ask("/a", { method: "POST", body: "3" })).toMatchObject({ text: "3", way: "fwd=method" });
    expect(await ask("/a")).toMatchObject({ text: "3", way: "fwd=uri-miss; ttl=60; stored" });
  });

  test("by a key of one's own as well, and by the next handler's answer", async () => {
    const { options } = cacheOptions();
    const { handler } = counted();
    const byId = { ...options, key: (c: Context) => c.req.param("id") };
    const app = new Hono()
      .get("/a/:id", cachedRoute(handler, byId))
      .post(
        "/a/:id",
        cachedRoute(async (_: Context, next: () => Promise<void>) => next(), byId),
      )
      .post("/a/:id", (c) => c.text("done", 200, { "Cache-Tag": "secret" }));
    const ask = await listen(app);
    await ask("/a/1");
    const done = await ask("/a/1", { method: "POST" });
    expect(done).toMatchObject({ text: "done", way: "fwd=method" });
    expect(done.headers["cache-tag"]).toBeUndefined();
    expect((await ask("/a/1")).text).toBe("run 2");
  });

  test("tags of the options, and of the response, end it; nobody behind sees them", async () => {
    const { cache, options } = cacheOptions();
    const { handler } = counted((c, run) =>
      c.text(`run ${run}`, 200, { "Cache-Tag": "shoes", "Surrogate-Key": "all new" }),
    );
    const tagged = { ...options, tags: (c: Context) => [`product:${c.req.param("id")}`] };
    const ask = await listen(new Hono().get("/a/:id", cachedRoute(handler, tagged)));
    let runs = 0;
    for (const tag of ["product:1", "shoes", "new"]) {
      const miss = await ask("/a/1");
      expect([tag, miss.text, (await ask("/a/1")).way]).toEqual([tag, `run ${++runs}`, "hit; ttl=60"]);
      expect([miss.headers["cache-tag"], miss.headers["surrogate-key"]]).toEqual([undefined, undefined]);
      await cache.invalidateTags([tag]);
    }
    await ask("/a/1");
    await cache.invalidateTags(["product:2"]);
    expect((await ask("/a/1")).way).toBe("hit; ttl=60");
  });
});

describe("not stored", () => {
  test.each([
    ["set-cookie", (c: Context) => c.text("x", 200, { "Set-Cookie": "a=1" })],
    ["private", (c: Context) => c.text("x", 200, { "Cache-Control": "private, max-age=60" })],
    ["no-store", (c: Context) => c.text("x", 200, { "Cache-Control": "no-store" })],
    ["no-cache", (c: Context) => c.text("x", 200, { "Cache-Control": "no-cache" })],
    ["partial", (c: Context) => c.text("x", 206, { "Content-Range": "bytes 0-0/2" })],
    ["vary", (c: Context) => c.text("x", 200, { Vary: "X-Undeclared" })],
    ["vary", (c: Context) => c.text("x", 200, { Vary: "*" })],
    ["length", (c: Context) => c.text("x", 200, { "Content-Length": "1000", "Transfer-Encoding": "" })],
    ["too-large", (c: Context) => c.text("x".repeat(2_000))],
    ["no-lifetime", (c: Context) => c.text("x", 404)],
  ])("%s", async (because, answer) => {
    const { options } = cacheOptions();
    const { handler, runs } = counted(answer);
    const app = new Hono().get("/a", cachedRoute(handler, { ...options, maxBodyBytes: 1_000 }));
    // A length that is not that of the body does not get through a socket.
    const ask = async (): Promise<[string, string]> => {
      const response = await app.request("/a");
      return [(await response.text()).slice(0, 1), response.headers.get("Cache-Status") ?? ""];
    };
    expect(await ask()).toEqual(["x", `freshtier; fwd=uri-miss; detail=${because}`]);
    expect(await ask()).toEqual(["x", `freshtier; fwd=bypass; detail=${because}`]);
    expect(runs()).toBe(2);
  });

  test("a body that breaks off", async () => {
    const { options } = cacheOptions();
    const { handler, runs } = counted((c) => {
      const body = new ReadableStream({
        pull: (controller) => controller.error(new Error("broken off")),
      });
      return c.body(body);
    });
    const app = new Hono().get("/a", cachedRoute(handler, options));
    app.onError((error, c) => c.text(error.message, 500));
    const ask = await listen(app);
    const broken = { status: 500, text: "broken off", way: "fwd=uri-miss; detail=error" };
    for (const run of [1, 2]) expect([run, await ask("/a")]).toMatchObject([run, broken]);
    expect(runs()).toBe(2);
  });

  test("what a ReadableStream gives is stored when it is in full", async () => {
    const { options } = cacheOptions();
    const { handler, runs } = counted((c) =>
      c.body(new Blob(["a", "b"]).stream(), 200, { "Transfer-Encoding": "chunked" }),
    );
    const ask = await listen(new Hono().get("/a", cachedRoute(handler, options)));
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"])
      expect(await ask("/a")).toMatchObject({ way, text: "ab", headers: { "content-length": "2" } });
    expect(runs()).toBe(1);
  });
});
