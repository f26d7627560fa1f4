// The Context of a run for the cache: what the handler finds in it, and what becomes of what it does with it.

import { Hono, type Context, type ExecutionContext } from "hono";
import { contextStorage, getContext } from "hono/context-storage";
import { html } from "hono/html";
import { jsxRenderer } from "hono/jsx-renderer";
import { basePath, matchedRoutes, routePath } from "hono/route";
import { validator } from "hono/validator";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/hono/cached-route.ts";
import { cacheOptions, listen } from "./kit.ts";

const STORED = "fwd=uri-miss; ttl=60; stored";
const HIT = "hit; ttl=60";

describe("it has", () => {
  test("variables, bindings and the route of the client's", async () => {
    const { options } = cacheOptions();
    const db = { name: "db" };
    const seen: unknown[] = [];
    const app = new Hono<{ Bindings: { incoming: object }; Variables: { db: typeof db } }>();
    app.use(async (c, next) => {
      c.set("db", db);
      await next();
    });
    app.get(
      "/shops/:shop/:id{[0-9]+}",
      cachedRoute((c) => {
        seen.push(c.get("db") === db, c.var.db === db, "incoming" in c.env);
        seen.push(routePath(c), matchedRoutes(c).length, basePath(c), c.req.path, c.req.param());
        expect(() => c.executionCtx).toThrow("no ExecutionContext");
        c.set("db", { name: "other" });
        return c.text("x");
      }, options),
    );
    app.get("/shops/*", (c) => c.text("never"));
    const ask = await listen(app);
    expect((await ask("/shops/a/1")).way).toBe(STORED);
    const parameters = { shop: "a", id: "1" };
    expect(seen).toEqual([true, true, true, "/shops/:shop/:id{[0-9]+}", 3, "/", "/shops/a/1", parameters]);
    expect(db.name).toBe("db");
  });

  test("an execution context, where the server gives one", async () => {
    const { options } = cacheOptions();
    const waited: unknown[] = [];
    const execution: ExecutionContext = {
      waitUntil: (work) => void waited.push(work),
      passThroughOnException: () => undefined,
      props: {},
    };
    const app = new Hono().get(
      "/a",
      cachedRoute((c) => {
        c.executionCtx.waitUntil(Promise.resolve());
        return c.text("x");
      }, options),
    );
    await app.request("/a", {}, {}, execution);
    expect(waited).toHaveLength(1);
  });

  test("what validators have made, but for what the run does not see", async () => {
    const { options } = cacheOptions();
    const app = new Hono().get(
      "/a/:id",
      validator("query", (query) => ({ ...query, size: "10" })),
      validator("header", (header) => header),
      validator("param", ({ id }) => ({ id: Number(id) })),
      cachedRoute(
        (
          c: Context<
            object,
            "/a/:id",
            { out: { query: Record<string, string>; header: Record<string, string>; param: { id: number } } }
          >,
        ) => {
          const { host, "x-a": a } = c.req.valid("header");
          return c.json({ query: c.req.valid("query"), host, a, param: c.req.valid("param") });
        },
        { ...options, query: ["page"] },
      ),
    );
    const ask = await listen(app);
    const { text } = await ask("/a/7?callback=evil&page=2", { headers: { Host: "evil.test", "X-A": "1" } });
    expect(JSON.parse(text)).toEqual({ query: { page: "2", size: "10" }, a: "1", param: { id: 7 } });
  });
});

test("what a validator has made that is no object of parameters is given as it is", async () => {
  const { options } = cacheOptions();
  const app = new Hono();
  interface Input {
    out: { query: string[]; header: number };
  }
  app.get(
    "/a",
    validator("query", (query) => Object.keys(query)),
    validator("header", () => 7),
    cachedRoute((c: Context<object, "/a", Input>) => c.json([c.req.valid("query"), c.req.valid("header")]), {
      ...options,
      query: ["a"],
    }),
  );
  const ask = await listen(app);
  expect(JSON.parse((await ask("/a?a=1&b=2")).text)).toEqual([["a", "b"], 7]);
});

describe("a page", () => {
  test("that is rendered with the client's Context has none of its headers", async () => {
    const { options } = cacheOptions();
    let clients = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      const client = String(++clients);
      c.header("X-Client", client);
      c.setRenderer((content) => {
        c.header("X-Renderer", "yes");
        return c.html(html`<main>${content} ${c.req.url}</main>`);
      });
      await next();
      c.header("X-After", client);
    });
    app.get(
      "/a",
      cachedRoute((c) => {
        c.header("X-Route", "yes");
        c.status(203);
        return c.render("page");
      }, options),
    );
    const ask = await listen(app);
    for (const client of ["1", "2"]) {
      const { status, text, headers } = await ask("/a", { headers: { Host: "evil.test" } });
      expect([status, text]).toEqual([203, "<main>page http://localhost/a</main>"]);
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=UTF-8",
        "x-client": client,
        "x-after": client,
        "x-renderer": "yes",
        "x-route": "yes",
      });
    }
    expect(clients).toBe(2);
  });

  test("is rendered by the handler's own renderer, or by Hono's, where there is no other", async () => {
    const { options } = cacheOptions();
    const app = new Hono();
    app.get(
      "/own",
      cachedRoute((c) => {
        c.setRenderer((content) => c.text(`own ${content as string}`));
        return c.render("page");
      }, options),
    );
    app.get(
      "/default",
      cachedRoute((c) => c.render("page"), options),
    );
    const ask = await listen(app);
    for (const way of [STORED, HIT]) {
      expect(await ask("/own")).toMatchObject({ text: "own page", way });
      expect(await ask("/default")).toMatchObject({ text: "page", way });
    }
  });

  test("of jsxRenderer, streamed or not, is stored in full", async () => {
    const { options } = cacheOptions();
    const app = new Hono();
    app.use(
      "/plain/*",
      jsxRenderer(({ children }) => html`<main>${children}</main>`),
    );
    app.use(
      "/stream/*",
      jsxRenderer(({ children }) => html`<main>${children}</main>`, { stream: true }),
    );
    const handler = cachedRoute((c: Context) => c.render("page"), options);
    app.get("/plain/a", handler).get("/stream/a", handler);
    const ask = await listen(app);
    for (const path of ["/plain/a", "/stream/a"])
      for (const way of [STORED, HIT]) {
        const { headers, status, text, way: found } = await ask(path);
        expect([path, status, text, found]).toEqual([path, 200, "<!DOCTYPE html><main>page</main>", way]);
        expect(headers).toMatchObject({ "content-type": "text/html; charset=UTF-8", "content-length": "32" });
        expect(headers["transfer-encoding"]).toBeUndefined();
      }
  });

  test("is rendered behind as well, when its client has gone", async () => {
    const { clock, options } = cacheOptions();
    let runs = 0;
    const app = new Hono();
    app.use(
      jsxRenderer(({ children }) => html`<main>${children}</main>`),
      async (c, next) => {
        c.header("X-Client", "yes");
        await next();
      },
    );
    app.get(
      "/a",
      cachedRoute((c) => c.render(`page ${++runs}`), { ...options, staleWhileRevalidate: "1m" }),
    );
    const ask = await listen(app);
    await ask("/a");
    await clock.advance(61_000);
    expect((await ask("/a")).text).toContain("page 1");
    await expect.poll(async () => (await ask("/a")).text).toBe("<!DOCTYPE html><main>page 2</main>");
    const { headers } = await ask("/a");
    expect(headers).toMatchObject({ "x-client": "yes", "content-type": "text/html; charset=UTF-8", age: "0" });
    expect(runs).toBe(2);
  });
});

test("the Context that getContext gives acts as it, until the run is over", async () => {
  const { options } = cacheOptions();
  let clients = 0;
  const app = new Hono<{ Variables: { client: string; page: string } }>();
  app.use(contextStorage(), async (c, next) => {
    c.set("client", String(++clients));
    await next();
    c.header("X-After", c.get("client"));
    expect(c.get("page")).toBeUndefined();
  });
  app.get(
    "/a",
    cachedRoute(async (c) => {
      await Promise.resolve();
      const found = getContext<{ Variables: { client: string; page: string } }>();
      found.header("X-Route", found.var.client);
      found.res.headers.set("X-Res", found.req.url);
      found.set("page", "page");
      return c.text(c.get("page"));
    }, options),
  );
  const ask = await listen(app);
  for (const client of ["1", "2"]) {
    const { text, headers } = await ask("/a", { headers: { Host: "evil.test" } });
    expect(text).toBe("page");
    expect(headers).toMatchObject({ "x-after": client, "x-route": "1", "x-res": "http://localhost/a" });
  }
});
