// Metrics, collected by the real SDK: they say what stats() says, and cost nothing until somebody collects.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { metrics } from "@opentelemetry/api";
import { DataPointType, MeterProvider, MetricReader, type MetricData } from "@opentelemetry/sdk-metrics";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { keyvTier } from "../../src/keyv/index.ts";
import { METRICS } from "../../src/opentelemetry/metric-table.ts";
import { registerMetrics } from "../../src/opentelemetry/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { createCache } from "../support/cache.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { waitUntil } from "../support/wait-until.ts";

afterEach(() => metrics.disable());

/** Collects when the test says so. */
class ManualReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

function meter() {
  const reader = new ManualReader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const collect = async (): Promise<readonly MetricData[]> => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  };
  return { meterProvider, collect };
}

/** `name{attributes}` and values, without the cache. */
function flat(collected: readonly MetricData[]): Record<string, unknown> {
  const points = collected.flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map(({ attributes, value }): [string, unknown] => {
      const { "freshtier.cache": _cache, ...others } = attributes;
      const list = Object.entries(others).map(([key, text]) => `${key.replace("freshtier.", "")}=${String(text)}`);
      return [`${descriptor.name.replace("freshtier.", "")}{${list.join()}}`, value];
    }),
  );
  return Object.fromEntries(points);
}

describe("metrics", () => {
  test("say what has happened", async () => {
    const { cache, clock } = createCache({ staleIfError: "1h", tiers: [memoryTier({ maxEntries: 2 })] });
    const { meterProvider, collect } = meter();
    registerMetrics(cache, { meterProvider });
    await cache.get("k", () => 1);
    await cache.get("k");
    await clock.advance(1_000);
    await cache.get("k", () => Promise.reject(new Error("down")));
    await drainMicrotasks();
    await cache.get("k", () => 2);
    await Promise.all([cache.get("l", () => 1), cache.get("l", () => 1)]);
    await cache.get("m", async () => (await cache.clear(), 1));
    await cache.setMany({ a: 1, b: 2, c: 3 });
    expect(flat(await collect())).toEqual({
      "requests{}": 7,
      "hits{entry.state=fresh}": 1,
      "hits{entry.state=stale}": 2,
      "hits{entry.state=rescue}": 0,
      "misses{}": 4,
      "rescues{}": 0,
      "sets{}": 3,
      "invalidations{}": 1,
      "refresh.calls{refresh.kind=foreground}": 3,
      "refresh.calls{refresh.kind=background}": 1,
      "refresh.losses{outcome=failed}": 1,
      "refresh.losses{outcome=invalidated}": 1,
      "refresh.spared{reason=joined}": 1,
      "refresh.spared{reason=backed_off}": 1,
      "refresh.spared{reason=refused}": 0,
      "refresh.spared{reason=lease_denied}": 0,
      "refresh.spared{reason=made_elsewhere}": 0,
      "refresh.active{}": 0,
      "refresh.queued{}": 0,
      "refresh.duration{quantile=0.5}": expect.any(Number) as number,
      "refresh.duration{quantile=0.95}": expect.any(Number) as number,
      "refresh.duration{quantile=0.99}": expect.any(Number) as number,
      "tier.entries{tier=memory}": 2,
      "tier.capacity{tier=memory}": 2,
      "tier.utilization{tier=memory}": 1,
      "tier.evictions{tier=memory}": 1,
      "tier.sets{tier=memory}": 5,
      "tier.deletes{tier=memory}": 2,
      "tier.hits{tier=memory,entry.state=fresh}": 1,
      "tier.hits{tier=memory,entry.state=stale}": 2,
      "tier.hits{tier=memory,entry.state=rescue}": 0,
      "tier.misses{tier=memory}": 4,
    });
  });

  test("tell of tiers outside the process, each by its label", async () => {
    const tiers = [memoryTier({ maxBytes: 10_000 }), keyvTier({ store: new Map() }), sqliteTier({ path: ":memory:" })];
    const cache = new TieredCacheManager({ tiers });
    const { meterProvider, collect } = meter();
    registerMetrics(cache, { meterProvider });
    await cache.get("k");
    await waitUntil(async () => flat(await collect())["bus.live{}"] === 1, { what: "the bus is live" });
    const values = flat(await collect());
    expect(values).toMatchObject({
      "tier.bytes{tier=memory}": 0,
      "tier.misses{tier=sqlite}": 1,
      "tier.misses{tier=keyv}": 0,
      "tier.errors{tier=sqlite}": 0,
      "tier.refused{tier=sqlite}": 0,
      "tier.breakers{tier=sqlite,breaker.state=closed}": 1,
      "tier.breakers{tier=sqlite,breaker.state=open}": 0,
      "tier.breakers{tier=sqlite,breaker.state=half_open}": 0,
      "tier.timeouts{tier=sqlite}": 0,
      "leases{outcome=granted}": 0,
      "bus.gaps{}": 0,
      "pending{tier=sqlite}": 0,
    });
    expect(values["tier.duration{tier=sqlite,quantile=0.99}"]).toBeGreaterThan(0);
    // A tier without a bound has no number for it.
    expect(Object.keys(values)).not.toContain("tier.capacity{tier=sqlite}");
    // Copies have no bus; memory is asked for nothing that can fail.
    expect(Object.keys(values)).not.toContain("pending{tier=keyv}");
    expect(Object.keys(values)).not.toContain("tier.errors{tier=memory}");
    await cache.close();
  });

  test("have the name of their cache, and end for one cache alone", async () => {
    const { meterProvider, collect } = meter();
    const [shop, users] = ["shop", "users"].map((name) => createCache({ name }).cache) as [
      TieredCacheManager,
      TieredCacheManager,
    ];
    const unregister = registerMetrics(shop, { meterProvider });
    registerMetrics(users, { meterProvider });
    await shop.get("k");
    const ofRequests = async (): Promise<unknown[]> =>
      (await collect())
        .filter(({ descriptor }) => descriptor.name === "freshtier.requests")
        .flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => [attributes["freshtier.cache"], value]));
    expect(await ofRequests()).toEqual([
      ["shop", 1],
      ["users", 0],
    ]);
    unregister();
    unregister();
    for (const cache of [shop, users]) await cache.get("k");
    // The SDK accumulates, and goes on to tell what it has been told last.
    expect(await ofRequests()).toEqual([
      ["shop", 1],
      ["users", 1],
    ]);
  });

  test("read the statistics when they are collected, once, and never otherwise", async () => {
    const { cache } = createCache();
    const { meterProvider, collect } = meter();
    let reads = 0;
    const unregister = registerMetrics({ name: "shop", stats: () => (reads++, cache.stats()) }, { meterProvider });
    await cache.get("k", () => 1);
    expect(reads).toBe(0);
    await collect();
    expect(reads).toBe(1);
    unregister();
    await collect();
    expect(reads).toBe(1);
  });

  test("go to the global provider", async () => {
    const { meterProvider, collect } = meter();
    metrics.setGlobalMeterProvider(meterProvider);
    registerMetrics(createCache().cache);
    expect(Object.keys(flat(await collect()))).toContain("requests{}");
  });

  test("of a closed cache tell its last values", async () => {
    const { cache } = createCache();
    const { meterProvider, collect } = meter();
    registerMetrics(cache, { meterProvider });
    await cache.get("k");
    await cache.close();
    expect(flat(await collect())).toMatchObject({ "requests{}": 1 });
  });
});

describe("the table of metrics in DESIGN.md", () => {
  const page = readFileSync(new URL("../../src/DESIGN.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(freshtier\.[\w.]+)` +\| ([\w -]+?) +\| `([^`]+)` +\| (.*?) +\| (.*?) +\|$/gm)];
  const kinds = { counter: "counter", upDownCounter: "up-down counter", gauge: "gauge" } as const;

  test("has the names, kinds, units and meanings of the code, in its order", () => {
    const documented = rows.map(([, name, kind, unit, , meaning]) => ({ name, kind, unit, meaning }));
    expect(documented).toEqual(
      METRICS.map(({ name, kind, unit, description }) => ({ name, kind: kinds[kind], unit, meaning: description })),
    );
  });

  test("has the attributes that are collected", async () => {
    const folder = mkdtempSync(join(tmpdir(), "freshtier-metrics-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const open = (): TieredCacheManager =>
      new TieredCacheManager({
        tiers: [memoryTier({ maxBytes: 10_000 }), sqliteTier({ path: join(folder, "cache.db") })],
      });
    await using other = open();
    const cache = open();
    const { meterProvider, collect } = meter();
    registerMetrics(cache, { meterProvider });
    await cache.get("k", () => 1);
    await waitUntil(() => cache.stats().bus?.live, { what: "the bus is live" });
    await other.set("k", 1);
    await waitUntil(() => cache.stats().bus?.lagMs !== undefined, { what: "a message has been heard" });
    const collected = new Map(
      (await collect()).map(({ descriptor, dataPoints }) => [descriptor.name, Object.keys(dataPoints[0]!.attributes)]),
    );
    await cache.close();
    for (const [, name = "", , , attributes = ""] of rows) {
      const documented = [...attributes.matchAll(/`([^`]+)`/g)].map(([, attribute]) => attribute);
      expect([name, collected.get(name)]).toEqual([name, ["freshtier.cache", ...documented]]);
    }
  });

  test("is of sums, of which some only grow, and of gauges", async () => {
    const { meterProvider, collect } = meter();
    registerMetrics(createCache().cache, { meterProvider });
    for (const metric of await collect()) {
      const { kind } = METRICS.find(({ name }) => name === metric.descriptor.name)!;
      expect(metric).toMatchObject(
        kind === "gauge"
          ? { dataPointType: DataPointType.GAUGE }
          : { dataPointType: DataPointType.SUM, isMonotonic: kind === "counter" },
      );
    }
  });
});
