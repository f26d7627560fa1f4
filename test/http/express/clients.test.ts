// Clients of an Express route on real sockets that leave, are slow, or say several things at once.

import { connect } from "node:net";
import { once } from "node:events";
import express, { type Request, type RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/express/index.ts";
import type { CachedRouteOptions } from "../../../src/http/options.ts";
import { gate } from "../handler-kit.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { listen, onFakeTime, rawClient, type Running } from "../node/server-kit.ts";

forbidUnhandledRejections();

const GET = "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n";

interface Served extends Running {
  readonly runs: () => number;
  /** How many requests have come so far. */
  readonly arrived: () => number;
  readonly clock: ReturnType<typeof onFakeTime>["clock"];
}

async function serve(
  answer: (req: Request, res: express.Response, run: number) => unknown,
  given: Omit<CachedRouteOptions<Request>, "cache"> = {},
): Promise<Served> {
  const { options, clock } = onFakeTime<Request>({ ttl: "1m", ...given });
  let runs = 0;
  let arrived = 0;
  const count: RequestHandler = (_req, _res, next) => {
    arrived++;
    next();
  };
  const app = express().use(count);
  app.all(
    "/x",
    cachedRoute((req, res) => answer(req, res, ++runs), options),
  );
  return { ...(await listen(app)), runs: () => runs, arrived: () => arrived, clock };
}

describe("a client that leaves", () => {
  test("does not hurt five others who wait for the run that it has begun", async () => {
    const hold = gate();
    const { port, ask, runs, arrived } = await serve(async (_req, res) => {
      await hold.opened;
      res.send("for all");
    });
    const first = await rawClient(port, GET);
    await waitUntil(() => runs() === 1, { what: "the first has begun" });
    const others = Array.from({ length: 5 }, () => ask("/x"));
    await waitUntil(() => arrived() === 6, { what: "all have come" });
    first.socket.destroy();
    await once(first.socket, "close");
    hold.open();
    for (const { text } of await Promise.all(others)) expect(text).toBe("for all");
    expect(runs()).toBe(1);
    expect((await ask("/x")).way).toMatch(/^hit/);
  });

  test("during the run behind its stale answer does not end it", async () => {
    const hold = gate();
    const { port, ask, runs, clock } = await serve(
      async (req, res, run) => {
        req.on("aborted", () => res.destroy());
        if (run > 1) await hold.opened;
        res.send(`run ${run}`);
      },
      { staleWhileRevalidate: "1h" },
    );
    await ask("/x");
    await clock.advance(70_000);
    const first = await rawClient(port, GET);
    await waitUntil(() => first.received().endsWith("run 1"), { what: "it has the stale answer" });
    await waitUntil(() => runs() === 2, { what: "the handler runs behind" });
    first.socket.destroy();
    await once(first.socket, "close");
    hold.open();
    await waitUntil(async () => (await ask("/x")).text === "run 2", { what: "the new answer is stored" });
    expect(runs()).toBe(2);
  });

  test("in the middle of a long body ends its source, and nothing else", async () => {
    const closed: string[] = [];
    const { port, ask } = await serve(
      (_req, res, run) => {
        res.on("close", () => closed.push(`run ${run}`));
        const timer = setInterval(() => res.write(Buffer.alloc(10_000)), 1);
        res.on("close", () => clearInterval(timer));
      },
      { maxBodyBytes: 20_000 },
    );
    for (const run of ["run 1", "run 2"]) {
      const client = await rawClient(port, GET);
      await waitUntil(() => client.received().length > 50_000, { what: "it reads" });
      client.socket.destroy();
      await waitUntil(() => closed.includes(run), { what: `${run} is told` });
    }
    expect((await ask("/none")).status).toBe(404);
  });

  test.each(["yes", "no"])(
    "after a POST has changed something ends what its URI has; it answers: %s",
    async (answers) => {
      const hold = gate();
      let state = "old";
      const { port, ask, runs } = await serve(async (req, res) => {
        const isPost = req.method === "POST";
        if (isPost) state = "new";
        if (isPost) await hold.opened;
        if (!isPost || answers === "yes") res.send(state);
      });
      await ask("/x");
      const client = await rawClient(port, GET.replace("GET", "POST"));
      await waitUntil(() => runs() === 2, { what: "it is under way" });
      client.socket.destroy();
      await once(client.socket, "close");
      hold.open();
      await waitUntil(async () => (await ask("/x")).text === "new", { what: "the new state is seen" });
      expect(runs()).toBe(3);
    },
  );
});

describe("behind middleware", () => {
  const failures: string[] = [];

  async function behind(middleware: RequestHandler): Promise<Served> {
    const { options, clock } = onFakeTime<Request>({ ttl: "1m" });
    let runs = 0;
    const route = cachedRoute((_req, res) => {
      runs++;
      setImmediate(() => res.send("late"));
    }, options);
    const app = express().use(middleware).all("/x", route);
    app.use(((error: Error, _req, res, next) => {
      failures.push(error.message);
      if (!res.headersSent) next(error);
    }) satisfies express.ErrorRequestHandler);
    return { ...(await listen(app)), runs: () => runs, arrived: () => 0, clock };
  }

  test("that takes its time, a POST whose client has left is done all the same", async () => {
    const { port, runs } = await behind((_req, res, next) => void res.once("close", () => next()));
    const { socket } = await rawClient(port, GET.replace("GET", "POST"));
    socket.destroy();
    await waitUntil(() => runs() === 1, { what: "the handler is run" });
    expect(socket.destroyed).toBe(true);
  });

  test("that answers first, the cache keeps what comes later for others", async () => {
    const { ask, runs } = await behind((req, res, next) => {
      next();
      if (req.query["patient"] === undefined) void Promise.resolve().then(() => res.status(503).send("too late"));
    });
    expect(await ask("/x")).toMatchObject({ status: 503, text: "too late" });
    await waitUntil(() => runs() === 1, { what: "the handler is run" });
    expect((await ask("/x?patient")).text).toBe("late");
    expect(failures).toEqual([]);
  });
});

describe("a body that is too long for the cache", () => {
  test("is made as fast as a slow client reads it", async () => {
    const size = 64 * 1_024;
    let written = 0;
    const { port } = await serve(
      async (_req, res) => {
        for (let at = 0; at < 1_000; at++) {
          written += size;
          if (!res.write(Buffer.alloc(size, at))) await Promise.race([once(res, "drain"), once(res, "close")]);
          if (res.destroyed) return;
        }
        res.end();
      },
      { maxBodyBytes: 100_000 },
    );
    const socket = connect({ port, host: "127.0.0.1" });
    socket.write(GET);
    await once(socket, "readable");
    // It reads nothing more. The handler goes on until sockets and streams are full, and then waits.
    let last = -1;
    let same = 0;
    await waitUntil(
      () => {
        same = written === last ? same + 1 : 0;
        last = written;
        return same === 30;
      },
      { what: "the handler waits" },
    );
    expect(written).toBeLessThan(16 * 1_024 * 1_024);
    let received = 0;
    socket.on("data", (chunk: Buffer) => (received += chunk.length));
    await waitUntil(() => received > 1_000 * size, { what: "all has come", deadlineMs: 25_000 });
    socket.destroy();
  });

  test("reaches its client in full, and others get a run each", async () => {
    const { ask, runs } = await serve((_req, res, run) => void res.send(String(run).repeat(5_000)), {
      maxBodyBytes: 4_999,
    });
    for (const run of [1, 2, 3]) expect((await ask("/x")).text).toBe(String(run).repeat(5_000));
    expect(runs()).toBe(3);
  });
});

describe("several requests on one connection", () => {
  test("one after the other", async () => {
    const { ask, server } = await serve((_req, res) => void res.send("x"));
    let connections = 0;
    server.on("connection", () => connections++);
    for (let time = 0; time < 20; time++) expect((await ask("/x")).text).toBe("x");
    expect(connections).toBe(1);
  });

  test("at once are answered in their order, whichever comes from the cache", async () => {
    const hold = gate();
    const { port, ask } = await serve(async (req, res) => {
      if (req.query["slow"] !== undefined) await hold.opened;
      res.send(`<${req.originalUrl}>`);
    });
    await ask("/x");
    const line = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const { received } = await rawClient(port, line("/x?slow") + line("/x") + line("/x?slow") + line("/x?other"));
    hold.open();
    const bodies = (): string[] => [...received().matchAll(/<(.*?)>/g)].map(([, path]) => path as string);
    await waitUntil(() => bodies().length === 4, { what: "all are answered" });
    expect(bodies()).toEqual(["/x?slow", "/x", "/x?slow", "/x?other"]);
    expect(received()).toContain("Cache-Status: freshtier; hit; ttl=60");
  });
});

describe("a stream that begins late", () => {
  test.each(["GET", "POST"])("%s of server-sent events tells its client at once that it has begun", async (method) => {
    const closed: string[] = [];
    const { port } = await serve((_req, res) => {
      res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" }).flushHeaders();
      res.on("close", () => closed.push("closed"));
      const timer = setTimeout(() => res.write("data: 1\n\n"), 50);
      res.on("close", () => clearTimeout(timer));
    });
    for (let time = 1; time <= 2; time++) {
      const client = await rawClient(port, `${method} /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
      await waitUntil(() => client.received().includes("text/event-stream"), { what: "the head has come" });
      expect(client.received()).not.toContain("data");
      await waitUntil(() => client.received().includes("data: 1"), { what: "the event has come" });
      client.socket.destroy();
      await waitUntil(() => closed.length === time, { what: "the handler is told" });
    }
  });
});
