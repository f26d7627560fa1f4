// cachedRoute for Fastify when handlers fail, clients leave, and many come at once.

import { connect } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { gate } from "../handler-kit.ts";
import { serveRoute, type Handler } from "./kit.ts";
import type { FastifyInstance } from "fastify";

forbidUnhandledRejections();

class Refused extends Error {
  readonly statusCode = 418;
}

function withErrorHandler(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { message = String(error), statusCode = reply.statusCode } = error as Partial<Refused>;
    return reply.code(statusCode).send({ failed: message, for: request.headers["x-name"] });
  });
}

describe("a failure goes to the error handler of the app, for each client that waits", () => {
  const fails: Record<string, [Handler, number, string]> = {
    "that is thrown": [
      async () => {
        throw new Refused("no");
      },
      418,
      "no",
    ],
    "that is thrown at once": [
      () => {
        throw new Refused("now");
      },
      418,
      "now",
    ],
    "that is no error": [
      async () => {
        // oxlint-disable-next-line typescript/only-throw-error -- handlers do
        throw "just a text";
      },
      200,
      "just a text",
    ],
    "that is sent": [async (_, reply) => reply.send(new Refused("sent")), 418, "sent"],
    "that comes after a status": [
      async (_, reply) => {
        void reply.code(409);
        throw new Error("late");
      },
      409,
      "late",
    ],
    "of serialisation": [async (_, reply) => reply.send({ n: 1n }), 200, "Do not know how to serialize a BigInt"],
    "of a stream": [
      async () =>
        new Readable({
          read() {
            this.destroy(new Refused("no file"));
          },
        }),
      418,
      "no file",
    ],
  };

  test.each(Object.keys(fails))("%s", async (name) => {
    const [handler, status, message] = fails[name] as (typeof fails)[string];
    const { opened, open } = gate();
    let runs = 0;
    const { ask } = await serveRoute(
      async function slow(request, reply) {
        runs++;
        await opened;
        return handler.call(this, request, reply);
      },
      {},
      withErrorHandler,
    );
    const answers = ["one", "two", "three"].map((client) => ask("/a", { headers: { "X-Name": client } }));
    await waitUntil(() => runs > 0, { what: "the handler is run" });
    open();
    const got = (await Promise.all(answers)).map((answer) => [answer.status, JSON.parse(answer.text) as unknown]);
    expect(got).toEqual(["one", "two", "three"].map((client) => [status, { failed: message, for: client }]));
    expect((await ask("/a")).status).toBe(status);
  });

  test.each(["thrown", "sent"])("and says so, with hooks for errors run once for each: %s", async (how) => {
    const told: string[] = [];
    const { ask } = await serveRoute(
      async (_, reply) => {
        if (how === "sent") return reply.send(new Refused("no"));
        throw new Refused("no");
      },
      {},
      (app) => app.addHook("onError", async ({ headers }) => void told.push(String(headers["x-name"]))),
    );
    const answer = await ask("/a", { headers: { "X-Name": "me" } });
    expect([answer.status, answer.way]).toEqual([418, "fwd=uri-miss; detail=failure"]);
    expect(told).toEqual(["me"]);
  });
});

describe("with an old response at hand", () => {
  const failing: Record<string, Handler> = {
    thrown: async () => {
      throw new Error("down");
    },
    answered: async (_, reply) => reply.code(503).send("down"),
  };

  test.each(Object.keys(failing))("a failure that is %s is not seen", async (how) => {
    let runs = 0;
    const { ask, clock } = await serveRoute(
      function sometimes(request, reply) {
        return runs++ === 0 ? "old" : failing[how]?.call(this, request, reply);
      },
      { staleIfError: "1h" },
    );
    await ask("/a");
    await clock.advance(61_000);
    const answer = await ask("/a");
    expect([answer.status, answer.text]).toEqual([200, "old"]);
    await clock.advance(3_600_000);
    expect((await ask("/a")).status).toBe(how === "thrown" ? 500 : 503);
  });

  test("the handler is run behind, when the client has its answer, and its failure hurts nobody", async () => {
    let runs = 0;
    const { ask, clock } = await serveRoute(
      async (_, reply) => {
        runs++;
        if (runs === 2) throw new Error("behind");
        return reply.send(`run ${runs}`);
      },
      { staleWhileRevalidate: "1h" },
    );
    await ask("/a");
    await clock.advance(61_000);
    expect((await ask("/a")).text).toBe("run 1");
    await waitUntil(() => runs === 2, { what: "the handler is run behind" });
    await clock.advance(60_000);
    expect((await ask("/a")).text).toBe("run 1");
    await waitUntil(() => runs === 3, { what: "the handler is run again" });
    await waitUntil(async () => (await ask("/a")).text === "run 3", { what: "the new response is given" });
  });
});

test("a thousand clients of a slow route cost one run", async () => {
  const { opened, open } = gate();
  let runs = 0;
  let come = 0;
  const { ask, clock } = await serveRoute(
    async () => {
      runs++;
      await opened;
      return { runs };
    },
    {},
    (app) => app.addHook("preHandler", async () => void come++),
  );
  const answers = Array.from({ length: 1_000 }, () => ask("/a"));
  await waitUntil(() => come === 1_000, { what: "all have come", deadlineMs: 20_000 });
  await clock.advance(1);
  open();
  const got = await Promise.all(answers);
  expect(new Set(got.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 {"runs":1}']));
  expect(new Set(got.map(({ way }) => way))).toEqual(
    new Set(["fwd=uri-miss; ttl=60; stored", "fwd=uri-miss; ttl=60; collapsed"]),
  );
  expect(runs).toBe(1);
}, 60_000);

test("what cannot be stored is not shared, and does not wait for others", async () => {
  const gates = [gate(), gate(), gate()];
  let runs = 0;
  const { ask } = await serveRoute(async (_, reply) => {
    const run = runs++;
    await gates[run]?.opened;
    return reply.header("set-cookie", `id=${run}`).send(`run ${run}`);
  });
  const first = ask("/a");
  gates[0]?.open();
  expect([(await first).text, (await first).way]).toEqual(["run 0", "fwd=uri-miss; detail=set-cookie"]);
  const others = [ask("/a"), ask("/a")];
  await waitUntil(() => runs === 3, { what: "both are run at once" });
  gates.forEach(({ open }) => open());
  const got = await Promise.all(others);
  const given = got.map(({ text, headers }) => `${text} ${headers.get("set-cookie")}`);
  expect(new Set(given)).toEqual(new Set(["run 1 id=1", "run 2 id=2"]));
  expect(got.map(({ way }) => way)).toEqual(["fwd=bypass; detail=set-cookie", "fwd=bypass; detail=set-cookie"]);
});

describe("a client that leaves", () => {
  function leaver(url: string): Promise<{ readonly leave: () => void }> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    return new Promise((resolve) => {
      socket.once("connect", () => {
        socket.write("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        resolve({ leave: () => socket.destroy() });
      });
    });
  }

  test("does not end the run that others wait for", async () => {
    const { opened, open } = gate();
    const signals: AbortSignal[] = [];
    let come = 0;
    const { ask, url } = await serveRoute(
      async ({ signal }) => {
        signals.push(signal);
        await opened;
        return "all of it";
      },
      {},
      (app) => {
        app.addHook("preHandler", async () => void come++);
        app.addHook("onRequestAbort", async (_request) => void come++);
      },
    );
    const { leave } = await leaver(url());
    await waitUntil(() => signals.length === 1, { what: "the handler is run" });
    const other = ask("/a");
    await waitUntil(() => come === 2, { what: "the other has come" });
    leave();
    await waitUntil(() => come === 3, { what: "the first is gone" });
    expect(signals[0]?.aborted).toBe(false);
    open();
    expect((await other).text).toBe("all of it");
    expect(signals).toHaveLength(1);
  });

  test("ends it if nobody else does, and is no error of the app", async () => {
    const failures: unknown[] = [];
    let signal: AbortSignal | undefined;
    let closed = false;
    const { ask, url } = await serveRoute(
      async (request) => {
        if (signal !== undefined) return "again";
        ({ signal } = request);
        request.raw.once("close", () => {
          closed = true;
        });
        return new Promise(() => undefined);
      },
      {},
      (app) => app.addHook("onError", async (_request, _reply, error) => void failures.push(error)),
    );
    const { leave } = await leaver(url());
    await waitUntil(() => signal, { what: "the handler is run" });
    leave();
    await waitUntil(() => signal?.aborted === true && closed, { what: "the run is told" });
    expect((await ask("/a")).text).toBe("again");
    expect(failures).toEqual([]);
  });

  test("ends the source of what is its own alone", async () => {
    const ended = gate();
    const { url, ask } = await serveRoute(async (_, reply) =>
      reply.type("text/event-stream").send(
        new Readable({
          read() {
            this.push("data: x\n\n");
          },
          destroy(error, done) {
            ended.open();
            done(error);
          },
        }),
      ),
    );
    const leaving = new AbortController();
    const response = await fetch(`${url()}/a`, { signal: leaving.signal });
    expect(response.headers.get("cache-status")).toBe("freshtier; fwd=uri-miss; detail=stream");
    await response.body?.getReader().read();
    leaving.abort();
    await ended.opened;
    expect(ask).toBeDefined();
  });
});

test("a handler that writes to a client for long is told when that one leaves", async () => {
  const told: string[] = [];
  const { url } = await serveRoute((request, reply) => {
    request.raw.once("close", () => told.push("request closed"));
    reply.raw.once("close", () => told.push("response closed"));
    request.signal.addEventListener("abort", () => told.push("signal aborted"));
    reply.raw.writeHead(200, { "Content-Type": "text/event-stream" });
    reply.raw.write("data: x\n\n");
  });
  for (const way of ["fwd=uri-miss; detail=stream", "fwd=bypass; detail=stream"]) {
    const leaving = new AbortController();
    const response = await fetch(`${url()}/a`, { signal: leaving.signal });
    expect(response.headers.get("cache-status")).toBe(`freshtier; ${way}`);
    await response.body?.getReader().read();
    leaving.abort();
    await waitUntil(() => told.length === 3, { what: "the handler has been told" });
    expect(told.splice(0).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "request closed",
      "response closed",
      "signal aborted",
    ]);
  }
});

test("a body that breaks off is not stored", async () => {
  let runs = 0;
  const { ask } = await serveRoute(async (_, reply) => {
    if (++runs === 2) return "whole";
    let read = 0;
    const broken = new Readable({
      read() {
        if (read++ === 0) this.push("half");
        else this.destroy(new Error("broken"));
      },
    });
    return reply.type("text/plain").send(broken);
  });
  expect((await ask("/a")).status).toBe(500);
  expect((await ask("/a")).text).toBe("whole");
});

test("a body that is too long is passed through, all of it, and not stored", async () => {
  const chunk = Buffer.alloc(64 * 1024, "x");
  let runs = 0;
  const { ask } = await serveRoute(
    async (_, reply) => {
      runs++;
      return reply.type("text/plain").send(Readable.from(Array.from({ length: 32 }, () => chunk)));
    },
    { maxBodyBytes: 100_000 },
  );
  const answer = await ask("/a");
  expect([answer.text.length, answer.way]).toEqual([32 * chunk.length, "fwd=uri-miss; detail=too-large"]);
  expect((await ask("/a")).way).toBe("fwd=bypass; detail=too-large");
  expect(runs).toBe(2);
});

test("a handler that fails after it has answered has answered, as without the cache", async () => {
  const lines: string[] = [];
  let runs = 0;
  const { ask } = await serveRoute(
    async (_, reply) => {
      runs++;
      void reply.send("answer");
      throw new Error("too late");
    },
    {},
    undefined,
    { logger: { level: "error", stream: { write: (line: string) => void lines.push(line) } } },
  );
  for (const run of [1, 2]) expect([run, (await ask("/a")).text]).toEqual([run, "answer"]);
  expect(runs).toBe(1);
  expect(lines.join("")).toContain("too late");
});

test("a handler that destroys its request has failed, and nobody waits for it", async () => {
  const { ask } = await serveRoute(({ raw }) => {
    raw.destroy();
    return new Promise(() => undefined);
  });
  const { status, text } = await ask("/a");
  expect([status, text]).toEqual([500, expect.stringContaining("the handler has destroyed its request")]);
});
