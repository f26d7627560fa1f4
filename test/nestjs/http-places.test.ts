// @CachedRoute in applications of all shapes: versions, hosts, prefixes, scopes, modules, caches by name.

import {
  Controller,
  type DynamicModule,
  Get,
  Header,
  HostParam,
  Inject,
  Injectable,
  Module,
  Next,
  Param,
  Post,
  Query,
  Render,
  Scope,
  Sse,
  type Type,
  Version,
  type VersioningOptions,
  VersioningType,
} from "@nestjs/common";
import { type ContextId, ContextIdFactory, type ContextIdStrategy, REQUEST, RouterModule } from "@nestjs/core";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Observable, of } from "rxjs";
import { describe, expect, test } from "vitest";
import { CachedRoute, TieredCacheModule } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { newCache } from "./caches.ts";
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

  test("what is injected into controllers of a request is of the run's own", async () => {
    const asked = new Set<unknown>();

    @Injectable({ scope: Scope.REQUEST })
    class Asked {
      @Inject(REQUEST) readonly request!: { readonly url: string };
    }

    @Controller()
    @CachedRoute({ ttl: "1m", query: ["page"] })
    class Pages {
      @Inject(Asked) readonly asked!: Asked;

      @Get("page")
      page(@Query("page") page: string): object {
        asked.add(this.asked.request);
        return { page, url: this.asked.request.url };
      }
    }

    const site = await openSite({ platform, controllers: [Pages], providers: [Asked] });
    for (const path of ["/page?page=1&utm=x", "/page?utm=y&page=1"]) {
      expect(await site.read(path)).toBe('200 {"page":"1","url":"/page?page=1"}');
    }
    expect(asked.size).toBe(1);
  });

  test("providers that outlive a request are those of the client's tenant in a run, too", async () => {
    let made = 0;
    const trees = new Map<string, ContextId>();
    const strategy: ContextIdStrategy = {
      attach(contextId, asked) {
        const tenant = headerOf(asked, "x-tenant");
        const tree = trees.get(tenant) ?? ContextIdFactory.create();
        trees.set(tenant, tree);
        return { resolve: (info) => (info.isTreeDurable ? tree : contextId), payload: { tenant } };
      },
    };

    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Tenant {
      readonly number = (made += 1);
      @Inject(REQUEST) readonly about!: { readonly tenant: string };
    }

    @Controller()
    class Pages {
      @Inject(Tenant) readonly tenant!: Tenant;

      @Get("page/:at")
      @CachedRoute({ ttl: "1m", vary: ["x-tenant"] })
      page(): string {
        return `${this.tenant.about.tenant} ${this.tenant.number}`;
      }
    }

    ContextIdFactory.apply(strategy);
    try {
      const site = await openSite({ platform, controllers: [Pages], providers: [Tenant] });
      for (const path of ["/page/1", "/page/2", "/page/1"]) {
        expect(await site.read(path, { headers: { "x-tenant": "a" } })).toBe("200 a 1");
        expect(await site.read(path, { headers: { "x-tenant": "b" } })).toBe("200 b 2");
      }
    } finally {
      Reflect.deleteProperty(ContextIdFactory, "strategy");
    }
  });

  test("options of a class hold for its methods, whose own count more; false is an exception", async () => {
    let runs = 0;

    @CachedRoute({
      ttl: "1m",
      tags: ["all"],
      key: (context) => context.getArgByIndex<{ url: string }>(0).url.slice(-1),
    })
    class Base {
      @Get("base/:id")
      base(): number {
        return (runs += 1);
      }
    }

    @Controller()
    class Derived extends Base {
      @Get("own/:id")
      @CachedRoute({ tags: ["own"] })
      own(): number {
        return (runs += 1);
      }

      @Get("never/:id")
      @CachedRoute(false)
      never(): number {
        return (runs += 1);
      }

      @Sse("events/:id")
      events(): Observable<object> {
        runs += 1;
        return of({ data: "event" });
      }
    }

    const site = await openSite({ platform, controllers: [Derived] });
    const read = async (): Promise<string[]> => {
      const paths = ["base/1", "own/1", "never/1", "events/1"];
      return Promise.all(paths.map((path) => site.read(`/${path}`)));
    };
    const [base, own] = await read();
    expect(base).not.toBe(own);
    const again = await read();
    expect(again.slice(0, 2)).toEqual([base, own]);
    expect(runs).toBe(6);
    expect((await site.fetch("/never/1")).headers.has("cache-status")).toBe(false);
    expect(await site.read("/events/1")).toContain("data: event");

    await site.cache.invalidateTags(["own"]);
    expect([(await read())[0], await site.way("/base/1")]).toEqual([base, "freshtier; hit"]);
    expect((await read())[1]).not.toBe(own);
  });

  test("controllers of one class in several modules have their own, and a cache has its name", async () => {
    @Controller()
    @CachedRoute({ ttl: "1m" })
    class Pages {
      @Inject("PLACE") readonly place!: string;

      @Get("page")
      page(): string {
        return `page ${this.place}`;
      }

      @Get("image")
      @CachedRoute({ cache: "images" })
      image(): string {
        return `image ${this.place}`;
      }
    }

    const inModule = (place: string): DynamicModule => {
      @Module({ controllers: [Pages], providers: [{ provide: "PLACE", useValue: place }] })
      class Place {}
      return { module: Place };
    };
    const images = newCache();
    const [a, b] = [inModule("a"), inModule("b")];
    const places = [
      { path: "a", module: a.module },
      { path: "b", module: b.module },
    ];
    const named = TieredCacheModule.forRoot({ name: "images", cache: images, isGlobal: true });
    const site = await openSite({ platform, controllers: [], imports: [named, a, b, RouterModule.register(places)] });
    for (const place of ["a", "b", "a", "b"]) {
      expect(await site.read(`/${place}/page`)).toBe(`200 page ${place}`);
      expect(await site.read(`/${place}/image`)).toBe(`200 image ${place}`);
    }
    expect([images.stats().misses, site.cache.stats().misses]).toEqual([2, 2]);
    expect([images.stats().requests, site.cache.stats().requests]).toEqual([4, 4]);
  });

  test("views are stored as they are drawn", async () => {
    const folder = await mkdtemp(join(tmpdir(), "freshtier-views-"));
    await writeFile(join(folder, "page.txt"), "");
    let runs = 0;

    @Controller()
    class Pages {
      @Get("page")
      @Render("page")
      @CachedRoute({ ttl: "1m" })
      page(): object {
        return { run: (runs += 1) };
      }
    }

    interface Options {
      readonly run: number;
    }
    const configure = (app: Site["app"]): void => {
      const server = app.getHttpAdapter().getInstance() as Record<string, (...given: unknown[]) => unknown>;
      if (platform === "fastify") {
        server["decorateReply"]?.(
          "view",
          function view(this: { send(body: string): unknown }, name: string, { run }: Options) {
            return this.send(`${name} ${run}`);
          },
        );
        return;
      }
      server["engine"]?.("txt", (_path: string, { run }: Options, done: (error: null, page: string) => void) =>
        done(null, `page ${run}`),
      );
      server["set"]?.("views", folder);
      server["set"]?.("view engine", "txt");
    };
    try {
      const site = await openSite({ platform, controllers: [Pages], configure });
      expect([await site.read("/page"), await site.read("/page")]).toEqual(["200 page 1", "200 page 1"]);
      expect(await site.way("/page")).toBe("freshtier; hit");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
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

test("a method may leave the request to the next route", async () => {
  const left: string[] = [];

  @Controller()
  class Pages {
    @Get("page")
    @CachedRoute({ ttl: "1m" })
    first(@Next() next: () => void): void {
      left.push("first");
      next();
    }

    @Get("page")
    second(): string {
      left.push("second");
      return "second";
    }
  }

  const site = await openSite({ platform: "express", controllers: [Pages] });
  expect([await site.read("/page"), await site.read("/page")]).toEqual(["200 second", "200 second"]);
  expect(left.filter((name) => name === "second")).toHaveLength(2);
});

describe("refuses", () => {
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
});
