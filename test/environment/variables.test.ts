// Every variable: what it becomes, what it refuses, and what one does to another.

import { expect, test } from "vitest";
import { CacheError, cacheFromEnv } from "../../src/index.ts";
import { VARIABLE_NAMES } from "../../src/environment/variables.ts";
import { effective, type Env } from "./effective.ts";

const KEY = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 9);
const REDIS = { L2_BACKEND: "redis" };
const SQLITE = { L2_BACKEND: "sqlite" };

const withPrefix = (env: Env, prefix = "CACHE_"): Env =>
  Object.fromEntries(Object.entries(env).map(([name, text]) => [prefix + name, text]));

/** Beside memory: nothing. */
const IN_CACHE: readonly [Env, object][] = [
  [{}, { enabled: true, name: "default", enableStats: true, memory: { enabled: true, maxEntries: 1_000 } }],
  [{ ENABLED: "false" }, { enabled: false }],
  [{ NAME: "shop" }, { name: "shop" }],
  [{ NAMESPACE: "users" }, { call: { namespace: "users" } }],
  [{ TTL: "90s" }, { call: { ttl: 90_000 } }],
  [{ TTL: "1500" }, { call: { ttl: 1_500 } }],
  [{ TTL: "0" }, { call: { ttl: 0 } }],
  [{ TTL: "forever" }, { call: { ttl: Infinity } }],
  [{ STALE_WHILE_REVALIDATE: "0.5m" }, { call: { staleWhileRevalidateMs: 30_000 } }],
  [{ STALE_IF_ERROR: "1h" }, { call: { staleIfErrorMs: 3_600_000 } }],
  [{ L1_ENABLED: "false" }, { memory: { enabled: false }, enabled: false }],
  [{ L1_MAX_SIZE: "50000" }, { memory: { maxEntries: 50_000 } }],
  [{ L1_TTL: "30s" }, { memory: { maxAgeMs: 30_000 } }],
  [{ METRICS_ENABLED: "no" }, { enableStats: false }],
];

test.each(IN_CACHE)("%j", async (env, settings) => {
  expect(await effective(withPrefix(env))).toMatchObject({ cache: settings, kind: undefined });
});

const server = (address: object, login: object = {}): object => ({ target: { kind: "server", address, login } });

/** The second tier. */
const IN_TIER: readonly [Env, "redis" | "sqlite", object][] = [
  [{ L2_ENABLED: "true" }, "redis", server({ host: "localhost", port: 6379 }, { db: 0 })],
  [{ L2_ENABLED: "true", L2_BACKEND: "valkey" }, "redis", { bus: true, breaker: { failures: 5, openMs: 30_000 } }],
  [{ L2_BACKEND: "REDIS", L2_TTL: "1d" }, "redis", { maxAgeMs: 86_400_000 }],
  [{ SQLITE_PATH: "/tmp/c.db", L2_TTL: "1h" }, "sqlite", { target: { path: "/tmp/c.db" }, maxAgeMs: 3_600_000 }],
  [{ SQLITE_PATH: ":memory:", REDIS_URL: "redis://h", ...REDIS }, "redis", server({ host: "h" })],
  [{ SQLITE_PATH: ":memory:", REDIS_URL: "redis://h", ...SQLITE }, "sqlite", { target: { kind: "memory" } }],
  [
    { REDIS_URL: "rediss://u:p@h:1/2" },
    "redis",
    server({ host: "h", port: 1 }, { username: "u", password: "p", db: 2, tls: {} }),
  ],
  [
    { REDIS_URL: "redis://h", REDIS_DB: "3", REDIS_USERNAME: "u", REDIS_PASSWORD: " p " },
    "redis",
    server({ host: "h" }, { username: "u", password: " p ", db: 3 }),
  ],
  [{ REDIS_HOST: "h" }, "redis", server({ host: "h", port: 6379 })],
  [{ REDIS_HOST: "::1", REDIS_PORT: "7" }, "redis", server({ host: "::1", port: 7 })],
  [{ REDIS_HOST: "[::1]" }, "redis", server({ host: "::1" })],
  [{ ...REDIS, REDIS_PORT: "7", REDIS_DB: "1" }, "redis", server({ host: "localhost", port: 7 }, { db: 1 })],
  [{ ...REDIS, REDIS_CONNECT_TIMEOUT: "2s" }, "redis", { connectTimeoutMs: 2_000 }],
  [{ ...REDIS, REDIS_SOCKET_TIMEOUT: "250" }, "redis", { timeoutMs: 250 }],
  [{ ...REDIS, SYNC_ENABLED: "off" }, "redis", { bus: false }],
  [{ ...SQLITE, SYNC_ENABLED: "0" }, "sqlite", { bus: false }],
  [{ ...REDIS, CIRCUIT_BREAKER_ENABLED: "false", CIRCUIT_BREAKER_THRESHOLD: "9" }, "redis", { breaker: false }],
  [{ ...REDIS, CIRCUIT_BREAKER_THRESHOLD: "9" }, "redis", { breaker: { failures: 9, openMs: 30_000 } }],
  [{ ...SQLITE, CIRCUIT_BREAKER_TIMEOUT: "10s" }, "sqlite", { breaker: { failures: 5, openMs: 10_000 } }],
];

test.each(IN_TIER)("%j", async (env, kind, settings) => {
  expect(await effective(withPrefix(env))).toMatchObject({ kind, second: settings });
});

test.each<[string, string]>([
  ["base64", KEY.toString("base64")],
  ["hex", KEY.toString("hex")],
  ["HEX", KEY.toString("hex").toUpperCase()],
  ["id:base64", `1:${KEY.toString("base64")}`],
])("ENCRYPTION_KEY as %s", async (_form, text) => {
  const { second } = await effective(withPrefix({ ...REDIS, ENCRYPTION_KEY: text }));
  const { payload } = second as { payload: { encryption: { writer: { id: number; key: { export(): Buffer } } } } };
  expect([payload.encryption.writer.id, payload.encryption.writer.key.export().equals(KEY)]).toEqual([1, true]);
});

test("ENCRYPTION_KEY as several, of which the first writes", async () => {
  const text = ` 2:${OTHER.toString("hex")} , 1:${KEY.toString("base64")} `;
  const { second } = await effective(withPrefix({ ...SQLITE, ENCRYPTION_KEY: text }));
  const { payload } = second as { payload: { encryption: { writer: { id: number }; keys: Map<number, unknown> } } };
  expect([payload.encryption.writer.id, [...payload.encryption.keys.keys()]]).toEqual([2, [2, 1]]);
});

test("SERIALIZER is the codec of the cache", async () => {
  const cache = await cacheFromEnv({
    env: withPrefix({ SERIALIZER: "V8", L2_BACKEND: "sqlite", SQLITE_PATH: ":memory:" }),
  });
  // What only this codec of the three carries
  await expect(cache.set("k", new Array(3))).resolves.toEqual({ authority: "done" });
  await cache.close();
  const other = await cacheFromEnv({ env: withPrefix({ SERIALIZER: "json", SQLITE_PATH: ":memory:" }) });
  await expect(other.set("k", new Array(3))).rejects.toMatchObject({ code: "unserializable" });
  await other.close();
});

test.each(["true", "1", "yes", "on", "TRUE", "Yes", " on\n"])("%j is true", async (text) => {
  expect(await effective({ CACHE_L2_ENABLED: text })).toMatchObject({ kind: "redis" });
});

test.each(["false", "0", "no", "off", "FALSE", "No"])("%j is false", async (text) => {
  expect(await effective({ CACHE_ENABLED: text })).toMatchObject({ cache: { enabled: false } });
});

test("what is empty or blank is not set", async () => {
  const blank = Object.fromEntries(VARIABLE_NAMES.map((name, index) => [name, index % 2 === 0 ? "" : " \n"]));
  expect(await effective(withPrefix({ ...blank, REDIS_PASSWORD: "" }))).toEqual(await effective({}));
});

test("L2_ENABLED=false stands over what says where the second tier is", async () => {
  const env = { L2_ENABLED: "false", L2_BACKEND: "redis", REDIS_URL: "redis://h", SQLITE_PATH: "c.db" };
  expect(await effective(withPrefix(env))).toMatchObject({ kind: undefined });
});

const BOOLEAN = "must be true, false, 1, 0, yes, no, on or off, got 'maybe'";
const DURATION =
  'must be a duration of at least 0 (milliseconds, or text like "250ms", "10s", "5m", "1h", "forever"), got \'soon\'';
const FLAGS = ["ENABLED", "L1_ENABLED", "L2_ENABLED", "SYNC_ENABLED", "CIRCUIT_BREAKER_ENABLED", "METRICS_ENABLED"];
const SPANS = ["TTL", "STALE_WHILE_REVALIDATE", "STALE_IF_ERROR"];
const POSITIVE = ["L1_TTL", "L2_TTL", "REDIS_CONNECT_TIMEOUT", "REDIS_SOCKET_TIMEOUT", "CIRCUIT_BREAKER_TIMEOUT"];
const COUNTS = ["L1_MAX_SIZE", "CIRCUIT_BREAKER_THRESHOLD"];
const KEY_RULE = "32 bytes, as 44 characters of base64 or 64 hexadecimal digits";
const LIST_RULE = `id:key, with an id from 1 to 255 and a key of ${KEY_RULE}, where there are several`;
const SECRET = KEY.toString("base64");

/** Variables, of which the first is refused, and why. */
const REFUSED: readonly [Env, string][] = [
  ...FLAGS.map((name): [Env, string] => [{ [name]: "maybe" }, BOOLEAN]),
  ...[...SPANS, ...POSITIVE].map((name): [Env, string] => [{ [name]: "soon" }, DURATION]),
  ...POSITIVE.map((name): [Env, string] => [{ [name]: "0s" }, "must be a duration longer than 0, got '0s'"]),
  ...COUNTS.flatMap((name): [Env, string][] =>
    ["0", "-1", "1.5", "1e3", "many"].map((text) => [
      { [name]: text },
      `must be a whole number of at least 1, got '${text}'`,
    ]),
  ),
  [{ TTL: "-5" }, DURATION.replace("soon", "-5")],
  [{ CIRCUIT_BREAKER_TIMEOUT: "forever" }, "must be a duration that ends, got 'forever'"],
  [{ NAME: "x".repeat(600) }, "must be at most 512 bytes long, got 600 bytes"],
  [{ NAMESPACE: "é".repeat(300) }, "must be at most 512 bytes long, got 600 bytes"],
  [{ L2_BACKEND: "memcached" }, "must be one of redis, valkey, sqlite, got 'memcached'"],
  [{ SERIALIZER: "bson" }, "must be one of msgpack, json, v8, got 'bson'"],
  [{ SQLITE_PATH: "file:c.db" }, `must be a path of the file system, or ":memory:", got 'file:c.db'`],
  [{ REDIS_PORT: "65536" }, "must be a whole number from 1 to 65535, got '65536'"],
  [{ REDIS_DB: "-1" }, "must be a whole number of at least 0, got '-1'"],
  [
    { REDIS_URL: "http://u:secret@h" },
    "must be redis:// or rediss:// with host, port and database, got a text of 17 characters",
  ],
  ...["redis://:secret@h", "h:6379", "a b", "[::1]:6379", "[]"].map((host): [Env, string] => [
    { REDIS_HOST: host },
    `must be the name or address of a host, without scheme and port, got a text of ${host.length} characters`,
  ]),
  [{ REDIS_HOST: "h", REDIS_URL: "redis://g" }, "must be absent where CACHE_REDIS_URL says it, got 'h'"],
  [{ REDIS_PORT: "1", REDIS_URL: "redis://g" }, "must be absent where CACHE_REDIS_URL says it, got 1"],
  [{ REDIS_DB: "1", REDIS_URL: "redis://g/1" }, "must be absent where CACHE_REDIS_URL says it, got 1"],
  [{ REDIS_USERNAME: "u", REDIS_URL: "redis://u@g" }, "must be absent where CACHE_REDIS_URL says it, got 'u'"],
  [
    { REDIS_PASSWORD: "secret", REDIS_URL: "redis://:p@g" },
    "must be absent where CACHE_REDIS_URL says it, got a text of 6 characters",
  ],
  ...["secret", `${SECRET}=`, SECRET.slice(1), "!".repeat(64), `${" ".repeat(20)}${SECRET}`.slice(0, 63)].map(
    (text): [Env, string] => [
      { ENCRYPTION_KEY: text },
      `must be ${KEY_RULE}, got a text of ${text.trim().length} characters`,
    ],
  ),
  [{ ENCRYPTION_KEY: `0:${SECRET}` }, `must be ${LIST_RULE}, got a text of 46 characters`],
  [{ ENCRYPTION_KEY: `256:${SECRET}` }, `must be ${LIST_RULE}, got a text of 48 characters`],
  [{ ENCRYPTION_KEY: `1:${SECRET},${OTHER.toString("base64")}` }, `must be ${LIST_RULE}, got a text of 44 characters`],
  [{ ENCRYPTION_KEY: `1:${SECRET},` }, `must be ${LIST_RULE}, got a text of 0 characters`],
];

test.each(REFUSED)("refuses %j", async (env, rule) => {
  const [variable] = Object.keys(env);
  const error = await cacheFromEnv({ env: withPrefix(env) }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CacheError);
  expect(error).toMatchObject({ message: `CACHE_${variable} ${rule}` });
  // Whatever holds a secret: not a part of it
  expect((error as CacheError).message).not.toMatch(/secret|Bwc|CQkJ/);
});

test.each([
  [
    `1:${SECRET},1:${OTHER.toString("base64")}`,
    "CACHE_ENCRYPTION_KEY.keys[1].id must be one that no other key has, got 1",
  ],
  [`1:${SECRET},2:${SECRET}`, "CACHE_ENCRYPTION_KEY.keys[1].key must be another than that of the key with id 1"],
])("refuses ids and keys that are there twice", async (text, message) => {
  await expect(cacheFromEnv({ env: { CACHE_ENCRYPTION_KEY: text } })).rejects.toThrow(
    new CacheError("invalid_option", message),
  );
});

test("asks which of two places is meant", async () => {
  const env = withPrefix({ SQLITE_PATH: "c.db", REDIS_HOST: "h" });
  const message = "CACHE_L2_BACKEND must be given where there are CACHE_SQLITE_PATH and CACHE_REDIS_HOST, got nothing";
  await expect(cacheFromEnv({ env })).rejects.toThrow(new CacheError("invalid_option", message));
});

test("checks what is switched off, too: a switch hides no mistake", async () => {
  const env = withPrefix({ ENABLED: "false", REDIS_PORT: "x" });
  await expect(cacheFromEnv({ env })).rejects.toThrow("CACHE_REDIS_PORT must be");
});

test("another prefix, by which messages name the variables, and no other counts", async () => {
  const env = { ...withPrefix({ NAME: "lib", L1_MAX_SIZE: "5" }, "LIB_"), CACHE_NAME: "other", CACHE_TTL: "soon" };
  expect(await effective(env, { prefix: "LIB_" })).toMatchObject({ cache: { name: "lib", memory: { maxEntries: 5 } } });
  const bad = withPrefix({ REDIS_URL: "redis://g", REDIS_HOST: "h" }, "LIB_");
  const message = "LIB_REDIS_HOST must be absent where LIB_REDIS_URL says it, got 'h'";
  await expect(cacheFromEnv({ env: bad, prefix: "LIB_" })).rejects.toThrow(message);
});

test("leaves variables alone that it does not know", async () => {
  expect(await effective({ CACHE_DIR: "/tmp", CACHE_TLL: "soon" })).toEqual(await effective({}));
});

test("every variable is in one of these tables", () => {
  const tried = [...IN_CACHE, ...IN_TIER, ...REFUSED].flatMap(([env]) => Object.keys(env));
  expect(VARIABLE_NAMES.filter((name) => !tried.includes(name))).toEqual([]);
});
