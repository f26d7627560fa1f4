// Spans of what tiers outside the process are asked, on a real Redis and a real SQLite file.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type CacheOptions, type Duration, type TierConfig } from "../../src/index.ts";
import { openTelemetryTracing, type OpenTelemetryTracingOptions } from "../../src/opentelemetry/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { openBare } from "../sqlite/bare.ts";
import { deferred } from "../support/deferred.ts";
import { hang } from "../support/redis/faults.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { allEnded, idOf, linksOf, parentOf, record, withContexts, type Recorded } from "./kit.ts";

forbidUnhandledRejections();
withContexts();

const folder = mkdtempSync(join(tmpdir(), "freshtier-opentelemetry-"));
let server: RedisServer;
let recorded: Recorded;
let opened: TieredCacheManager[];
let names = 0;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  recorded = record();
  opened = [];
  names++;
});

/** Whatever has happened: nothing is left open. */
afterEach(async () => {
  for (const cache of opened) await cache.close();
  await allEnded(recorded);
});

const TIMEOUT = "5s";
type Kind = "redis" | "sqlite";
const KINDS: readonly Kind[] = ["redis", "sqlite"];

function tierOf(kind: Kind, timeout: Duration = TIMEOUT): TierConfig {
  if (kind === "redis") return redisTier({ host: server.host, port: server.port, timeout });
  return sqliteTier({ path: join(folder, `${names}.db`), timeout });
}

/** One process's cache, on the tier of this test; resolves when its bus is live. */
async function open(
  tiers: readonly TierConfig[],
  options: CacheOptions<never> = {},
  tracing: OpenTelemetryTracingOptions | false = {},
): Promise<TieredCacheManager> {
  const { provider: tracerProvider } = recorded;
  const traced = tracing === false ? undefined : openTelemetryTracing({ tracerProvider, ...tracing });
  const cache = new TieredCacheManager({ name: `shop${names}`, tiers, tracing: traced, ...options });
  opened.push(cache);
  const isLive = (): boolean => cache.stats().bus?.live === true;
  await waitUntil(isLive, { what: "the bus is live" });
  return cache;
}

const outcomeOf = ({ attributes }: ReadableSpan): unknown => attributes["freshtier.outcome"];

describe.each(KINDS)("on %s", (kind) => {
  test("a miss is a read, and within the refresh a lease and a fill", async () => {
    const cache = await open([memoryTier(), tierOf(kind)], { namespace: "users" });
    await recorded.request("request", () => cache.get("k", () => "v"));
    await allEnded(recorded);
    const [request, read, refresh] = ["request", `read ${kind}`, `refresh shop${names}`].map(recorded.one);
    const [acquire, fill] = [`acquire ${kind}`, `fill ${kind}`].map(recorded.one);
    expect([read, refresh].map((span) => parentOf(span!))).toEqual([idOf(request!), idOf(request!)]);
    expect([acquire, fill].map((span) => parentOf(span!))).toEqual([idOf(refresh!), idOf(refresh!)]);
    for (const span of [read, acquire, fill]) expect(span!.kind).toBe(SpanKind.CLIENT);
    expect([read, acquire, fill].map((span) => outcomeOf(span!))).toEqual(["absent", "granted", "stored"]);
    expect(read!.attributes).toEqual({
      "freshtier.cache": `shop${names}`,
      "freshtier.namespace": "users",
      "freshtier.tier": kind,
      "freshtier.outcome": "absent",
      "db.system.name": kind,
      "db.operation.name": "read",
    });
  });

  test("a memory hit is no span, and a hit of the tier one, with the state of the entry", async () => {
    const writer = await open([tierOf(kind)], {}, false);
    const cache = await open([memoryTier(), tierOf(kind)]);
    await writer.set("fresh", 1, { ttl: "1h" });
    await writer.set("stale", 2, { ttl: 0, staleWhileRevalidate: "1h" });
    // By then the clock of the tier is known.
    await cache.get("nothing");
    for (let read = 0; read < 3; read++) await cache.get("fresh");
    expect(recorded.named(`read ${kind}`).map(outcomeOf)).toEqual(["absent", "fresh"]);
    await cache.get("stale");
    expect(recorded.named(`read ${kind}`).map(outcomeOf)).toEqual(["absent", "fresh", "stale"]);
  });

  test("what a refresh behind asks is in its trace, and not in that of the request", async () => {
    const cache = await open([tierOf(kind)]);
    await cache.set("k", "old", { ttl: 0, staleWhileRevalidate: "1h" });
    await recorded.request("request", () => cache.get("k", () => "new"));
    await waitUntil(() => recorded.named(`refresh shop${names}`).length === 1, { what: "it has been refreshed" });
    const [request, refresh] = ["request", `refresh shop${names}`].map(recorded.one);
    expect(linksOf(refresh!)).toEqual([idOf(request!)]);
    // Word of the `set` may come in between, and the question is asked again.
    for (const read of recorded.named(`read ${kind}`)) expect(parentOf(read)).toBe(idOf(request!));
    for (const name of [`acquire ${kind}`, `fill ${kind}`]) expect(parentOf(recorded.one(name))).toBe(idOf(refresh!));
  });

  test("writes say what became of them, and what they were about", async () => {
    const cache = await open([memoryTier(), tierOf(kind)]);
    await recorded.request("request", async () => {
      await cache.set("k", 1);
      await cache.markStale("k");
      await cache.delete("k");
      await cache.delete("k");
      await cache.invalidateTags(["secret-tag"]);
      await cache.clearNamespace("n");
      await cache.clear();
    });
    const request = recorded.one("request");
    const written = recorded.spans().filter(({ name }) => /^(set|markStale|remove|bump) /.test(name));
    expect(written.map((span) => [span.name.split(" ")[0], outcomeOf(span)])).toEqual([
      ["set", "stored"],
      ["markStale", "done"],
      ["remove", "removed"],
      ["remove", "absent"],
      ["bump", "done"],
      ["bump", "done"],
      ["bump", "done"],
    ]);
    const [tag, namespace, all] = written.slice(-3).map(({ attributes }) => attributes);
    expect(tag).toMatchObject({ "freshtier.target": "tag" });
    expect(JSON.stringify(tag)).not.toContain("secret");
    expect(namespace).toMatchObject({ "freshtier.target": "namespace", "freshtier.namespace": "n" });
    expect(all).toMatchObject({ "freshtier.target": "all" });
    for (const span of written) expect(parentOf(span)).toBe(idOf(request));
  });

  test("keys are told when asked for, and not otherwise", async () => {
    const said = async (keys: boolean): Promise<string> => {
      recorded = record();
      const cache = await open([memoryTier(), tierOf(kind)], {}, { keys });
      await cache.get(`secret-${keys}`, () => 1, { tags: ["secret"] });
      await cache.delete(`secret-${keys}`);
      await cache.invalidateTags(["secret"]);
      await allEnded(recorded);
      return JSON.stringify(recorded.spans().map(({ attributes, status, events }) => ({ attributes, status, events })));
    };
    expect(await said(false)).not.toContain("secret");
    const told = await said(true);
    expect(told).toContain('"freshtier.key":"secret-true"');
    expect(told).toContain('"freshtier.tag":"secret"');
  });

  test("a value that another process has made meanwhile ends the span of the refresh", async () => {
    const other = await open([tierOf(kind)], {}, false);
    const cache = await open([tierOf(kind)]);
    const { refresh, call, calls } = controlled();
    const theirs = other.get("k", refresh);
    await waitUntil(() => calls.length === 1, { what: "the other process refreshes" });
    const ours = cache.get("k", () => "never called");
    await waitUntil(() => recorded.named(`acquire ${kind}`).length === 1, {
      what: "this one has been refused the lease",
    });
    expect(outcomeOf(recorded.one(`acquire ${kind}`))).toBe("held");
    call(0).resolve("v");
    expect(await Promise.all([theirs, ours])).toEqual(["v", "v"]);
    await allEnded(recorded);
    expect(outcomeOf(recorded.one(`refresh shop${names}`))).toBe("served");
  });

  test("a key of a batch that another process refreshes has a span of its own", async () => {
    const other = await open([tierOf(kind)], {}, false);
    const cache = await open([tierOf(kind)]);
    const { refresh, call, calls } = controlled();
    const theirs = other.get("held", refresh);
    await waitUntil(() => calls.length === 1, { what: "the other process refreshes" });
    const batch = controlledBatch();
    const ours = recorded.request("request", () => cache.getMany(["held", "free"], batch.refresh));
    await waitUntil(() => batch.calls.length === 1, { what: "the batch has been called" });
    expect(batch.call(0).argument.keys).toEqual(["free"]);
    batch.call(0).resolve({ free: "f" });
    await waitUntil(() => recorded.named(`refresh shop${names}`).length === 1, { what: "the batch's span has ended" });
    call(0).resolve("h");
    expect(await ours).toEqual(["h", "f"]);
    await theirs;
    await allEnded(recorded);
    const [ofBatch, apart] = recorded.named(`refresh shop${names}`);
    expect([outcomeOf(ofBatch!), outcomeOf(apart!)]).toEqual(["stored", "served"]);
    expect(parentOf(apart!)).toBe(idOf(ofBatch!));
    expect(apart!.attributes).toMatchObject({ "freshtier.batch.size": 1 });
  });

  test("a lease is renewed within the span of the refresh", async () => {
    const cache = await open([memoryTier(), tierOf(kind)]);
    const { refresh, call, calls } = controlled();
    const got = cache.get("k", refresh);
    await waitUntil(() => calls.length === 1, { what: "the refresh has been called" });
    await waitUntil(() => recorded.named(`renew ${kind}`).length > 0, { what: "the lease has been renewed" });
    call(0).resolve("v");
    await got;
    await allEnded(recorded);
    const [renewal] = recorded.named(`renew ${kind}`);
    expect(parentOf(renewal!)).toBe(idOf(recorded.one(`refresh shop${names}`)));
    expect(outcomeOf(renewal!)).toBe("done");
  });

  test("what the cache asks for its own upkeep is no trace of its own", async () => {
    const cache = await open([memoryTier(), tierOf(kind)]);
    await cache.health();
    await cache.get("k");
    expect(recorded.spans().map(({ name }) => name)).toEqual([`read ${kind}`]);
    await recorded.request("request", () => cache.health());
    expect(parentOf(recorded.one(`now ${kind}`))).toBe(idOf(recorded.one("request")));
  });

  test("errors of a closed tier, and whatever close() meets under way, leave nothing open", async () => {
    const cache = await open([memoryTier(), tierOf(kind)]);
    const { refresh, calls } = controlled();
    const got = cache.get("k", refresh).catch((error: unknown) => error);
    await waitUntil(() => calls.length === 1, { what: "the refresh has been called" });
    const setting = cache.set("l", 1);
    await cache.close({ timeout: 0 });
    await setting;
    expect(await got).toMatchObject({ code: "closed" });
    await allEnded(recorded);
    expect(outcomeOf(recorded.one(`refresh shop${names}`))).toBe("aborted");
  });
});

describe("what outlives its request", () => {
  test("is a trace of its own, with a link to it", async () => {
    const cache = await open([tierOf("redis")]);
    const go = deferred<void>();
    const later = { done: Promise.resolve() };
    await recorded.request("request", async () => {
      later.done = go.promise.then(() => cache.get("k", () => "v")).then(() => undefined);
    });
    go.resolve();
    await later.done;
    await allEnded(recorded);
    const [request, read, refresh] = ["request", "read redis", `refresh shop${names}`].map(recorded.one);
    expect([parentOf(read!), parentOf(refresh!)]).toEqual([undefined, undefined]);
    expect([linksOf(read!), linksOf(refresh!)]).toEqual([[idOf(request!)], [idOf(request!)]]);
  });
});

describe("on SQLite", () => {
  test("what is asked at once is a span, too", async () => {
    const cache = await open([memoryTier(), tierOf("sqlite")]);
    const writer = await open([tierOf("sqlite")], {}, false);
    await writer.set("k", 1);
    await recorded.request("request", async () => {
      expect(cache.getSync("k")).toBe(1);
      cache.setSync("l", 2);
      cache.deleteSync("l");
    });
    const request = recorded.one("request");
    const [read, set, remove] = ["read sqlite", "set sqlite", "remove sqlite"].map(recorded.one);
    expect([read, set, remove].map((span) => outcomeOf(span!))).toEqual(["fresh", "stored", "removed"]);
    for (const span of [read, set, remove]) expect(parentOf(span!)).toBe(idOf(request));
  });
});

describe("a SQLite file that another connection has locked", () => {
  test("is an error of the span of what is asked at once", async () => {
    const cache = await open([memoryTier(), tierOf("sqlite")]);
    await cache.set("k", 1);
    await allEnded(recorded);
    const before = recorded.named("set sqlite").length;
    const other = openBare(join(folder, `${names}.db`));
    other.exec("BEGIN IMMEDIATE");
    expect(cache.setSync("k", 2)).toEqual({ authority: "pending" });
    const span = recorded.named("set sqlite")[before];
    expect(span).toMatchObject({ status: { code: SpanStatusCode.ERROR } });
    expect(outcomeOf(span!)).toBe("failed");
    other.exec("COMMIT");
    other.close();
  });
});

describe("with copies on this host", () => {
  test("both tiers have spans, each by its name", async () => {
    const cache = await open([memoryTier(), sqliteTier({ path: ":memory:", timeout: TIMEOUT }), tierOf("redis")]);
    await cache.get("k", () => "v");
    await waitUntil(() => recorded.named("set sqlite").length === 1, { what: "the copy has been made" });
    expect(outcomeOf(recorded.one("set sqlite"))).toBe("stored");
    await recorded.request("request", () => cache.get("k", { tiers: { memory: false } }));
    const ofRequest = recorded.spans().filter((span) => parentOf(span) === idOf(recorded.one("request")));
    expect(ofRequest.map((span) => [span.name, outcomeOf(span)])).toEqual([["read sqlite", "fresh"]]);
    expect(recorded.named("read redis").map(outcomeOf)).toEqual(["absent"]);
  });
});

describe("a cluster", () => {
  test.each([
    ["10.0.0.1:7000", { "server.address": "10.0.0.1", "server.port": 7000 }],
    ["::1:7000", { "server.address": "::1", "server.port": 7000 }],
    ["redis", {}],
    ["nowhere", {}],
  ])("says which of its servers was asked: %s", (label, address) => {
    const tracer = openTelemetryTracing({ tracerProvider: recorded.provider }).open("shop");
    tracer
      .ask({ tier: "redis", system: undefined, server: label, operation: "read", about: undefined })
      ?.end(undefined);
    const own = { "freshtier.cache": "shop", "freshtier.tier": "redis", "db.operation.name": "read" };
    expect(recorded.one("read redis").attributes).toEqual({ ...own, ...address });
  });
});

describe("a Redis that does not answer", () => {
  test("is an error of its spans, until the breaker spares it the question", async () => {
    const cache = await open([tierOf("redis", "300ms")]);
    const undo = await hang(server);
    try {
      expect(await cache.get("k", () => "v")).toBe("v");
      const [read] = recorded.named("read redis");
      expect(read!.status.code).toBe(SpanStatusCode.ERROR);
      expect(read!.attributes).toMatchObject({ "error.type": "unavailable", "freshtier.outcome": "failed" });
      expect(read!.events[0]).toMatchObject({ name: "exception" });
      // What waits for the source has not failed for that.
      expect(recorded.one(`refresh shop${names}`).status.code).toBe(SpanStatusCode.UNSET);
      const isOpen = async (): Promise<boolean> => {
        await cache.get("k", () => "v");
        return Object.values((cache.stats().tiers["redis"] as { breakers: object }).breakers).includes("open");
      };
      await waitUntil(isOpen, { what: "the breaker is open" });
      await allEnded(recorded);
      const before = recorded.named("read redis").length;
      await cache.get("k", () => "v");
      expect(recorded.named("read redis")).toHaveLength(before);
    } finally {
      await undo();
    }
  });

  test("ends its spans when the cache is closed meanwhile", async () => {
    const cache = await open([memoryTier(), tierOf("redis", "60s")]);
    const undo = await hang(server);
    try {
      const got = cache.get("k", () => "v", { hardTimeout: "100ms" }).catch(() => "late");
      const set = cache.set("l", 1);
      await waitUntil(() => recorded.open().length > 0, { what: "it has been asked" });
      await cache.close({ timeout: 0 });
      await allEnded(recorded);
      await Promise.all([got, set]);
      expect(outcomeOf(recorded.one("read redis"))).toBe("failed");
    } finally {
      await undo();
    }
  });
});
