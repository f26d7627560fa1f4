// Caches that a test gives to an application, and applications by their modules.

import { type DynamicModule, Module } from "@nestjs/common";
import { afterEach } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { getCacheToken } from "../../src/nestjs/index.ts";
import { boot, type Booted } from "./application.ts";

const open: TieredCacheManager[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});

/** A cache that is closed after the test. */
export function newCache(): TieredCacheManager {
  const cache = new TieredCacheManager({ name: "given" });
  open.push(cache);
  return cache;
}

/** An application of these modules, and the cache of that name in it. */
export async function bootWith(
  imports: DynamicModule[],
  name?: string,
): Promise<Booted & { readonly cache: TieredCacheManager }> {
  @Module({ imports })
  class App {}
  const booted = await boot(App);
  return { ...booted, cache: booted.app.get<TieredCacheManager>(getCacheToken(name)) };
}

/** Whether it was closed. */
export async function isClosed(cache: TieredCacheManager): Promise<boolean> {
  return (await cache.health()).status === "down";
}
