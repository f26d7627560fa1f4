// @CachedRoute and what is around NestJS: compression, hooks of Fastify, requests without a socket, middleware, exception filters.

import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  type INestApplication,
  Param,
  Put,
  UseFilters,
} from "@nestjs/common";
import type { FastifyAdapter } from "@nestjs/platform-fastify";
import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { CachedRoute } from "../../src/nestjs/index.ts";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { crowd, openSite, PLATFORMS, wayOf, type Reply } from "./http-kit.ts";

forbidUnhandledRejections();

/** Prices that change. */
function pricesOf(seen: string[]) {
  const prices = new Map([["1", 10]]);

  @Controller("prices")
  @CachedRoute({ ttl: "1h" })
  class Prices {
    @Get(":id")
    price(@Param("id") id: string): object {
      seen.push(id);
      return { price: prices.get(id) };
    }

    @Put(":id/:price")
    put(): void {}

    @Put(":id")
    raise(@Param("id") id: string): string {
      prices.set(id, (prices.get(id) ?? 0) + 1);
      return "done";
    }
  }
  return Prices;
}

type Send = (request: { headers: Record<string, string> }, reply: Reply, payload: unknown) => Promise<unknown>;

function fastifyOf(app: INestApplication): { addHook(name: string, hook: Send): void } {
  return (app as INestApplication & { getHttpAdapter(): FastifyAdapter }).getHttpAdapter().getInstance() as never;
}

test("hooks of Fastify before sending run for each client, also asynchronous ones, on what is stored before them", async () => {
  const seen: string[] = [];
  const sent: unknown[] = [];
  const site = await openSite({
    platform: "fastify",
    controllers: [pricesOf(seen)],
    configure: (app) =>
      fastifyOf(app).addHook("onSend", async (request, reply, payload) => {
        sent.push(payload);
        await setImmediate();
        if (request.headers["accept-encoding"] !== "gzip") return payload;
        reply.header("Content-Encoding", "gzip").header("Vary", "accept-encoding");
        return gzipSync(String(payload));
      }),
  });
  for (const encoding of ["gzip", "identity", "gzip"]) {
    const answer = await site.fetch("/prices/1", { headers: { "accept-encoding": encoding } });
    expect([await answer.text(), answer.headers.get("content-encoding") ?? "identity"]).toEqual([
      '{"price":10}',
      encoding,
    ]);
  }
  expect([seen, sent]).toEqual([["1"], Array.from({ length: 3 }, () => '{"price":10}')]);
});

test("an application on Fastify that is asked without a socket answers the same", async () => {
  const seen: string[] = [];
  const { app } = await openSite({ platform: "fastify", controllers: [pricesOf(seen)] });
  const adapter = app.getHttpAdapter() as unknown as FastifyAdapter;
  const read = async (method: "GET" | "PUT"): Promise<string> =>
    (await adapter.inject({ method, url: "/prices/1" })).body;
  expect([await read("GET"), await read("GET")]).toEqual(['{"price":10}', '{"price":10}']);
  expect([await read("PUT"), await read("GET")]).toEqual(["done", '{"price":11}']);
  expect(seen).toEqual(["1", "1"]);
});

describe.each(PLATFORMS)("on %s", (platform) => {
  test("middleware sets what it will on the answer to its client, and nothing of it is stored", async () => {
    const seen: string[] = [];
    let count = 0;
    const site = await openSite({
      platform,
      controllers: [pricesOf(seen)],
      configure: (app) =>
        app.use((_req: object, res: ServerResponse, next: () => void) => {
          count += 1;
          res.setHeader("X-Count", String(count));
          res.setHeader("Set-Cookie", `count=${count}`);
          res.setHeader("Vary", "Origin");
          next();
        }),
    });
    for (const at of ["1", "2", "3"]) {
      const { headers } = await site.fetch("/prices/1");
      expect([headers.get("x-count"), headers.get("set-cookie"), headers.get("vary")]).toEqual([
        at,
        `count=${at}`,
        "Origin",
      ]);
    }
    expect(seen).toEqual(["1"]);
  });

  test("a client whose change the cache has not heard of yet has no answer yet", async () => {
    const site = await openSite({ platform, controllers: [pricesOf([])] });
    const [begun, held] = [deferred<void>(), deferred<void>()];
    const { cache } = site;
    const deleteMany = cache.deleteMany.bind(cache);
    cache.deleteMany = async (...given: Parameters<typeof deleteMany>) => {
      begun.resolve();
      await held.promise;
      return deleteMany(...given);
    };
    let isAnswered = false;
    expect(await site.read("/prices/1")).toBe('200 {"price":10}');
    const change = site.read("/prices/1", { method: "PUT" }).finally(() => {
      isAnswered = true;
    });
    await begun.promise;
    // A whole request later there is still none.
    expect(await site.read("/prices/1")).toBe('200 {"price":10}');
    expect(isAnswered).toBe(false);
    held.resolve();
    expect(await change).toBe("200 done");
    expect(await site.read("/prices/1")).toBe('200 {"price":11}');
  });

  test("exceptions reach the filters of every client that waits, and say how the cache came to them", async () => {
    const filtered: string[] = [];

    @Catch()
    class Filter implements ExceptionFilter {
      catch(error: Error, host: ArgumentsHost): void {
        const http = host.switchToHttp();
        filtered.push(error.message);
        const status = error instanceof HttpException ? error.getStatus() : 200;
        http.getResponse<Reply>().status(status).send({ failed: error.message });
      }
    }

    const down = deferred<string>();
    let isDown = true;
    let runs = 0;

    @Controller()
    @UseFilters(Filter)
    class Prices {
      @Get("price")
      @CachedRoute({ ttl: "1m" })
      async price(): Promise<string> {
        runs += 1;
        return isDown ? down.promise : "1999";
      }

      @Get("teapot")
      @CachedRoute({ ttl: "1m" })
      teapot(): never {
        throw new HttpException("short and stout", 418);
      }
    }

    const site = await openSite({ platform, controllers: [Prices] });
    const answers = crowd(site.port, "/price", 20);
    await waitUntil(() => site.cache.stats().requests === 20, { what: "all have come" });
    down.reject(new Error("away"));
    expect(new Set(await answers)).toEqual(new Set(['200 {"failed":"away"}']));
    expect(filtered).toEqual(Array.from({ length: 20 }, () => "away"));
    isDown = false;
    expect(await site.read("/price")).toBe("200 1999");
    expect(runs).toBe(2);

    for (let round = 0; round < 2; round++) {
      const teapot = await site.fetch("/teapot");
      expect([teapot.status, await teapot.json()]).toEqual([418, { failed: "short and stout" }]);
      expect(wayOf(teapot)).toBe(`freshtier; fwd=${round === 0 ? "uri-miss" : "bypass"}; detail=no-store`);
    }
  });
});
