// A thousand clients on a thousand sockets: one run for what is shared, and no waiting for each other for what is not.

import { Agent, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import express from "express";
import { describe, expect, test } from "vitest";
import { cachedRoute as forExpress } from "../../../src/http/express/index.ts";
import { cachedRoute, type NodeHandler } from "../../../src/http/index.ts";
import { gate } from "../handler-kit.ts";
import { createCache } from "../../support/cache.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { listen } from "../node/server-kit.ts";

forbidUnhandledRejections();

const CLIENTS = 1_000;

type Fake = ReturnType<typeof createCache>;
type Handler = NodeHandler<IncomingMessage, ServerResponse>;

/** A server with one cached route, which counts who comes to it. */
const SERVERS: Readonly<Record<string, (handler: Handler, onCome: () => void, on?: Fake) => RequestListener>> = {
  Express: (handler, onCome, { cache, clock } = createCache()) => {
    const app = express();
    app.use((_req, _res, next) => {
      onCome();
      next();
    });
    return app.get(
      "/slow",
      forExpress((req, res, next) => handler(req, res, next), { cache, clock }),
    );
  },
  "node:http": (handler, onCome, { cache, clock } = createCache()) => {
    const route = cachedRoute(handler, { cache, clock });
    return (req, res) => {
      onCome();
      void route(req, res);
    };
  },
};

describe.each(Object.keys(SERVERS))("%s", (name) => {
  const build = SERVERS[name] as (typeof SERVERS)[string];

  test("1,000 clients of a slow route are answered by one run", { timeout: 60_000 }, async () => {
    const hold = gate();
    let runs = 0;
    let come = 0;
    const fake = createCache();
    const listener = build(
      async (_req, res) => {
        runs++;
        await hold.opened;
        res.setHeader("Cache-Control", "max-age=60");
        res.end("slow");
      },
      () => come++,
      fake,
    );
    const { ask } = await listen(listener, new Agent({ keepAlive: true, maxSockets: CLIENTS }));
    const asked = Array.from({ length: CLIENTS }, () => ask("/slow"));
    await waitUntil(() => come === CLIENTS, { what: "all have come", deadlineMs: 30_000 });
    await fake.clock.advance(100);
    hold.open();
    const replies = await Promise.all(asked);
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(["200 slow"]));
    expect(runs).toBe(1);
    expect(replies.filter(({ way }) => way === "fwd=uri-miss; ttl=60; collapsed")).toHaveLength(CLIENTS - 1);
    const again = await Promise.all(Array.from({ length: CLIENTS }, () => ask("/slow")));
    expect(new Set(again.map(({ way }) => way))).toEqual(new Set(["hit; ttl=60"]));
    expect(runs).toBe(1);
  });

  test("1,000 clients of a route that cannot be stored all run at once", { timeout: 60_000 }, async () => {
    const hold = gate();
    let runs = 0;
    let running = 0;
    let most = 0;
    const listener = build(
      async (_req, res) => {
        const run = ++runs;
        most = Math.max(most, ++running);
        if (run > 1) await hold.opened;
        running--;
        res.setHeader("Cache-Control", "no-store");
        res.end(`run ${run}`);
      },
      () => undefined,
    );
    const { ask } = await listen(listener, new Agent({ keepAlive: true, maxSockets: CLIENTS }));
    await ask("/slow");
    const asked = Array.from({ length: CLIENTS }, () => ask("/slow"));
    await waitUntil(() => running === CLIENTS, { what: "all are under way", deadlineMs: 30_000 });
    hold.open();
    const replies = await Promise.all(asked);
    expect([most, runs, new Set(replies.map(({ text }) => text)).size]).toEqual([CLIENTS, CLIENTS + 1, CLIENTS]);
  });

  test("10,000 hits leave no listeners behind", { timeout: 60_000 }, async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", onWarning);
    const sockets = new Set<Socket>();
    const listener = build(
      (_req, res) => {
        res.setHeader("Cache-Control", "max-age=60");
        res.end("x");
      },
      () => undefined,
    );
    const { ask, server } = await listen(listener, new Agent({ keepAlive: true, maxSockets: 20 }));
    server.on("connection", (socket) => void sockets.add(socket));
    const listeners = (): number[] =>
      [...sockets].map((socket) => socket.eventNames().reduce((sum, event) => sum + socket.listenerCount(event), 0));
    const hit = async (times: number): Promise<void> => {
      for (let done = 0; done < times; done += 100) await Promise.all(Array.from({ length: 100 }, () => ask("/slow")));
    };
    await hit(100);
    const before = Math.max(...listeners());
    await hit(10_000);
    expect(sockets.size).toBeLessThanOrEqual(20);
    expect(Math.max(...listeners())).toBeLessThanOrEqual(before);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});
