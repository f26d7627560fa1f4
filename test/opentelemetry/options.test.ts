// How tracing is asked for: every way to make a cache takes it, and nothing that nobody can mean.

import { trace } from "@opentelemetry/api";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { cacheFromEnv, createCaches, TieredCacheManager, type CacheOptions } from "../../src/index.ts";
import { openTelemetryTracing, registerMetrics } from "../../src/opentelemetry/index.ts";
import { ATTRIBUTES, SCOPE } from "../../src/opentelemetry/names.ts";
import { record } from "./kit.ts";

afterEach(() => trace.disable());

const nameAll = (recorded: ReturnType<typeof record>): string[] => recorded.spans().map(({ name }) => name);

describe("tracing", () => {
  test("of createCaches is that of all its caches, each by its name", async () => {
    const recorded = record();
    const caches = createCaches({ tracing: openTelemetryTracing({ tracerProvider: recorded.provider }) });
    for (const name of ["images", "users"]) await caches.create(name).get("k", () => 1);
    expect(nameAll(recorded)).toEqual(["refresh images", "refresh users"]);
    await caches.close();
  });

  test("of cacheFromEnv is among the defaults", async () => {
    const recorded = record();
    const tracing = openTelemetryTracing({ tracerProvider: recorded.provider });
    const cache = await cacheFromEnv({ env: { CACHE_NAME: "shop" }, defaults: { tracing } });
    await cache.get("k", () => 1);
    expect(nameAll(recorded)).toEqual(["refresh shop"]);
    await cache.close();
  });

  test("goes to the global provider, also if that is registered later", async () => {
    const cache = new TieredCacheManager({ tracing: openTelemetryTracing() });
    await cache.get("before", () => 1);
    const recorded = record();
    trace.setGlobalTracerProvider(recorded.provider);
    await cache.get("after", () => 1);
    expect(nameAll(recorded)).toEqual(["refresh default"]);
    await cache.close();
  });

  test("of a disabled cache makes nothing", async () => {
    const recorded = record();
    const tracing = openTelemetryTracing({ tracerProvider: recorded.provider, hits: true });
    const cache = new TieredCacheManager({ enabled: false, tracing });
    expect(await cache.get("k", () => 1)).toBe(1);
    expect(cache.getSync("k", () => 2)).toBe(2);
    expect(recorded.open()).toEqual([]);
    expect(nameAll(recorded)).toEqual([]);
  });
});

describe("what nobody can mean is refused, with field, rule and value", () => {
  const refused = (message: string): object =>
    expect.objectContaining({ name: "CacheError", code: "invalid_option", message });

  test.each([
    [5, "options of openTelemetryTracing must be an object, got 5"],
    [
      { key: true },
      "options of openTelemetryTracing must hold known options only (keys, hits, tracerProvider), got 'key'",
    ],
    [{ keys: "yes" }, "keys must be true or false, got 'yes'"],
    [{ hits: 1 }, "hits must be true or false, got 1"],
    [{ tracerProvider: null }, "tracerProvider must be an object with getTracer(), got null"],
    [{ tracerProvider: {} }, "tracerProvider must be an object with getTracer(), got {}"],
  ])("by openTelemetryTracing: %j", (options, message) => {
    expect(() => openTelemetryTracing(options as never)).toThrow(refused(message));
  });

  test.each([true, null, {}, "otel", openTelemetryTracing])("as tracing of a cache: %s", (tracing) => {
    const options = { tracing } as unknown as CacheOptions<never>;
    const rule = "tracing must be what openTelemetryTracing() returns, an object with open(), got ";
    expect(() => new TieredCacheManager(options)).toThrow(rule);
    expect(() => new TieredCacheManager(options)).toThrow(expect.objectContaining({ code: "invalid_option" }));
  });

  test("by registerMetrics", async () => {
    const cache = new TieredCacheManager();
    expect(() => registerMetrics({} as never)).toThrow("cache must be a TieredCacheManager, got {}");
    expect(() => registerMetrics(undefined as never)).toThrow("cache must be a TieredCacheManager, got undefined");
    expect(() => registerMetrics(cache, { meterProvider: {} } as never)).toThrow(
      refused("meterProvider must be an object with getMeter(), got {}"),
    );
    expect(() => registerMetrics(cache, { meter: 1 } as never)).toThrow(
      refused("options of registerMetrics must hold known options only (meterProvider), got 'meter'"),
    );
    await cache.close();
  });
});

test("the instrumentation scope has the version of the package", () => {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  expect(SCOPE).toEqual({ name: "freshtier", version: (JSON.parse(manifest) as { version: string }).version });
});

test("every attribute is described in DESIGN.md", () => {
  const page = readFileSync(new URL("../../src/DESIGN.md", import.meta.url), "utf8");
  for (const name of Object.values(ATTRIBUTES)) expect(page).toContain(`\`${name}\``);
});
