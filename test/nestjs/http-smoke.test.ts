// x
import {
  Controller,
  Get,
  Header,
  HttpCode,
  Param,
  Query,
  Redirect,
  Res,
  StreamableFile,
  Render,
  NotFoundException,
  Req,
} from "@nestjs/common";
import { describe, expect, test } from "vitest";
import { of, delay } from "rxjs";
import { Readable } from "node:stream";
import { CachedRoute } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { openSite, PLATFORMS } from "./http-kit.ts";

forbidUnhandledRejections();

describe.each(PLATFORMS)("on %s", (platform) => {
  test("smoke", async () => {
    let runs = 0;
    @CachedRoute({ ttl: "1m" })
    @Controller("p")
    class P {
      @Get("json/:id") json(@Param("id") id: string, @Query() q: object) {
        return { id, q, run: ++runs };
      }
      @Get("text") @Header("X-A", "b") text() {
        return `text ${++runs}`;
      }
      @Get("code") @HttpCode(203) code() {
        return { run: ++runs };
      }
      @Get("file") file() {
        return new StreamableFile(Readable.from([`file ${++runs}`]), { type: "text/csv" });
      }
      @Get("obs") obs() {
        return of({ run: ++runs }).pipe(delay(5));
      }
      @Get("redirect") @Redirect("/p/text", 301) redirect() {
        ++runs;
        return { url: `/p/${runs}`, statusCode: 308 };
      }
      @Get("pass") pass(@Res({ passthrough: true }) res: any) {
        platform === "express" ? res.status(203).set("X-P", "1") : res.code(203).header("X-P", "1");
        return `p ${++runs}`;
      }
      @Get("res") res(@Res() res: any) {
        res.header("X-P", "2");
        res.status(203).send(`res ${++runs}`);
      }
      @Get("none") none() {
        ++runs;
      }
      @Get("missing") missing() {
        throw new NotFoundException(`no ${++runs}`);
      }
    }
    const site = await openSite({ platform, controllers: [P] });
    const out: string[] = [];
    for (const path of [
      "json/1?b=1&a=2",
      "text",
      "code",
      "file",
      "obs",
      "redirect",
      "pass",
      "res",
      "none",
      "missing",
    ]) {
      for (let i = 0; i < 2; i++) {
        const answer = await site.fetch(`/p/${path}`);
        out.push(
          `${path} ${answer.status} ${await answer.text()} | ${[...answer.headers]
            .filter(([n]) => !/date|conn|keep|powered/.test(n))
            .map((h) => h.join("="))
            .join(" ")}`,
        );
      }
      const head = await site.fetch(`/p/${path}`, { method: "HEAD" });
      out.push(
        `HEAD ${head.status} ${await head.text()} | ${[...head.headers]
          .filter(([n]) => !/date|conn|keep|powered/.test(n))
          .map((h) => h.join("="))
          .join(" ")}`,
      );
    }
    console.log(out.join("\n"));
    expect(runs).toBe(9);
  });
});
