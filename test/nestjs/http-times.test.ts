// @CachedRoute over time: what is stale is made anew behind, on nobody's connection; and changes end what is stored.

import {
  BadRequestException,
  Catch,
  Controller,
  Delete,
  type ExceptionFilter,
  Get,
  Header,
  Param,
  Post,
  Put,
  Req,
  Res,
  StreamableFile,
} from "@nestjs/common";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { CachedRoute } from "../../src/nestjs/index.ts";
import { type Deferred, deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { crowd, openSite, PLATFORMS, type Site, wayOf, type Reply } from "./http-kit.ts";

forbidUnhandledRejections();

describe.each(PLATFORMS)("on %s", (platform) => {
  test("a stale answer costs its client nothing; the run behind writes to nobody", async () => {
    const runs: Deferred<string>[] = [];

    @Controller()
    @CachedRoute({ ttl: "1m", staleWhileRevalidate: "1h" })
    class Prices {
      @Get("price")
      async price(@Res({ passthrough: true }) res: Reply): Promise<string> {
        const run = deferred<string>();
        const count = runs.push(run);
        const price = await run.promise;
        res.status(203).header("X-Run", String(count));
        return price;
      }
    }

    const site = await openSite({ platform, controllers: [Prices] });
    const first = site.fetch("/price");
    (await waitUntil(() => runs[0], { what: "the first run" })).resolve("1999");
    expect([(await first).status, (await first).headers.get("x-run")]).toEqual([203, "1"]);
    await site.clock.advance(61_000);

    const stale = await site.fetch("/price");
    expect([await stale.text(), stale.headers.get("x-run"), wayOf(stale)]).toEqual(["1999", "1", "freshtier; hit"]);
    (await waitUntil(() => runs[1], { what: "the run behind" })).resolve("1499");
    const fresh = await waitUntil(
      async () => {
        const answer = await site.fetch("/price");
        return answer.headers.get("x-run") === "2" && answer.text();
      },
      { what: "the new price" },
    );
    expect([fresh, runs.length]).toEqual(["1499", 2]);
  });

  test("a client that leaves takes nobody with it, whether it came first or not", async () => {
    const run = deferred<string>();
    const failures: unknown[] = [];
    let runs = 0;

    @Catch()
    class Failures implements ExceptionFilter {
      catch(error: unknown): void {
        failures.push(error);
      }
    }

    @Controller()
    class Prices {
      @Get("price")
      @CachedRoute({ ttl: "1m" })
      async price(@Res() res: Reply): Promise<void> {
        runs += 1;
        res.send(await run.promise);
      }
    }

    const configure = (app: Site["app"]): void => void app.useGlobalFilters(new Failures());
    const site = await openSite({ platform, controllers: [Prices], configure });
    const leaving = connect(site.port, "127.0.0.1");
    leaving.write("GET /price HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await waitUntil(() => runs === 1, { what: "the run has begun" });
    const others = crowd(site.port, "/price", 5);
    const alsoLeaving = connect(site.port, "127.0.0.1");
    alsoLeaving.write("GET /price HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await waitUntil(() => site.cache.stats().requests >= 7, { what: "all have come" });
    for (const socket of [leaving, alsoLeaving]) {
      socket.destroy();
      await once(socket, "close");
    }
    run.resolve("1999");
    expect(new Set(await others)).toEqual(new Set(["200 1999"]));
    expect([runs, failures]).toEqual([1, []]);
  });

  test("a method that destroys its request has failed, and nobody waits for it", async () => {
    @Controller()
    class Prices {
      @Get("price")
      @CachedRoute({ ttl: "1m" })
      price(@Req() req: IncomingMessage & { readonly raw?: IncomingMessage }): Promise<string> {
        (req.raw ?? req).destroy();
        return deferred<string>().promise;
      }
    }

    const site = await openSite({ platform, controllers: [Prices] });
    expect(await site.read("/price")).toMatch(/^500 .*Internal server error/);
  });

  test("1,000 clients at once are one run of a slow route", async () => {
    const run = deferred<object>();
    let runs = 0;

    @Controller()
    class Prices {
      @Get("price")
      @CachedRoute({ ttl: "1m" })
      price(): Promise<object> {
        runs += 1;
        return run.promise;
      }
    }

    const site = await openSite({ platform, controllers: [Prices] });
    const all = crowd(site.port, "/price", 1_000);
    await waitUntil(() => site.cache.stats().requests === 1_000, { deadlineMs: 20_000, what: "all have come" });
    run.resolve({ cents: 1999 });
    expect(new Set(await all)).toEqual(new Set(['200 {"cents":1999}']));
    expect(runs).toBe(1);
  }, 30_000);

  test("requests for what cannot be stored do not wait for each other", async () => {
    const all = deferred<string>();
    let [running, most] = [0, 0];

    @Controller()
    class Accounts {
      @Get("account")
      @Header("Cache-Control", "private")
      @CachedRoute({ ttl: "1m" })
      async account(): Promise<string> {
        running += 1;
        most = Math.max(most, running);
        const answer = most === 1 ? "first" : await all.promise;
        running -= 1;
        return answer;
      }
    }

    const site = await openSite({ platform, controllers: [Accounts] });
    expect(await site.read("/account")).toBe("200 first");
    most = 2;
    const answers = crowd(site.port, "/account", 50);
    await waitUntil(() => running === 50, { what: "all run" });
    all.resolve("own");
    expect(new Set(await answers)).toEqual(new Set(["200 own"]));
  });

  test("a change ends what is stored before its client knows of it; one that failed ends nothing", async () => {
    const prices = new Map([["1", 10]]);
    let runs = 0;

    @Controller("prices")
    @CachedRoute({ ttl: "1h" })
    class Prices {
      @Get(":id")
      price(@Param("id") id: string): object {
        runs += 1;
        return { price: prices.get(id) };
      }

      @Get(":id/list")
      @CachedRoute({ vary: ["accept-language"] })
      list(): number {
        return (runs += 1);
      }

      @Put(":id/:price")
      async put(@Param("id") id: string, @Param("price") price: string): Promise<void> {
        prices.set(id, Number(price));
      }

      @Post(":id")
      post(@Param("id") id: string, @Res() res: Reply): void {
        prices.set(id, 30);
        res.status(201).header("Location", `/prices/${id}/list`).send("done");
      }

      @Delete(":id")
      remove(): void {
        throw new BadRequestException("not now");
      }
    }

    const site = await openSite({ platform, controllers: [Prices] });
    expect(await site.read("/prices/1")).toBe('200 {"price":10}');
    expect(await site.read("/prices/1/list")).toBe("200 2");
    expect(await site.read("/prices/1", { method: "DELETE" })).toMatch(/^400 .*not now/);
    expect(await site.read("/prices/1/20", { method: "PUT" })).toBe("200 ");
    expect([await site.read("/prices/1"), await site.read("/prices/1/list")]).toEqual(['200 {"price":10}', "200 2"]);
    expect(runs).toBe(2);

    for (let round = 0; round < 20; round++) {
      await site.read("/prices/1");
      prices.set("1", 0);
      expect(await site.read("/prices/1", { method: "POST" })).toBe("201 done");
      expect(await site.read("/prices/1")).toBe('200 {"price":30}');
    }
    expect(await site.read("/prices/1/list")).toBe(`200 ${runs}`);
    expect(runs).toBe(23);
  });

  test("answers are validated, cut and named: ETag, ranges, Age, tags; long ones go by", async () => {
    let length = 10;

    @Controller()
    class Files {
      @Get("file")
      @Header("Cache-Tag", "files")
      @Header("Cache-Control", "max-age=60")
      @CachedRoute({ maxBodyBytes: 1_000, hitForMiss: 0 })
      file(): StreamableFile {
        return new StreamableFile(Readable.from([Buffer.alloc(length, "abcdefghij")]), { type: "text/plain" });
      }
    }

    const site = await openSite({ platform, controllers: [Files] });
    const whole = await site.fetch("/file");
    const etag = whole.headers.get("etag") as string;
    expect([await whole.text(), whole.headers.get("cache-tag"), whole.headers.get("cache-control")]).toEqual([
      "abcdefghij",
      null,
      "no-cache",
    ]);
    const part = await site.fetch("/file", { headers: { range: "bytes=2-4" } });
    expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([206, "cde", "bytes 2-4/10"]);
    const same = await site.fetch("/file", { headers: { "if-none-match": etag } });
    expect([same.status, same.headers.get("cache-tag"), same.headers.get("age")]).toEqual([304, null, "0"]);
    const head = await site.fetch("/file", { method: "HEAD" });
    expect([head.headers.get("content-length"), head.headers.get("etag")]).toEqual(["10", etag]);

    await site.cache.invalidateTags(["files"]);
    length = 1_000_000;
    const long = await site.fetch("/file");
    expect([(await long.text()).length, wayOf(long)]).toEqual([length, "freshtier; fwd=uri-miss; detail=too-large"]);
    expect(long.headers.get("cache-tag")).toBeNull();
  });
});
