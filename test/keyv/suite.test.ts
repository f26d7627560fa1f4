// Keyv's own test suite for storage adapters, run on caches: in memory, over a real Redis, and on a view of a namespace.

import keyvTestSuite, { keyvIteratorTests } from "@keyv/test-suite";
import { Keyv, type KeyvStoreAdapter } from "keyv";
import * as vitest from "vitest";
import { TieredCacheManager, memoryTier } from "../../src/index.ts";
import { asKeyvStore, type KeyvStore } from "../../src/keyv/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";

const { afterAll, beforeAll, describe } = vitest;

/** Registers all that the suite has for a store. */
function register(store: () => KeyvStore): void {
  // The type is the test: what we make is what Keyv takes.
  const adapter: () => KeyvStoreAdapter = store;
  keyvTestSuite(vitest, Keyv, adapter);
  keyvIteratorTests(vitest, Keyv, adapter);
}

describe("a cache in memory", () => {
  const cache = new TieredCacheManager({ name: "keyv" });
  afterAll(() => cache.close());

  register(() => asKeyvStore(cache));
});

describe("a view of a namespace", () => {
  const cache = new TieredCacheManager({ name: "keyv" });
  afterAll(() => cache.close());

  register(() => asKeyvStore(cache.namespace("view")));
});

describe.each([
  ["[memory, redis]", true],
  ["[redis]", false],
])("a cache of %s", (_name, enabled) => {
  let server: RedisServer;
  let cache: TieredCacheManager;

  beforeAll(async () => {
    server = await startRedis();
    const redis = redisTier({ host: server.host, port: server.port, timeout: 5_000 });
    cache = new TieredCacheManager({ name: "keyv", tiers: [memoryTier({ enabled }), redis] });
  });
  afterAll(async () => {
    await cache.close();
    await server.stop();
  });

  register(() => asKeyvStore(cache));
});
