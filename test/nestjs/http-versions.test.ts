// @CachedRoute where the path does not say all: versions, prefixes and hosts.

import {
  Controller,
  Get,
  Header,
  HostParam,
  Param,
  type Type,
  Version,
  type VersioningOptions,
  VersioningType,
} from "@nestjs/common";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { CachedRoute } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { openSite, PLATFORMS, type Site } from "./http-kit.ts";

forbidUnhandledRejections();

const VERSIONINGS: readonly [VersioningOptions, (version: string) => RequestInit][] = [
  [{ type: VersioningType.HEADER, header: "X-Version" }, (version) => ({ headers: { "X-Version": version } })],
  [
    { type: VersioningType.MEDIA_TYPE, key: "v=" },
    (version) => ({ headers: { accept: `application/json;v=${version}` } }),
  ],
  [
    { type: VersioningType.CUSTOM, extractor: (asked) => headerOf(asked, "x-custom") },
    (version) => ({ headers: { "x-custom": version } }),
  ],
];

function headerOf(asked: unknown, name: string): string {
  return (asked as { headers: Record<string, string> }).headers[name] ?? "1";
}

/** `fetch` has a mind of its own about the host. */
function readAt(site: Site, path: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: site.port, path, headers: { host } }, (answer) => {
      text(answer).then((body) => resolve(`${answer.statusCode} ${body}`), reject);
    });
    asked.on("error", reject).end();
  });
}

describe.each(PLATFORMS)("on %s", (platform) => {
  test.each(VERSIONINGS)("versions that are not in the path do not share answers: %o", async (versioning, init) => {
    @Controller("items")
    @CachedRoute({ ttl: "1m" })
    class Items {
      @Get()
      @Version("1")
      one(): string {
        return "one";
      }
      @Get()
      @Version("2")
      two(): string {
        return "two";
      }
    }

    const configure = (app: Site["app"]): void => void app.enableVersioning(versioning);
    const site = await openSite({ platform, controllers: [Items], configure });
    for (let round = 0; round < 2; round++) {
      expect([await site.read("/items", init("1")), await site.read("/items", init("2"))]).toEqual([
        "200 one",
        "200 two",
      ]);
    }
    expect(await site.way("/items", init("2"))).toBe("freshtier; hit");
  });

  test("versions in the path, a prefix, and the part that is cut away by neither harm", async () => {
    @Controller({ path: "items", version: "3" })
    class Items {
      @Get(":id")
      @CachedRoute({ ttl: "1m" })
      item(@Param("id") id: string): string {
        return `item ${id}`;
      }
    }

    const configure = (app: Site["app"]): void => {
      app.setGlobalPrefix("api");
      app.enableVersioning({ type: VersioningType.URI });
    };
    const site = await openSite({ platform, controllers: [Items], configure });
    expect([await site.read("/api/v3/items/1"), await site.way("/api/v3/items/1")]).toEqual([
      "200 item 1",
      "freshtier; hit",
    ]);
    expect(await site.cache.has("/api/v3/items/1", { namespace: "http" })).toBe(true);
  });
});

test("a route that class and method both name is asked about once", async () => {
  @Controller()
  @CachedRoute({ ttl: "1m" })
  class Accounts {
    @Get("account")
    @CachedRoute({ ttl: "5m" })
    @Header("Cache-Control", "no-store")
    account(): string {
      return "account";
    }
  }

  const site = await openSite({ platform: "express", controllers: [Accounts] });
  expect(await site.way("/account")).toBe("freshtier; fwd=uri-miss; detail=no-store");
  expect(await site.way("/account")).toBe("freshtier; fwd=bypass; detail=no-store");
});

test("controllers of several hosts do not share answers, nor do the hosts of one", async () => {
  const controllerOf = (host: string, body: string): Type => {
    @Controller({ host, path: "page" })
    class Pages {
      @Get()
      @CachedRoute({ ttl: "1m" })
      page(@HostParam() params: object): string {
        return `${body} ${JSON.stringify(params)}`;
      }
    }
    return Pages;
  };
  const controllers = [controllerOf("admin.example", "admin"), controllerOf(":shop.example", "shop")];
  const site = await openSite({ platform: "express", controllers });
  for (let round = 0; round < 2; round++) {
    expect(await readAt(site, "/page", "admin.example")).toBe("200 admin {}");
    expect(await readAt(site, "/page", "a.example")).toBe('200 shop {"shop":"a"}');
    expect(await readAt(site, "/page", "b.example")).toBe('200 shop {"shop":"b"}');
  }
  expect(site.cache.stats().misses).toBe(3);
});
