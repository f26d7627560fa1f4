// @CachedRoute: an answer from the cache is what NestJS would have made of the method's result.

import {
  All,
  Controller,
  Get,
  Header,
  HttpCode,
  NotFoundException,
  Param,
  ParseIntPipe,
  Query,
  Redirect,
  Req,
  Res,
  StreamableFile,
  type Type,
} from "@nestjs/common";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { type Observable, of, throwError } from "rxjs";
import { describe, expect, test } from "vitest";
import { CachedRoute } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { openSite, PLATFORMS, type Site, wayOf, type Reply } from "./http-kit.ts";

forbidUnhandledRejections();

/** A controller that answers in every way, under `path`. */
function controllerAt(path: string, runs: string[]): Type {
  @Controller(path)
  class Answers {
    @Get("json/:id")
    async json(@Param("id", ParseIntPipe) id: number, @Query("size") size: string): Promise<object> {
      runs.push("json");
      await setImmediate();
      return { id, size };
    }

    @Get("text")
    @Header("X-Made-By", "hand")
    @Header("Cache-Control", "max-age=60")
    text(): string {
      runs.push("text");
      return "text";
    }

    @Get("code")
    @HttpCode(203)
    code(): number[] {
      runs.push("code");
      return [1, 2, 3];
    }

    @Get("file")
    file(): StreamableFile {
      runs.push("file");
      return new StreamableFile(Readable.from(["a,b\n", "1,2\n"]), { type: "text/csv", disposition: "attachment" });
    }

    @Get("observable")
    observable(): Observable<object> {
      runs.push("observable");
      return of({ first: true }, { last: true });
    }

    @Get("web")
    web(): Response {
      runs.push("web");
      return new Response("web", { status: 203, headers: { "X-Web": "yes", "Content-Type": "text/plain" } });
    }

    @Get("generator")
    async *generator(): AsyncGenerator<string> {
      runs.push("generator");
      yield "one ";
      await setImmediate();
      yield "two";
    }

    @Get("redirect")
    @Redirect("/elsewhere", 301)
    redirect(): object {
      runs.push("redirect");
      return { url: "/here", statusCode: 308 };
    }

    @Get("passthrough")
    passthrough(@Res({ passthrough: true }) res: Reply): string {
      runs.push("passthrough");
      res.status(203).header("X-Passed", "through");
      return "passed";
    }

    @Get("own")
    own(@Res() res: Reply): void {
      runs.push("own");
      res.status(203).header("X-Own", "own").send({ own: true });
    }

    @Get("late")
    late(@Res() res: Reply): void {
      runs.push("late");
      setTimeout(() => res.send("late"), 5);
    }

    @Get("raw")
    raw(@Res() res: Reply & ServerResponse): void {
      runs.push("raw");
      const response: ServerResponse = res.raw ?? res;
      response.writeHead(203, { "Content-Type": "text/plain" });
      response.write("raw ");
      response.end("body");
    }

    @Get("nothing")
    nothing(): void {
      runs.push("nothing");
    }

    @Get("no-content")
    @HttpCode(204)
    noContent(): void {
      runs.push("no-content");
    }

    @Get("url")
    url(@Req() req: IncomingMessage): string {
      runs.push("url");
      return req.url ?? "";
    }

    @All("all")
    all(): string {
      runs.push("all");
      return "all";
    }
  }
  return Answers;
}

const PATHS = [
  ...["json/7?size=m", "text", "code", "file", "observable", "web", "generator", "redirect", "passthrough", "own"],
  ...["late", "raw", "nothing", "no-content", "url?b=2&c=3", "all"],
];

/** What answers from a cache say besides, or otherwise. */
const OF_CACHES =
  /^(?:age|cache-control|cache-status|etag|date|connection|keep-alive|transfer-encoding|content-length)$/;

async function answerOf(site: Site, path: string, init?: RequestInit): Promise<object> {
  const answer = await site.fetch(path, init);
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !OF_CACHES.test(name)));
  return { status: answer.status, headers, body: (await answer.text()).replaceAll(/plain|cached/g, "…") };
}

describe.each(PLATFORMS)("on %s", (platform) => {
  test.each(PATHS)("answers %s as without a cache, twice, and its head", async (path) => {
    const [runs, plainRuns]: string[][] = [[], []];
    const plain = controllerAt("plain", plainRuns as string[]);
    const cached = controllerAt("cached", runs as string[]);
    CachedRoute({ ttl: "1m", vary: ["accept"] })(cached);
    const site = await openSite({ platform, controllers: [plain, cached] });

    const expected = await answerOf(site, `/plain/${path}`);
    const vary = { headers: { vary: expect.stringMatching(/accept/i) as unknown } };
    const withVary = { ...expected, headers: { ...(expected as typeof vary).headers, ...vary.headers } };
    expect(await answerOf(site, `/cached/${path}`)).toEqual(withVary);
    expect(await answerOf(site, `/cached/${path}`)).toEqual(withVary);
    expect(await site.way(`/cached/${path}`)).toBe("freshtier; hit");
    // Of a head Express names no type where it has nothing to send.
    const head = { ...withVary, body: "" };
    expect(await answerOf(site, `/cached/${path}`, { method: "HEAD" })).toEqual(head);
    expect(runs).toHaveLength(1);
  });

  test("what pipes refuse is not stored, and goes to each client", async () => {
    const runs: string[] = [];
    const cached = controllerAt("cached", runs);
    CachedRoute({ ttl: "1m" })(cached);
    const site = await openSite({ platform, controllers: [cached] });
    for (let request = 0; request < 3; request++) {
      expect(await site.read("/cached/json/seven")).toMatch(/^400 .*numeric string is expected/);
    }
    expect(runs).toEqual([]);
  });

  test("exceptions are not stored, and go to each client; 4xx ends what was stored, 5xx is hidden by it", async () => {
    const runs: string[] = [];
    let fails: Error | undefined;

    @Controller()
    class Products {
      @Get("product")
      @CachedRoute({ ttl: "1m", staleIfError: "1h" })
      product(): Observable<string> | string {
        runs.push("product");
        return fails === undefined ? "shoes" : throwError(() => fails);
      }
    }

    const site = await openSite({ platform, controllers: [Products] });
    fails = new Error("database away");
    expect(await site.read("/product")).toMatch(/^500 .*Internal server error/);
    const failed = await site.fetch("/product");
    expect([failed.status, wayOf(failed)]).toEqual([500, "freshtier; fwd=uri-miss; detail=failure"]);
    fails = undefined;
    expect(await site.read("/product")).toBe("200 shoes");
    expect(runs).toHaveLength(3);

    await site.clock.advance(61_000);
    fails = new Error("database away");
    expect(await site.read("/product")).toBe("200 shoes");
    await site.clock.advance(61_000);
    fails = new NotFoundException("no such product");
    expect(await site.read("/product")).toMatch(/^404 .*no such product/);
    expect(await site.read("/product")).toMatch(/^404 .*no such product/);
  });
});
