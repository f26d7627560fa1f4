// @CachedRoute in applications of all shapes: scopes, modules, views, options of classes, caches by name.

import {
  Controller,
  type DynamicModule,
  Get,
  Inject,
  Injectable,
  Module,
  Next,
  Query,
  Render,
  Scope,
  Sse,
} from "@nestjs/common";
import { type ContextId, ContextIdFactory, type ContextIdStrategy, REQUEST, RouterModule } from "@nestjs/core";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Observable, of } from "rxjs";
import { describe, expect, test } from "vitest";
import { CachedRoute, TieredCacheModule } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { newCache } from "./caches.ts";
import { openSite, PLATFORMS, type Site } from "./http-kit.ts";

forbidUnhandledRejections();

function headerOf(asked: unknown, name: string): string {
  return (asked as { headers: Record<string, string> }).headers[name] ?? "1";
}

describe.each(PLATFORMS)("on %s", (platform) => {
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
