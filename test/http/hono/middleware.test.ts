// cachedRoute for Hono between other middleware: headers of the client stay the client's, those of the handler are stored.

import { gunzipSync } from "node:zlib";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { timing } from "hono/timing";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/hono/cached-route.ts";
import { cacheOptions, listen } from "./kit.ts";

const HIT = "hit; ttl=60";

describe("headers that middleware sets", () => {
  test("before the route, on the Context: each client has its own, and none is stored", async () => {
    const { options } = cacheOptions();
    let clients = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      const client = String(++clients);
      c.header("X-Client", client);
      c.header("Cache-Control", "max-age=5");
      setCookie(c, "session", client);
      await next();
    });
    app.get(
      "/a",
      cachedRoute((c) => c.text("x", 200, { "X-Route": "yes" }), options),
    );
    const ask = await listen(app);
    for (const client of ["1", "2"]) {
      const { headers, way } = await ask("/a");
      expect(headers).toMatchObject({ "x-client": client, "x-route": "yes", "cache-control": "no-cache" });
      expect(headers["set-cookie"]).toEqual([`session=${client}; Path=/`]);
      expect(way).toBe(client === "1" ? "fwd=uri-miss; ttl=60; stored" : HIT);
    }
  });

  test("before the route, on its response: they win, as over what a handler returns", async () => {
    const { options } = cacheOptions();
    let clients = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      c.res.headers.set("X-Client", String(++clients));
      c.res.headers.append("Vary", "Origin");
      await next();
    });
    const handler = () => new Response("x", { headers: { "X-Client": "none", Vary: "Accept-Language" } });
    app.get("/plain", handler);
    app.get("/a", cachedRoute(handler, { ...options, vary: ["Accept-Language"] }));
    const ask = await listen(app);
    expect((await ask("/plain")).headers).toMatchObject({ "x-client": "1", vary: "Origin" });
    for (const client of ["2", "3"]) {
      const { headers } = await ask("/a");
      // Caches in front have to know both.
      expect(headers).toMatchObject({ "x-client": client, vary: "Origin, Accept-Language" });
    }
  });

  test("of Hono's own middleware, before and after", async () => {
    const { options } = cacheOptions();
    const app = new Hono();
    app.use(cors({ origin: ["https://a.test", "https://b.test"], credentials: true }));
    app.use(secureHeaders(), requestId(), timing(), etag());
    app.get(
      "/a",
      cachedRoute((c) => c.json({ a: 1 }), options),
    );
    const ask = await listen(app);
    const ids = new Set<unknown>();
    for (const origin of ["https://a.test", "https://b.test"]) {
      const { headers, status } = await ask("/a", { headers: { Origin: origin } });
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        vary: "Origin",
        "x-content-type-options": "nosniff",
        "server-timing": expect.stringContaining("total;dur=") as string,
      });
      ids.add(headers["x-request-id"]);
    }
    expect(ids.size).toBe(2);
    const known = await ask("/a");
    expect(known.way).toBe(HIT);
    const same = await ask("/a", { headers: { "If-None-Match": known.headers.etag ?? "" } });
    expect(same).toMatchObject({ status: 304, way: HIT, headers: { "x-content-type-options": "nosniff" } });
  });

  test("compression behind the route is each client's own", async () => {
    const { options } = cacheOptions();
    const text = "text ".repeat(1_000);
    const app = new Hono();
    app.use(compress());
    app.get(
      "/a",
      cachedRoute((c) => c.text(text), options),
    );
    const ask = await listen(app);
    const plain = await ask("/a");
    expect([plain.text, plain.headers["content-encoding"]]).toEqual([text, undefined]);
    const zipped = await app.request("/a", { headers: { "Accept-Encoding": "gzip" } });
    expect(gunzipSync(await zipped.arrayBuffer()).toString()).toBe(text);
    expect(zipped.headers.get("Cache-Status")).toContain(HIT);
    const weak = zipped.headers.get("ETag") ?? "";
    expect(weak).toBe(`W/${plain.headers.etag}`);
    const headers = { "Accept-Encoding": "gzip", "If-None-Match": weak };
    expect((await ask("/a", { headers })).status).toBe(304);
  });

  test("text of a status is kept beside them", async () => {
    const { options } = cacheOptions();
    const app = new Hono();
    app.use(async (c, next) => {
      c.header("X-A", "1");
      await next();
    });
    app.get(
      "/a",
      cachedRoute(() => new Response("x", { status: 203, statusText: "Mine" }), options),
    );
    for (const run of [1, 2]) {
      const { status, statusText, headers } = await app.request("/a");
      expect([run, status, statusText, headers.get("X-A")]).toEqual([run, 203, "Mine", "1"]);
    }
  });

  test("are kept beside an answer that is the client's alone", async () => {
    const { options } = cacheOptions();
    const app = new Hono();
    app.use(async (c, next) => {
      setCookie(c, "session", "s");
      await next();
    });
    app.get(
      "/a",
      cachedRoute((c) => {
        setCookie(c, "a", "1");
        setCookie(c, "b", "2");
        return c.text("x");
      }, options),
    );
    const ask = await listen(app);
    for (const way of ["fwd=uri-miss; detail=set-cookie", "fwd=bypass; detail=set-cookie"]) {
      const answer = await ask("/a");
      expect([answer.way, answer.headers["set-cookie"]]).toEqual([
        way,
        ["session=s; Path=/", "a=1; Path=/", "b=2; Path=/"],
      ]);
    }
  });
});
