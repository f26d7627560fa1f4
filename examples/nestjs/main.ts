// A shop as a NestJS application. Run: npx tsx --tsconfig examples/nestjs/tsconfig.json examples/nestjs/main.ts
import { Body, Controller, Get, Inject, Injectable, Module, Param, Put } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { CacheStats, TieredCacheManager } from "freshtier";
import { Cached, CachedRoute, InjectCache, Invalidates, TieredCacheModule } from "freshtier/nestjs";

@Injectable()
class Products {
  readonly #prices = new Map([["42", 1999]]);

  @Cached("price:{id}")
  async price(id: string): Promise<number> {
    console.log(`database: reads product ${id}`);
    return this.#prices.get(id) ?? 0;
  }

  @Invalidates("price:{id}") // once the method has resolved: the price is in the database by then
  async changePrice(id: string, price: number): Promise<void> {
    this.#prices.set(id, price);
  }
}

@Controller()
class Shop {
  // By token: tsx writes no type metadata. Where the compiler does, a constructor with these types is enough.
  @Inject(Products) readonly products!: Products;
  @InjectCache() readonly cache!: TieredCacheManager;

  @Get("price/:id")
  @CachedRoute({ ttl: "1m" }) // the whole answer, with an ETag: one call for all who ask at once
  price(@Param("id") id: string): Promise<number> {
    return this.products.price(id);
  }
  @Put("price/:id")
  @CachedRoute() // a change ends the answers that are stored under its URL
  change(@Param("id") id: string, @Body("price") price: number): Promise<void> {
    return this.products.changePrice(id, price);
  }
  @Get("stats") stats(): CacheStats {
    return this.cache.stats();
  }
}

@Module({ imports: [TieredCacheModule.forRoot({ ttl: "5m" })], providers: [Products], controllers: [Shop] })
class App {}

const app = await NestFactory.create(App, { logger: ["error"] });
app.enableShutdownHooks(); // the cache is closed once the last request has been answered
await app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");
console.log(`try: curl ${await app.getUrl()}/price/42`);
