// What becomes of what a handler of Hono does: what is never stored, what is not found, left to the next handler, or thrown.

import { Hono, type Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { stream, streamSSE, streamText } from "hono/streaming";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/hono/cached-route.ts";
import { gate } from "../handler-kit.ts";
import { cacheOptions, listen } from "./kit.ts";

const STORED = "fwd=uri-miss; ttl=60; stored";
const HIT = "hit; ttl=60";

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
