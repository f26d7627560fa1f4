// Whatever fails in the cache, a request does not: it is a miss. And a response keeps its age on any clock.

import { afterEach, describe, expect, test, vi } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { collect } from "../support/cache.ts";
import { startRedis } from "../support/redis/server.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { eventually, KINDS, World, type Client } from "./world.ts";

forbidUnhandledRejections();
const world = new World(KINDS);
afterEach(() => vi.restoreAllMocks());

const CACHED = { "cache-control": "max-age=60" };

describe("with Redis", () => {
  async function onItsOwnRedis(): Promise<{
    client: Client;
    other: Client;
    server: Awaited<ReturnType<typeof startRedis>>;
  }> {
    const server = await startRedis();
    world.atEnd(() => server.stop());
    const redis = { host: server.host, port: server.port, timeout: 100 };
    const [client, other] = [
      await world.client({ kind: "redis", redis }),
      await world.client({ kind: "redis", redis }),
    ];
    return { client, other, server };
  }

  test.each(["killed", "hung"])("%s, requests are answered: from memory, or by the origin", async (how) => {
    const { client, server } = await onItsOwnRedis();
    world.origin.says(CACHED);
    const isStored = async (): Promise<boolean> => (await client.text("/before")) === (await client.text("/before"));
    // On a busy machine the first answers of Redis may come too late.
    await waitUntil(isStored, { what: "a response is stored" });
    const before = await client.text("/before");
    if (how === "killed") await server.kill9();
    else server.pause();
    world.atEnd(() => server.resume());
    const startedAt = performance.now();
    expect(await client.text("/before")).toBe(before);
    const paths = ["/a", "/b", "/c"];
    const answers = await Promise.all(paths.map((path) => client.text(path)));
    expect(new Set([before, ...answers]).size).toBe(4);
    expect(await Promise.all(paths.map((path) => client.text(path)))).toEqual(answers);
    expect((await client.fetch("/a", { method: "POST" })).status).toBe(200);
    expect(await client.text("/a")).not.toBe(answers[0]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test("back again, what was ended meanwhile stays so, on all processes", async () => {
    const { client, other, server } = await onItsOwnRedis();
    world.origin.says(CACHED);
    const isStored = async (): Promise<boolean> => (await client.text("/")) === (await other.text("/"));
    await waitUntil(isStored, { what: "a response is stored" });
    const before = await other.text("/");
    server.pause();
    expect(await client.text("/", { method: "POST" })).not.toBe(before);
    expect(await client.text("/")).not.toBe(before);
    server.resume();
    await waitUntil(() => client.cache.stats().bus?.live && other.cache.stats().bus?.live, { what: "both are live" });
    await eventually(async () => (await other.text("/")) !== before, true);
    expect(await client.text("/")).not.toBe(before);
  });

  test("absent from the start, requests are answered", async () => {
    const tiers = [memoryTier(), redisTier({ host: "127.0.0.1", port: 1, timeout: 100 })];
    const cache = new TieredCacheManager({ tiers });
    world.atEnd(() => cache.close());
    const client = world.clientOn(cache, {});
    world.origin.says(CACHED);
    expect([await client.text("/"), await client.text("/")]).toEqual(["answer 1", "answer 1"]);
  });
});

describe.each(KINDS)("with %s", (kind) => {
  test("and damaged entries, requests are answered by the origin", async () => {
    const [here] = await world.pair({ kind });
    world.origin.says(CACHED);
    await here.text("/");
    await here.stored("/");
    const keys = await collect(here.cache.keys({ namespace: "undici" }));
    expect(keys.length).toBe(2);
    for (const [round, damage] of ["text", { generation: 1 }, null].entries()) {
      for (const key of keys) await here.cache.set(key, damage, { namespace: "undici", ttl: 60_000 });
      expect(await here.text("/")).toBe(`answer ${round + 2}`);
    }
    expect(here.errors.length).toBeGreaterThan(0);
  });

  test("and a cache that is closed, requests are answered by the origin", async () => {
    const [here] = await world.pair({
      kind,
      store: {
        onError: () => {
          throw new Error("not even this");
        },
      },
    });
    world.origin.says(CACHED);
    await here.text("/");
    await here.cache.close();
    expect([await here.text("/"), await here.text("/")]).toEqual(["answer 2", "answer 3"]);
    expect((await here.fetch("/", { method: "POST" })).status).toBe(200);
  });

  test("a store that is closed finds and stores nothing more, waits for what it does, and goes on deleting", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.says(CACHED);
    await here.text("/");
    await here.store.close();
    // It waited.
    expect(await there.text("/")).toBe("answer 1");
    expect([await here.text("/"), await here.text("/new")]).toEqual(["answer 2", "answer 3"]);
    expect(await there.text("/")).toBe("answer 1");
    await here.text("/", { method: "POST" });
    await here.store[Symbol.asyncDispose]();
    await eventually(async () => (await there.text("/")) !== "answer 1", true);
    // Its cache is somebody else's.
    await here.cache.set("k", "v");
    expect(await here.cache.get("k")).toBe("v");
  });

  test("P6 a response keeps its age where the wall clock is fifteen minutes off, on either side", async () => {
    const [here, there] = await world.pair({ kind });
    const now = Date.now.bind(Date);
    let offMs = 0;
    vi.spyOn(Date, "now").mockImplementation(() => now() + offMs);
    world.origin.handle = (_request, response) => {
      response.sendDate = false;
      response.writeHead(200, { "cache-control": "max-age=100", age: "40" }).end(`answer ${world.origin.asked.length}`);
    };
    for (const [path, minutes] of [
      ["/fast", 15],
      ["/slow", -15],
    ] as const) {
      offMs = minutes * 60_000;
      const askedAt = now();
      const text = await here.text(path);
      await here.stored(path);
      offMs = 0;
      const response = await there.fetch(path);
      expect(await response.text()).toBe(text);
      const age = Number(response.headers.get("age"));
      expect(age).toBeGreaterThanOrEqual(40);
      expect(age).toBeLessThanOrEqual(41 + (now() - askedAt) / 1_000);
      const found = await there.store.get({ origin: world.origin.url, method: "GET", path, headers: {} });
      const leftMs = found!.staleAt - Date.now();
      expect(leftMs).toBeGreaterThan(50_000);
      expect(leftMs).toBeLessThanOrEqual(60_100);
    }
  });

  test("and tags that cannot be told, requests are answered by the origin", async () => {
    const tags = (): string[] => {
      throw new Error("no tags");
    };
    const [here] = await world.pair({ kind, store: { tags } });
    world.origin.says(CACHED);
    expect([await here.text("/"), await here.text("/")]).toEqual(["answer 1", "answer 2"]);
    expect(String(here.errors[0])).toContain("no tags");
  });
});
