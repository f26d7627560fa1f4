// The Context of a run for the cache: what the handler finds in it, and what becomes of what it does with it.

import { Hono, type Context, type ExecutionContext } from "hono";
import { contextStorage, getContext } from "hono/context-storage";
import { html } from "hono/html";
import { HTTPException } from "hono/http-exception";
import { jsxRenderer } from "hono/jsx-renderer";
import { basePath, matchedRoutes, routePath } from "hono/route";
import { stream, streamSSE, streamText } from "hono/streaming";
import { validator } from "hono/validator";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/hono/cached-route.ts";
import { gate } from "../handler-kit.ts";
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
        const { headers, ...answer } = await ask(path);
        expect([path, answer]).toEqual([path, { status: 200, text: "<!DOCTYPE html><main>page</main>", way }]);
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

test("what the application says of what is not found is stored as it says, without what is the client's", async () => {
  const { options } = cacheOptions();
  let clients = 0;
  const asked: string[] = [];
  const app = new Hono();
  app.use(async (c, next) => {
    c.header("X-Client", String(++clients));
    await next();
  });
  app.notFound((c) => {
    c.header("X-Found", "no");
    return c.text(`no ${c.req.url}`, 404, c.req.path === "/kept" ? { "Cache-Control": "max-age=60" } : {});
  });
  const handler = cachedRoute((c: Context) => {
    asked.push(c.req.path);
    return c.notFound();
  }, options);
  app.get("/kept", handler).get("/a", handler);
  const ask = await listen(app);
  const ways: string[] = [];
  for (const [path, client] of [
    ["/kept", "1"],
    ["/kept", "2"],
    ["/a", "3"],
    ["/a", "4"],
  ] as const) {
    const { status, text, headers, way } = await ask(path, { headers: { Host: "localhost" } });
    expect([status, text]).toEqual([404, `no http://localhost${path}`]);
    expect(headers).toMatchObject({ "x-client": client, "x-found": "no" });
    ways.push(way);
  }
  expect(ways).toEqual([STORED, HIT, "fwd=uri-miss; detail=no-lifetime", "fwd=bypass; detail=no-lifetime"]);
  expect(asked).toEqual(["/kept", "/a", "/a"]);
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

describe("never stored", () => {
  test.each([
    ["stream", (c: Context) => stream(c, async (out) => void (await out.write("x")))],
    ["streamText", (c: Context) => streamText(c, async (out) => void (await out.write("x")))],
    ["streamSSE", (c: Context) => streamSSE(c, async (out) => out.writeSSE({ data: "x" }))],
  ])("what %s writes, which goes out as it is written", async (_, answer) => {
    const { options } = cacheOptions();
    let runs = 0;
    const app = new Hono().get(
      "/a",
      cachedRoute((c: Context) => {
        runs++;
        return answer(c);
      }, options),
    );
    const ask = await listen(app);
    expect(await ask("/a")).toMatchObject({ status: 200, way: "fwd=uri-miss; detail=stream" });
    expect(await ask("/a")).toMatchObject({ status: 200, way: "fwd=bypass; detail=stream" });
    expect((await ask("/a")).text).toMatch(/^x$|^data: x\n\n$/);
    expect(runs).toBe(3);
  });

  test("what a stream has written is there before its end", async () => {
    const { options } = cacheOptions();
    const end = gate();
    const app = new Hono().get(
      "/a",
      cachedRoute(
        (c) =>
          streamText(c, async (out) => {
            await out.write("first");
            await end.opened;
          }),
        options,
      ),
    );
    const response = await app.request("/a");
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("first");
    end.open();
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  test("what the handler has sent by itself", async () => {
    const { options } = cacheOptions();
    interface Bindings {
      outgoing: { writeHead: (status: number) => void; end: (text: string) => void };
    }
    const app = new Hono<{ Bindings: Bindings }>().get(
      "/a",
      cachedRoute((c) => {
        c.env.outgoing.writeHead(201);
        c.env.outgoing.end("sent");
        return RESPONSE_ALREADY_SENT;
      }, options),
    );
    const ask = await listen(app);
    for (const run of [1, 2, 3]) expect([run, await ask("/a")]).toMatchObject([run, { status: 201, text: "sent" }]);
  });

  test("what is left to the next handler", async () => {
    const { options } = cacheOptions();
    const app = new Hono();
    app.get(
      "/a",
      cachedRoute(async (c, next) => {
        if (c.req.query("next") === undefined) return c.text("mine");
        await next();
        c.header("X-After", "yes");
        return undefined;
      }, options),
    );
    app.get("/a", (c) => c.text("next"));
    const ask = await listen(app);
    expect(await ask("/a?next")).toMatchObject({ text: "next", way: "fwd=uri-miss; detail=next" });
    expect(await ask("/a?next")).toMatchObject({
      text: "next",
      way: "fwd=bypass; detail=next",
      headers: { "x-after": "yes" },
    });
    expect(await ask("/a")).toMatchObject({ text: "mine", way: STORED });
  });
});

describe("a handler that throws", () => {
  test("is answered for by onError, for all who wait", async () => {
    const { options } = cacheOptions();
    const opened = gate();
    let runs = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      c.header("X-Client", c.req.header("X-Client"));
      await next();
    });
    app.onError((error, c) => c.text(`oops: ${error.message}`, 500));
    app.get(
      "/a",
      cachedRoute(async () => {
        runs++;
        await opened.opened;
        throw new Error("broken");
      }, options),
    );
    const ask = await listen(app);
    const asked = ["1", "2"].map((client) => ask("/a", { headers: { "X-Client": client } }));
    await expect.poll(() => runs).toBe(1);
    opened.open();
    const answers = await Promise.all(asked);
    expect(answers.map(({ headers }) => headers["x-client"])).toEqual(["1", "2"]);
    for (const { status, text } of answers) expect([status, text]).toEqual([500, "oops: broken"]);
    expect(answers[0]?.way).toBe("fwd=uri-miss; detail=error");
  });

  test("an HTTPException is answered as without the cache, and takes the place of an old response", async () => {
    const { clock, options } = cacheOptions();
    let status: 200 | 404 | 503 = 200;
    const handler = (c: Context): Response => {
      if (status === 200) return c.text("there");
      throw new HTTPException(status, { message: `is ${status}` });
    };
    const app = new Hono().get("/a", cachedRoute(handler, { ...options, staleIfError: "1h" })).get("/plain", handler);
    const ask = await listen(app);
    await ask("/a");
    await clock.advance(61_000);
    status = 503;
    expect(await ask("/a")).toMatchObject({ status: 200, text: "there" });
    // The failure is backed off from.
    await clock.advance(600_000);
    status = 404;
    const plain = await ask("/plain");
    expect(await ask("/a")).toMatchObject({
      status: plain.status,
      text: plain.text,
      way: "fwd=stale; detail=exception",
    });
    expect(await ask("/a")).toMatchObject({ status: 404, text: "is 404", way: "fwd=bypass; detail=exception" });
  });

  test("of one client is not what another gets", async () => {
    const { options } = cacheOptions();
    const opened = gate();
    let runs = 0;
    const app = new Hono().get(
      "/a",
      cachedRoute(async (c) => {
        runs++;
        await opened.opened;
        throw new HTTPException(403, { message: `not for ${c.req.header("Cookie")}` });
      }, options),
    );
    const ask = await listen(app);
    const asked = ["a", "b"].map((user) => ask("/a", { headers: { Cookie: user } }));
    await expect.poll(() => runs).toBe(1);
    opened.open();
    expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(["not for a", "not for b"]);
  });
});
