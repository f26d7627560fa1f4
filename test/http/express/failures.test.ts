// Handlers of Express that fail, go on, or never answer.

import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/express/index.ts";
import { gate } from "../handler-kit.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { listen, onFakeTime, rawClient, type Running } from "../node/server-kit.ts";

forbidUnhandledRejections();

const answerError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) return next(error);
  const status = (error as { status?: number })?.status ?? 500;
  res.status(status).send(`failed: ${error instanceof Error ? error.message : String(error)}`);
};

interface Tried {
  readonly clock: ReturnType<typeof onFakeTime>["clock"];
  readonly ask: Running["ask"];
  readonly port: number;
  readonly runs: () => number;
  /** How many requests have come so far. */
  readonly arrived: () => number;
}

/** A route that answers well the first time, if it is said how long that holds, and then as `bad` does. */
async function serve(bad: RequestHandler, good: string | false = "max-age=10, stale-if-error=60"): Promise<Tried> {
  const { options, clock } = onFakeTime<express.Request>({});
  let runs = 0;
  let arrived = 0;
  const app = express();
  app.get(
    "/x",
    (_req, _res, next) => {
      arrived++;
      next();
    },
    cachedRoute((req, res, next) => {
      if (++runs > 1 || good === false) return bad(req, res, next);
      return void res.set("Cache-Control", good).send("old");
    }, options),
    (_req, res) => void res.send("the next of the route"),
  );
  app.get("/x", (_req, res) => void res.send("the next route"));
  app.use(answerError);
  return { ...(await listen(app)), clock, runs: () => runs, arrived: () => arrived };
}

const FAILURES: Readonly<Record<string, RequestHandler>> = {
  throws: () => {
    throw new Error("down");
  },
  rejects: () => Promise.reject(new Error("down")),
  "calls next(error)": (_req, _res, next) => next(new Error("down")),
  "calls next(error) later": (_req, _res, next) => void setImmediate(() => next(new Error("down"))),
  "calls next with a text": (_req, _res, next) => next("down"),
  "fails with a 503 of its own": (_req, _res, next) => next(Object.assign(new Error("down"), { status: 503 })),
  "cannot render": (_req, res) =>
    res.app.engine("bad", (_path, _o, done) => done(new Error("down"))) &&
    res.render(import.meta.filename.replace(/[^/]*$/, "none.bad")),
  "cannot find the file": (_req, res) => res.sendFile("/nowhere/at-all", { root: "/" }),
};

describe.each(Object.keys(FAILURES))("a handler that %s", (name) => {
  const fail = FAILURES[name] as RequestHandler;
  const isMissing = name === "cannot find the file";

  test("fails for each who asks, by the error handlers, and nothing is stored", async () => {
    const { ask, runs } = await serve(fail, false);
    const all = await Promise.all([1, 2, 3].map(() => ask("/x")));
    for (const { status, text } of all) {
      expect([status, text.startsWith("failed: ")]).toEqual([isMissing ? 404 : name.includes("503") ? 503 : 500, true]);
    }
    const before = runs();
    await ask("/x");
    expect(runs()).toBe(before + 1);
  });

  test("is answered for by the old response, unless the error says that there is none", async () => {
    const { ask, clock } = await serve(fail);
    await ask("/x");
    await clock.advance(15_000);
    expect(await ask("/x")).toMatchObject(isMissing ? { status: 404 } : { status: 200, text: "old" });
    await clock.advance(55_000);
    expect((await ask("/x")).status).not.toBe(200);
  });
});

test("a handler that answers 503 is answered for by the old response, and by itself without one", async () => {
  const { ask, clock } = await serve((_req, res) => void res.status(503).send("down"));
  await ask("/x");
  await clock.advance(15_000);
  expect(await ask("/x")).toMatchObject({
    status: 200,
    text: "old",
    way: "fwd=stale; fwd-status=503; ttl=-5; detail=stale-if-error",
  });
  await clock.advance(55_000);
  expect(await ask("/x")).toMatchObject({ status: 503, text: "down", way: "fwd=uri-miss; detail=failure" });
});

describe("a handler that leaves the request to the next one", () => {
  const LEFT: Readonly<Record<string, [RequestHandler, string]>> = {
    "next()": [(_req, _res, next) => next(), "the next of the route"],
    'next("route")': [(_req, _res, next) => next("route"), "the next route"],
    "an error that says 410": [
      (_req, _res, next) => next(Object.assign(new Error("gone"), { status: 410 })),
      "failed: gone",
    ],
    "a thrown error that says 404": [
      () => {
        throw Object.assign(new Error("none"), { status: 404 });
      },
      "failed: none",
    ],
  };

  test.each(Object.keys(LEFT))("%s does so for each request, also where there is an old response", async (name) => {
    const [leave, expected] = LEFT[name] as [RequestHandler, string];
    const { ask, clock } = await serve(leave);
    await ask("/x");
    await clock.advance(15_000);
    const all = await Promise.all([1, 2, 3, 4].map(() => ask("/x")));
    expect(all.map(({ text }) => text)).toEqual([expected, expected, expected, expected]);
    const later = await ask("/x");
    expect([later.text, later.way]).toEqual([expected, "fwd=bypass; detail=no-store"]);
  });

  test("is not waited for by others, once it is known", async () => {
    const hold = gate();
    const { ask, runs } = await serve(async (_req, _res, next) => {
      if (runs() === 2) await hold.opened;
      next();
    }, false);
    await ask("/x");
    const second = ask("/x");
    await waitUntil(() => runs() === 2, { what: "the second is under way" });
    expect((await ask("/x")).text).toBe("the next of the route");
    hold.open();
    await second;
  });
});

describe("after the answer", () => {
  test.each<[string, RequestHandler]>([
    [
      "next()",
      (_req, res, next) => {
        res.set("Cache-Control", "max-age=60").send("whole");
        next();
      },
    ],
    [
      "write and end",
      (_req, res) => {
        res.set("Cache-Control", "max-age=60").end("whole");
        res.write("more", () => undefined);
        res.end("still more", () => undefined);
      },
    ],
  ])("%s changes nothing", async (_, handler) => {
    const { ask } = await serve(handler, false);
    expect(await ask("/x")).toMatchObject({ status: 200, text: "whole" });
    expect(await ask("/x")).toMatchObject({ text: "whole", way: "hit; ttl=60" });
  });

  test("an error is a warning", async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", onWarning);
    const { ask } = await serve((_req, res) => {
      res.set("Cache-Control", "max-age=60").send("whole");
      throw new Error("too late");
    }, false);
    expect(await ask("/x")).toMatchObject({ status: 200, text: "whole" });
    await waitUntil(() => warnings.includes("too late"), { what: "it is told" });
    process.off("warning", onWarning);
  });

  test("in the middle of one, an error is everybody's who waits, and nothing is stored", async () => {
    const hold = gate();
    const { ask, runs, arrived } = await serve(async (_req, res, next) => {
      res.set("Cache-Control", "max-age=60").write("half");
      const isFirst = runs() === 1;
      if (isFirst) await hold.opened;
      if (isFirst) next(new Error("broken off"));
      else res.end(" and half");
    }, false);
    const asked = [ask("/x"), ask("/x")];
    await waitUntil(() => arrived() === 2, { what: "both have come" });
    hold.open();
    const both = await Promise.all(asked);
    for (const one of both) expect(one).toMatchObject({ status: 500, text: "failed: broken off" });
    expect(await ask("/x")).toMatchObject({ status: 200, text: "half and half" });
  });

  test("in the middle of one that is passed on, its client sees it break off", async () => {
    const { ask } = await serve((_req, res, next) => {
      res.set("Cache-Control", "no-store").write("half");
      setImmediate(() => next(new Error("broken off")));
    }, false);
    for (let run = 1; run <= 2; run++) await expect(ask("/x")).rejects.toThrow(/aborted|socket hang up|ECONNRESET/);
  });

  test.each<[string, RequestHandler]>([
    ["response", (_req, res) => void res.destroy()],
    ["request", (req) => void req.destroy()],
  ])("a destroyed %s is a failure", async (_, handler) => {
    const { ask } = await serve(handler, false);
    expect((await ask("/x")).text).toContain("has destroyed its");
  });
});

describe("a handler that never answers", () => {
  test("is told when its last client leaves", async () => {
    const closed: string[] = [];
    const { port, runs } = await serve((req, res) => {
      req.on("close", () => closed.push("request"));
      res.on("close", () => closed.push(`response ${String(res.writableEnded)}`));
    }, false);
    const clients = await Promise.all([1, 2].map(() => rawClient(port, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")));
    await waitUntil(() => runs() === 1, { what: "the handler runs" });
    clients[0]?.socket.destroy();
    clients[1]?.socket.destroy();
    await waitUntil(() => closed.length === 2, { what: "both are closed" });
    expect(closed.toSorted()).toEqual(["request", "response false"]);
  });

  test("is given up in the background, and the old response is given meanwhile", async () => {
    const closed: string[] = [];
    const { ask, clock, runs } = await serve(
      (req) => void req.on("close", () => closed.push("request")),
      "max-age=10, stale-while-revalidate=3600",
    );
    await ask("/x");
    await clock.advance(15_000);
    expect(await ask("/x")).toMatchObject({ text: "old", way: "hit; ttl=-5" });
    await waitUntil(() => runs() === 2, { what: "the handler runs behind" });
    expect((await ask("/x")).text).toBe("old");
    expect([runs(), closed]).toEqual([2, []]);
    await clock.advance(60_000);
    await waitUntil(() => closed.length === 1, { what: "it is given up" });
    expect((await ask("/x")).text).toBe("old");
  });
});
