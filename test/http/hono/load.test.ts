// Many clients of one route, clients that leave, and runs that nobody waits for.

import { Hono } from "hono";
import { stream } from "hono/streaming";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/hono/cached-route.ts";
import { gate } from "../handler-kit.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { cacheOptions, listen } from "./kit.ts";

describe("1,000 clients at once", () => {
  test("of a slow route share one run", async () => {
    const { clock, options } = cacheOptions();
    const opened = gate();
    let clients = 0;
    let runs = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      c.header("X-Client", String(++clients));
      await next();
    });
    app.get(
      "/a",
      cachedRoute(async (c) => {
        runs++;
        await opened.opened;
        return c.text("slow");
      }, options),
    );
    const ask = await listen(app);
    const asked = Array.from({ length: 1_000 }, () => ask("/a"));
    await waitUntil(() => clients === 1_000, { what: "all have come", deadlineMs: 20_000 });
    await clock.advance(1_000);
    opened.open();
    const answers = await Promise.all(asked);
    expect(runs).toBe(1);
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["slow"]));
    expect(new Set(answers.map(({ headers }) => headers["x-client"])).size).toBe(1_000);
    expect(answers.filter(({ way }) => way === "fwd=uri-miss; ttl=60; collapsed")).toHaveLength(999);
  }, 30_000);

  test("of one that cannot be stored do not wait for one another", async () => {
    const { options } = cacheOptions();
    let runs = 0;
    const together = gate();
    const app = new Hono().get(
      "/a",
      cachedRoute(async (c) => {
        // All but the first are under way before any has its answer.
        if (++runs === 101) together.open();
        if (runs > 1) await together.opened;
        return c.text("x", 200, { "Cache-Control": "no-store" });
      }, options),
    );
    const ask = await listen(app);
    await ask("/a");
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask("/a")));
    expect(new Set(answers.map(({ way }) => way))).toEqual(new Set(["fwd=bypass; detail=no-store"]));
  });
});

describe("a client that leaves", () => {
  test("does not end the run that others wait for, nor one that it has begun", async () => {
    const { clock, options } = cacheOptions();
    const opened = gate();
    const aborted: boolean[] = [];
    let clients = 0;
    const app = new Hono();
    app.use(async (_, next) => {
      clients++;
      await next();
    });
    app.get(
      "/a",
      cachedRoute(async (c) => {
        await opened.opened;
        aborted.push(c.req.raw.signal.aborted);
        return c.text("x");
      }, options),
    );
    const ask = await listen(app);
    const leaving = new AbortController();
    const first = ask("/a", { signal: leaving.signal }).catch((error: Error) => error.name);
    await waitUntil(() => clients === 1, { what: "the first has come" });
    const second = ask("/a");
    await waitUntil(() => clients === 2, { what: "the second has come" });
    leaving.abort();
    expect(await first).toBe("AbortError");
    await clock.advance(1_000);
    opened.open();
    expect(await second).toMatchObject({ text: "x", way: "fwd=uri-miss; ttl=60; collapsed" });
    expect(aborted).toEqual([false]);
  });

  test("as the last ends the run, and nothing is said of a failure", async () => {
    const { options } = cacheOptions();
    const ended = gate();
    const begun = gate();
    const errors: unknown[] = [];
    const statuses: number[] = [];
    const app = new Hono();
    app.onError((error, c) => {
      errors.push(error);
      return c.text("error", 500);
    });
    app.use(async (c, next) => {
      await next();
      statuses.push(c.res.status);
    });
    app.get(
      "/a",
      cachedRoute(async (c) => {
        if (c.req.header("X-Again") !== undefined) return c.text("again");
        begun.open();
        c.req.raw.signal.addEventListener("abort", ended.open);
        await ended.opened;
        c.req.raw.signal.throwIfAborted();
        return c.text("never");
      }, options),
    );
    const ask = await listen(app);
    const leaving = new AbortController();
    const asked = ask("/a", { signal: leaving.signal }).catch((error: Error) => error.name);
    await begun.opened;
    leaving.abort();
    expect(await asked).toBe("AbortError");
    await ended.opened;
    await waitUntil(() => statuses.length === 1, { what: "the request is over" });
    expect([errors, statuses]).toEqual([[], [499]]);
    expect((await ask("/a", { headers: { "X-Again": "1" } })).text).toBe("again");
  });

  test("ends the stream that is its own, of the run or of a handler of its own", async () => {
    const { options } = cacheOptions();
    const runs: { readonly begun: () => void; readonly ended: () => void }[] = [];
    const app = new Hono().get(
      "/a",
      cachedRoute(
        (c) =>
          stream(c, async (out) => {
            const ended = gate();
            const run = runs.pop();
            out.onAbort(() => {
              run?.ended();
              ended.open();
            });
            await out.write("x");
            run?.begun();
            await ended.opened;
          }),
        options,
      ),
    );
    const ask = await listen(app);
    for (const which of ["the run's", "its own"]) {
      const [begun, ended, leaving] = [gate(), gate(), new AbortController()];
      runs.push({ begun: begun.open, ended: ended.open });
      const asked = ask("/a", { signal: leaving.signal }).catch((error: Error) => error.message);
      await begun.opened;
      leaving.abort();
      await ended.opened;
      expect([which, typeof (await asked)]).toEqual([which, "string"]);
    }
  });
});

test("a run behind has variables of its request, a Context of its own, and no word of the client that has left", async () => {
  const { clock, options } = cacheOptions();
  const behind = gate();
  const seen: unknown[] = [];
  let runs = 0;
  const app = new Hono<{ Variables: { db: string } }>();
  app.use(async (c, next) => {
    c.set("db", "main");
    await next();
  });
  app.get(
    "/a",
    cachedRoute(
      async (c) => {
        const run = ++runs;
        if (run === 2) await behind.opened;
        seen.push([c.get("db"), c.req.raw.signal.aborted, c.finalized]);
        c.header("X-Run", String(run));
        return c.text(`run ${run}`);
      },
      { ...options, staleWhileRevalidate: "1m" },
    ),
  );
  const ask = await listen(app);
  await ask("/a");
  await clock.advance(61_000);
  // On a connection of its own, which it ends.
  expect(await ask("/a", { headers: { Connection: "close" } })).toMatchObject({ text: "run 1", way: "hit; ttl=-1" });
  await waitUntil(() => runs === 2, { what: "the run has begun" });
  behind.open();
  await expect.poll(async () => (await ask("/a")).text).toBe("run 2");
  expect((await ask("/a")).headers["x-run"]).toBe("2");
  expect(seen).toEqual([
    ["main", false, false],
    ["main", false, false],
  ]);
});

test("a failure behind reaches nobody", async () => {
  const { clock, options } = cacheOptions();
  let runs = 0;
  const app = new Hono().get(
    "/a",
    cachedRoute(
      (c) => {
        if (++runs > 1) throw new Error("down");
        return c.text("run 1");
      },
      { ...options, staleWhileRevalidate: "1h" },
    ),
  );
  const ask = await listen(app);
  await ask("/a");
  await clock.advance(61_000);
  expect((await ask("/a")).text).toBe("run 1");
  await waitUntil(() => runs === 2, { what: "it has failed" });
  expect((await ask("/a")).text).toBe("run 1");
});

test("requests one after another on one connection are told apart", async () => {
  const { options } = cacheOptions();
  const app = new Hono().get(
    "/a/:id",
    cachedRoute((c) => c.text(c.req.path), options),
  );
  const ask = await listen(app);
  for (const run of [1, 2])
    for (const id of ["1", "2"]) expect([run, (await ask(`/a/${id}`)).text]).toEqual([run, `/a/${id}`]);
});
