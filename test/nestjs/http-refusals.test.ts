// What @CachedRoute refuses, when a class is defined or an application boots.

import { Controller, Get, Header, Post } from "@nestjs/common";
import { expect, test } from "vitest";
import { CachedRoute } from "../../src/nestjs/index.ts";
import { openSite } from "./http-kit.ts";

test("wrong options, where they stand", () => {
  const refused: [unknown, string][] = [
    [{ ttl: "soon" }, "ttl must be a duration"],
    [{ time: "1m" }, "options"],
    [{ cache: "" }, "options.cache must be a non-empty string"],
    [{ origin: "shop" }, "options.origin must be an origin"],
    [{ partition: "user" }, "options.partition must be a function"],
    [7, "options must be an object"],
    [null, "options must be an object"],
  ];
  for (const [options, message] of refused) expect(() => CachedRoute(options as never)).toThrow(message);
});

test("places where there is no route", () => {
  const decorate: (...given: never[]) => unknown = CachedRoute();
  const at = (...given: unknown[]): unknown => decorate(...(given as never[]));
  expect(() => at({}, "field", undefined)).toThrow("@CachedRoute must decorate a class or a method, got field");
  expect(() => at(class Static {}, "method", {})).toThrow("must decorate a method of objects");
  expect(() => at(() => undefined, { kind: "method", name: "m" })).toThrow("experimentalDecorators");
});

test("an application without the cache does not boot", async () => {
  @Controller()
  class Pages {
    @Get()
    @CachedRoute({ cache: "images" })
    @Header("X-A", "b")
    page(): string {
      return "page";
    }

    @Post()
    post(): void {}
  }
  await expect(openSite({ platform: "express", controllers: [Pages] })).rejects.toThrow(/CachedRoute\(images\)/);
});
