// A cache that the environment has put on Redis: it finds it, logs in, and does there what its variables say.

import { afterEach, expect, test } from "vitest";
import { cacheFromEnv, type TieredCacheManager } from "../../src/index.ts";
import { freePort } from "../support/redis/free-port.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { serverOfTests } from "./servers.ts";

forbidUnhandledRejections();

const world = serverOfTests();
const opened: TieredCacheManager[] = [];
let names = 0;

afterEach(async () => {
  for (const cache of opened.splice(0)) await cache.close();
});

/** A command may take long: the machine is shared. */
async function open(env: Record<string, string>): Promise<TieredCacheManager> {
  const cache = await cacheFromEnv({ env: { CACHE_REDIS_SOCKET_TIMEOUT: "5s", ...env } });
  opened.push(cache);
  return cache;
}

test("two caches are one", async () => {
  const env = { CACHE_REDIS_URL: world.server.url, CACHE_NAME: `env${names++}` };
  const [a, b] = [await open(env), await open(env)];
  expect(await a.set("k", "old")).toEqual({ authority: "done" });
  expect(await b.get("k")).toBe("old");
  expect(await a.delete("k")).toMatchObject({ authority: "done" });
  await waitUntil(async () => (await b.get("k")) === undefined, { what: "word has come" });
});

test("host, port, database, user and password", async () => {
  const { server } = world;
  await server.command("ACL", "SETUSER", "shop", "on", ">correct horse", "~*", "&*", "+@all");
  const login = { CACHE_REDIS_USERNAME: "shop", CACHE_REDIS_PASSWORD: "correct horse", CACHE_REDIS_DB: "3" };
  const place = { CACHE_REDIS_HOST: server.host, CACHE_REDIS_PORT: String(server.port) };
  const name = `env${names++}`;
  const cache = await open({ ...login, ...place, CACHE_L2_BACKEND: "valkey", CACHE_NAME: name });
  expect(await cache.set("k", "v")).toEqual({ authority: "done" });
  const keys = async (db: string): Promise<number> => {
    const own = await open({ CACHE_REDIS_URL: `${server.url}/${db}`, CACHE_NAME: name, CACHE_L1_ENABLED: "0" });
    return (await own.has("k")) ? 1 : 0;
  };
  expect([await keys("3"), await keys("0")]).toEqual([1, 0]);
  const stranger = await open({ ...place, ...login, CACHE_REDIS_PASSWORD: "horse correct" });
  expect(await stranger.set("k", "v")).toEqual({ authority: "pending" });
  const { reasons } = await stranger.health();
  expect(reasons.join()).toContain("WRONGPASS");
  expect(reasons.join()).not.toContain("horse");
});

test("SYNC_ENABLED=false: no bus, and every read asks Redis", async () => {
  const env = { CACHE_REDIS_URL: world.server.url, CACHE_NAME: `env${names++}`, CACHE_SYNC_ENABLED: "false" };
  const [a, b] = [await open(env), await open(env)];
  await a.set("k", 1);
  expect(await b.get("k")).toBe(1);
  await a.set("k", 2);
  expect(await b.get("k")).toBe(2);
  expect((await a.health()).reasons).toEqual(["redis has no bus: every read asks it"]);
});

test("the breaker opens after as many failures as the environment says", async () => {
  const env = { CACHE_REDIS_HOST: "127.0.0.1", CACHE_REDIS_PORT: String(await freePort()), CACHE_SYNC_ENABLED: "no" };
  const timeouts = { CACHE_REDIS_SOCKET_TIMEOUT: "20ms", CACHE_CIRCUIT_BREAKER_THRESHOLD: "3" };
  const cache = await open({ ...env, ...timeouts });
  const reasons: string[] = [];
  cache.on("breaker", ({ reason }) => void reasons.push(reason));
  await waitUntil(async () => (await cache.get("k"), reasons.length > 0), { what: "the breaker opens" });
  expect(reasons[0]).toContain("3 calls in a row failed");
});

test("L2_TTL bounds what Redis keeps", async () => {
  const name = `env${names++}`;
  const cache = await open({ CACHE_REDIS_URL: world.server.url, CACHE_NAME: name, CACHE_L2_TTL: "10s" });
  await cache.set("k", "v", { ttl: "1h" });
  const left = await world.server.command("PTTL", `${name}:v:{:k}`);
  expect(Number(left)).toBeGreaterThan(0);
  expect(Number(left)).toBeLessThanOrEqual(10_000);
});
