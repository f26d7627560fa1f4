// What a cache has done, as Prometheus reads it: the same numbers as stats(), valid text, few labels.

import { Counter, register, Registry } from "prom-client";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { cacheMetricsText, registerCacheMetrics } from "../../src/prometheus/index.ts";
import { METRICS } from "../../src/prometheus/metrics.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { createCache } from "../support/cache.ts";
import { parseText, valueOf } from "./exposition.ts";
import { checkMetrics, ensurePromtool } from "./promtool.ts";

beforeAll(ensurePromtool, 300_000);
afterEach(() => register.clear());

/** A cache with all kinds of tiers that can be opened without a server, and something to tell of each. */
async function usedCache(name = "shop"): Promise<TieredCacheManager> {
  const sqlite = sqliteTier({ path: ":memory:", maxEntries: 100, timeout: "5s" });
  const cache = new TieredCacheManager({ name, tiers: [memoryTier({ maxBytes: 10_000 }), sqlite] });
  await cache.get("a", () => 1, { namespace: "users" });
  await cache.get("a", () => 1, { namespace: "users" });
  await cache.set("b", 1);
  await cache.delete("b");
  await cache.get("c", () => Promise.reject(new Error("down"))).catch(() => undefined);
  return cache;
}

describe("the text", () => {
  test("pleases promtool, and so does that of OpenMetrics as far as it reads it", async () => {
    await using cache = await usedCache();
    const text = await cacheMetricsText(cache);
    expect(checkMetrics(text)).toBe("");
    // It would not do so for anything.
    expect(checkMetrics(text.replaceAll("requests_total", "requestsMs"))).toContain("freshtier_requestsMs");
  });

  test("tells what stats() tells", async () => {
    await using cache = await usedCache();
    const stats = cache.stats();
    const text = await cacheMetricsText(cache);
    const sqlite = stats.tiers["sqlite"]!;
    const told = (name: string, labels = {}): number | undefined => valueOf(text, `freshtier_${name}`, labels);
    expect(told("requests_total", { cache: "shop", result: "fresh" })).toBe(stats.hits.fresh);
    expect(told("requests_total", { result: "miss" })).toBe(stats.misses);
    expect(told("refreshes_total", { mode: "foreground" })).toBe(2);
    expect(told("refresh_failures_total")).toBe(1);
    expect(told("refresh_duration_seconds_count")).toBe(1);
    expect(told("refresh_duration_seconds_sum")).toBeCloseTo(stats.refreshes.time.sumMs / 1_000, 9);
    expect(told("leases_total", { result: "granted" })).toBe(2);
    expect(told("tier_sets_total", { tier: "sqlite" })).toBe(sqlite.sets);
    expect(told("tier_deletes_total", { tier: "sqlite" })).toBe(sqlite.deletes);
    expect(told("tier_entries", { tier: "sqlite" })).toBe(1);
    expect(told("tier_max_entries", { tier: "sqlite" })).toBe(100);
    expect(told("tier_max_entries", { tier: "memory" })).toBe(1_000);
    expect(told("tier_utilization_ratio", { tier: "sqlite" })).toBe(0.01);
    expect(told("tier_breakers", { tier: "sqlite", state: "closed" })).toBe(1);
    expect(told("tier_breakers", { tier: "sqlite", state: "open" })).toBe(0);
    expect(told("tier_pending", { tier: "sqlite" })).toBe(0);
    expect(told("namespace_requests_total", { namespace: "users", result: "hit" })).toBe(1);
  });

  test("has every metric of the table, and says of memory nothing that it cannot do", async () => {
    await using cache = await usedCache();
    const text = await cacheMetricsText(cache);
    const lines = parseText(text);
    for (const { name, type } of METRICS) expect(text).toContain(`# TYPE freshtier_${name} ${type}\n`);
    const ofMemory = new Set(lines.filter(({ labels }) => labels["tier"] === "memory").map(({ name }) => name));
    for (const name of ["tier_errors_total", "tier_breakers", "tier_command_duration_seconds_bucket"]) {
      expect(ofMemory).not.toContain(`freshtier_${name}`);
    }
  });

  test("has buckets that only grow, the last of which is the count", async () => {
    await using cache = await usedCache();
    const name = "freshtier_tier_command_duration_seconds";
    const text = await cacheMetricsText(cache);
    const buckets = parseText(text).filter((line) => line.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => (labels["le"] === "+Inf" ? Infinity : Number(labels["le"])));
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    const counts = buckets.map(({ value }) => value);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(valueOf(text, `${name}_count`));
  });

  test("names no key, and labels of four kinds only", async () => {
    await using cache = await usedCache();
    const text = await cacheMetricsText(cache);
    const labels = new Set(parseText(text).flatMap(({ labels: of }) => Object.keys(of)));
    expect([...labels].sort()).toEqual(["cache", "le", "mode", "namespace", "reason", "result", "state", "tier"]);
    expect(text).not.toMatch(/"(a|b|c)"/);
  });

  test("escapes what namespaces and names may hold", async () => {
    const { cache } = createCache({ name: 'a "b"' });
    await cache.get("k", () => 1, { namespace: 'x"y\\z' });
    const text = await cacheMetricsText(cache);
    expect(checkMetrics(text)).toBe("");
    expect(text).toContain(String.raw`namespace="x\"y\\z"`);
  });

  test("tells of several caches, each under its name", async () => {
    const [a, b] = [createCache({ name: "a" }).cache, createCache({ name: "b" }).cache];
    await a.get("k");
    const text = await cacheMetricsText([a, b], { prefix: "app_cache_" });
    expect(valueOf(text, "app_cache_requests_total", { cache: "a", result: "miss" })).toBe(1);
    expect(valueOf(text, "app_cache_requests_total", { cache: "b", result: "miss" })).toBe(0);
    expect(checkMetrics(text)).toBe("");
  });

  test("without statistics has zeros, and what is there now", async () => {
    const { cache } = createCache({ enableStats: false });
    await cache.get("k", () => 1);
    const text = await cacheMetricsText(cache);
    expect(valueOf(text, "freshtier_requests_total", { result: "miss" })).toBe(0);
    expect(valueOf(text, "freshtier_tier_entries", { tier: "memory" })).toBe(1);
  });
});

describe("namespaces", () => {
  async function textOf(namespaces: readonly string[] | number | undefined, busy: string): Promise<string> {
    const { cache } = createCache();
    for (const name of ["a", "b", "c"]) await cache.get("k", () => 1, { namespace: name });
    for (let n = 0; n < 5; n++) await cache.get("k", { namespace: busy });
    return cacheMetricsText(cache, { namespaces });
  }
  const told = (text: string): string[] =>
    parseText(text)
      .filter(({ name }) => name === "freshtier_namespace_entries")
      .map(({ labels }) => labels["namespace"]!);

  test("are those of the list, and all others as one", async () => {
    const text = await textOf(["a", "none"], "c");
    expect(told(text)).toEqual(["a", "__other__"]);
    const hits = { namespace: "__other__", result: "hit" };
    expect(valueOf(text, "freshtier_namespace_requests_total", hits)).toBe(5);
    expect(valueOf(text, "freshtier_namespace_entries", { namespace: "__other__" })).toBe(2);
  });

  test("are so many as asked for, the busiest", async () => {
    expect(told(await textOf(1, "b"))).toEqual(["b", "__other__"]);
    expect(told(await textOf(0, "b"))).toEqual(["__other__"]);
    expect(told(await textOf(undefined, "b"))).toEqual(["a", "b", "c"]);
  });

  test("stay those that have been told of", async () => {
    const { cache } = createCache();
    const registry = new Registry();
    registerCacheMetrics(cache, { registry, namespaces: 1 });
    await cache.get("k", () => 1, { namespace: "first" });
    expect(told(await registry.metrics())).toEqual(["first"]);
    await cache.get("k", () => 1, { namespace: "later" });
    for (let n = 0; n < 9; n++) await cache.get("k", { namespace: "later" });
    expect(told(await registry.metrics())).toEqual(["first", "__other__"]);
  });
});

describe("a registry", () => {
  test("gets what has happened when it is scraped, whenever it was registered", async () => {
    const { cache } = createCache();
    await cache.get("k");
    registerCacheMetrics(cache);
    await cache.get("k");
    expect(valueOf(await register.metrics(), "freshtier_requests_total", { result: "miss" })).toBe(2);
    await cache.get("k");
    expect(valueOf(await register.metrics(), "freshtier_requests_total", { result: "miss" })).toBe(3);
  });

  test("asks each cache once for a scrape", async () => {
    const { cache } = createCache();
    let asked = 0;
    const watched = { name: cache.name, stats: () => (asked++, cache.stats()) };
    const registry = new Registry();
    registerCacheMetrics(watched, { registry });
    await registry.metrics();
    expect(asked).toBe(1);
    await registry.getMetricsAsJSON();
    expect(asked).toBe(2);
  });

  test("keeps the metrics of the application, default labels included", async () => {
    const { cache } = createCache();
    const registry = new Registry();
    registry.setDefaultLabels({ app: "shop" });
    new Counter({ name: "own_total", help: "Own.", registers: [registry] }).inc();
    registerCacheMetrics(cache, { registry });
    const text = await registry.metrics();
    expect(valueOf(text, "own_total", { app: "shop" })).toBe(1);
    expect(valueOf(text, "freshtier_sets_total", { app: "shop", cache: "default" })).toBe(0);
    registry.resetMetrics();
    expect(checkMetrics(await registry.metrics())).toBe("");
  });

  test("speaks OpenMetrics as well", async () => {
    const { cache } = createCache();
    const registry = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    registerCacheMetrics(cache, { registry });
    const text = await registry.metrics();
    expect(text).toContain("# TYPE freshtier_requests counter\nfreshtier_requests_total{");
    expect(text).toContain("freshtier_refresh_duration_seconds_bucket{");
    expect(text.endsWith("# EOF\n")).toBe(true);
    expect(text).not.toContain("_total_total");
    const stop = registerCacheMetrics(createCache({ name: "other" }).cache, { registry });
    expect(await registry.metrics()).toContain('freshtier_sets_total{cache="other"} 0');
    stop();
  });

  test("tells of a cache until that is ended, and is then as it was", async () => {
    const [a, b] = [createCache({ name: "a" }).cache, createCache({ name: "b" }).cache];
    const registry = new Registry();
    const [stopA, stopB] = [registerCacheMetrics(a, { registry }), registerCacheMetrics(b, { registry })];
    registerCacheMetrics(a, { registry });
    stopA();
    stopA();
    const text = await registry.metrics();
    expect(valueOf(text, "freshtier_sets_total", { cache: "a" })).toBeUndefined();
    expect(valueOf(text, "freshtier_sets_total", { cache: "b" })).toBe(0);
    stopB();
    expect((await registry.metrics()).trim()).toBe("");
    registerCacheMetrics(a, { registry });
    expect(valueOf(await registry.metrics(), "freshtier_sets_total", { cache: "a" })).toBe(0);
  });

  test("that has been cleared can be told anew", async () => {
    const { cache } = createCache();
    const stop = registerCacheMetrics(cache);
    register.clear();
    registerCacheMetrics(cache);
    stop();
    expect(valueOf(await register.metrics(), "freshtier_sets_total")).toBe(0);
  });

  test("still tells of a cache that has been closed", async () => {
    const { cache } = createCache();
    registerCacheMetrics(cache);
    await cache.set("k", 1);
    await cache.close();
    expect(valueOf(await register.metrics(), "freshtier_sets_total")).toBe(1);
  });

  test("refuses another cache of the same name, and stays as it was", async () => {
    const registry = new Registry();
    const [a, b] = [createCache().cache, createCache().cache];
    registerCacheMetrics(a, { registry });
    expect(() => registerCacheMetrics(b, { registry })).toThrow(
      "cache.name must be unique among the caches of a registry, got 'default'",
    );
    await a.get("k");
    expect(valueOf(await registry.metrics(), "freshtier_requests_total", { result: "miss" })).toBe(1);
  });

  test("that has another metric of a name gets none", () => {
    const { cache } = createCache();
    const registry = new Registry();
    const own = new Counter({ name: "freshtier_sets_total", help: "Not ours.", registers: [registry] });
    expect(() => registerCacheMetrics(cache, { registry })).toThrow(/freshtier_sets_total has already been registered/);
    expect(registry.getMetricsAsArray()).toEqual([own]);
  });

  test.each([
    [{ registry: {} }, "options.registry must be a registry of prom-client, got {}"],
    [{ prefix: "my-app" }, "options.prefix must be letters, digits and underscores, no digit first, got 'my-app'"],
    [{ namespaces: -1 }, "options.namespaces must be a list of names, or a whole number of at least 0, got -1"],
    [{ namespaces: [1] }, "options.namespaces must be a list of names, or a whole number of at least 0, got [ 1 ]"],
    [{ keys: true }, "options must hold known options only (registry, prefix, namespaces), got 'keys'"],
  ])("refuses %j", (options, message) => {
    const { cache } = createCache();
    expect(() => registerCacheMetrics(cache, options as object)).toThrow(message);
  });

  test("refuses what is no cache", async () => {
    expect(() => registerCacheMetrics({} as never)).toThrow("cache must be a cache, got {}");
    await expect(cacheMetricsText([undefined as never])).rejects.toThrow("cache must be a cache, got undefined");
  });
});
