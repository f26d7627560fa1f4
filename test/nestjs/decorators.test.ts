// The decorators of freshtier/nestjs: each object works on the cache of the application that it belongs to.

import { Controller, Get, Inject, Injectable, Module, Param, Post, Scope, type Type } from "@nestjs/common";
import { REQUEST } from "@nestjs/core";
import { describe, expect, test } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { Cached, CachedSync, Invalidates, TieredCacheModule } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { boot } from "./application.ts";

forbidUnhandledRejections();

/** What the methods of one application did. */
const LOG = Symbol("log");
const PROVIDE_LOG = { provide: LOG, useFactory: () => [] };

/**
 * An application whose service and controller have this scope; but no controller is transient, since NestJS never calls
 * the constructor of such a one.
 */
function defineShop(scope: Scope): Type {
  @Injectable({ scope })
  class Products {
    readonly #log: string[];

    constructor(@Inject(LOG) log: string[]) {
      this.#log = log;
      log.push("new");
    }

    @Cached("product:{id}", { ttl: "1m", tags: ["products"] })
    async find(id: string): Promise<string> {
      this.#log.push(`find ${id}`);
      return `product ${id}`;
    }

    @CachedSync("tax:{id}")
    tax(id: string): number {
      this.#log.push(`tax ${id}`);
      return 19;
    }

    @Invalidates("tax:{id}")
    @Invalidates("product:{id}")
    async change(id: string): Promise<void> {
      this.#log.push(`change ${id}`);
    }
  }

  @Controller({ scope: scope === Scope.TRANSIENT ? Scope.DEFAULT : scope })
  class Shop {
    readonly #products: Products;

    constructor(products: Products) {
      this.#products = products;
    }

    @Get("product/:id")
    async product(@Param("id") id: string): Promise<string> {
      return `${await this.#products.find(id)} ${this.#products.tax(id)} %`;
    }

    @Post("product/:id")
    async change(@Param("id") id: string): Promise<void> {
      await this.#products.change(id);
    }
  }

  @Module({
    imports: [TieredCacheModule.forRoot({ ttl: "5m" })],
    providers: [Products, PROVIDE_LOG],
    controllers: [Shop],
  })
  class ShopModule {}
  return ShopModule;
}

const SCOPES = [
  ["DEFAULT", Scope.DEFAULT, 1],
  ["REQUEST", Scope.REQUEST, 4],
  ["TRANSIENT", Scope.TRANSIENT, 1],
] as const;

describe.each(SCOPES)("in scope %s", (_name, scope, instances) => {
  test("methods answer from the cache until they are invalidated", async () => {
    const { app, read } = await boot(defineShop(scope));
    const log = app.get<string[]>(LOG);

    expect(await read("/product/7")).toBe("product 7 19 %");
    expect(await read("/product/7")).toBe("product 7 19 %");
    await read("/product/7", { method: "POST" });
    expect(await read("/product/7")).toBe("product 7 19 %");

    const did = log.filter((line) => line !== "new");
    expect(did).toEqual(["find 7", "tax 7", "change 7", "find 7", "tax 7"]);
    expect(log.length - did.length).toBe(instances);
  });
});

test("two transient instances share the cache of their application", async () => {
  @Injectable({ scope: Scope.TRANSIENT })
  class Rates {
    loads = 0;

    @Cached("rate:{0}")
    async rate(_id: string): Promise<number> {
      return ++this.loads;
    }
  }

  @Injectable()
  class One {
    readonly rates: Rates;

    constructor(rates: Rates) {
      this.rates = rates;
    }
  }

  @Injectable()
  class Other {
    readonly rates: Rates;

    constructor(rates: Rates) {
      this.rates = rates;
    }
  }

  @Module({ imports: [TieredCacheModule.forRoot()], providers: [One, Other, Rates] })
  class App {}
  const { app } = await boot(App);
  const [one, other] = [app.get(One).rates, app.get(Other).rates];

  expect(one).not.toBe(other);
  expect([await one.rate("a"), await other.rate("a")]).toEqual([1, 1]);
  expect([one.loads, other.loads]).toEqual([1, 0]);
});

test("the key of a request-scoped provider may be made of its request", async () => {
  const log: string[] = [];

  @Injectable({ scope: Scope.REQUEST })
  class Greetings {
    @Inject(REQUEST) readonly request!: { readonly headers: Readonly<Record<string, string>> };

    @Cached(function (this: Greetings): string {
      return `greeting:${this.request.headers["x-tenant"]}`;
    })
    async greeting(): Promise<string> {
      const tenant = `${this.request.headers["x-tenant"]}`;
      log.push(tenant);
      return `hello ${tenant}`;
    }
  }

  @Controller()
  class Home {
    readonly #greetings: Greetings;

    constructor(greetings: Greetings) {
      this.#greetings = greetings;
    }

    @Get()
    home(): Promise<string> {
      return this.#greetings.greeting();
    }
  }

  @Module({ imports: [TieredCacheModule.forRoot()], providers: [Greetings], controllers: [Home] })
  class App {}
  const { read } = await boot(App);
  const of = (tenant: string): Promise<string> => read("/", { headers: { "x-tenant": tenant } });

  expect([await of("a"), await of("b"), await of("a")]).toEqual(["hello a", "hello b", "hello a"]);
  expect(log).toEqual(["a", "b"]);
});

describe("two applications of one class in one process", () => {
  test("each has its own cache", async () => {
    const shop = defineShop(Scope.DEFAULT);
    const [one, other] = [await boot(shop), await boot(shop)];
    const caches = [one, other].map(({ app }) => app.get(TieredCacheManager));

    await one.read("/product/7");
    expect(other.app.get<string[]>(LOG)).toEqual(["new"]);
    await other.read("/product/7");
    await one.read("/product/7", { method: "POST" });
    await Promise.all([one.read("/product/7"), other.read("/product/7")]);

    expect(one.app.get<string[]>(LOG).filter((line) => line.startsWith("find"))).toHaveLength(2);
    expect(other.app.get<string[]>(LOG).filter((line) => line.startsWith("find"))).toHaveLength(1);
    expect(new Set(caches).size).toBe(2);
  });
});
