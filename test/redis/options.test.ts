// Options of the Redis tier: what is taken, what it becomes, and what the messages about the rest say.

import { expect, test } from "vitest";
import { redisTier, type RedisTierOptions } from "../../src/redis/options.ts";
import { REDIS_DEFAULTS, resolveRedisOptions } from "../../src/redis/settings.ts";
import { TARGET_DEFAULTS } from "../../src/redis/target.ts";

const resolve = (options: RedisTierOptions) => resolveRedisOptions(options, "tiers[1].options");
const refuse = (options: object) => () => resolve(options);

test("fills in the defaults, and nothing stays optional", () => {
  expect(resolve({})).toEqual({
    name: "redis",
    enabled: true,
    maxAgeMs: Infinity,
    timeoutMs: 100,
    connectTimeoutMs: 5_000,
    keyPrefix: "",
    bus: true,
    tracking: false,
    divergenceLimitMs: 2_000,
    breaker: true,
    payload: { codec: "msgpack", compression: undefined, encryption: undefined, maxDecompressedBytes: 67_108_864 },
    target: {
      kind: "server",
      address: { host: "localhost", port: 6379 },
      login: { username: undefined, password: undefined, db: 0, tls: undefined },
    },
  });
  expect(REDIS_DEFAULTS.timeout).toBe(100);
  expect(TARGET_DEFAULTS.url).toBe("redis://localhost:6379");
});

test("tells the cache what the cache decides, once, frozen", () => {
  const config = redisTier({ name: "shared", maxAge: "1h", timeout: "50ms", breaker: false });
  const plan = config.prepare("tiers[1]");
  expect(config).toMatchObject({ kind: "redis", options: { name: "shared" } });
  expect(plan).toMatchObject({ name: "shared", enabled: true, maxAgeMs: 3_600_000, timeoutMs: 50, breaker: false });
  expect(Object.isFrozen(config) && Object.isFrozen(plan)).toBe(true);
});

test.each<[RedisTierOptions, object, object]>([
  [{ url: "redis://h:1/2" }, { host: "h", port: 1 }, { db: 2 }],
  [{ url: "redis://u%40:p%3A@h" }, { host: "h", port: 6379 }, { username: "u@", password: "p:", db: 0 }],
  [{ url: "rediss://[::1]:7/" }, { host: "::1", port: 7 }, { tls: {}, db: 0 }],
  [{ url: "rediss://h", tls: { servername: "x" } }, { host: "h" }, { tls: { servername: "x" } }],
  [{ url: "redis:///3", db: 4, username: "u" }, { host: "localhost" }, { db: 4, username: "u" }],
  [{ host: "h", port: 5, tls: true }, { host: "h", port: 5 }, { tls: {} }],
  [
    { host: "h", tls: false, password: "p" },
    { host: "h", port: 6379 },
    { tls: undefined, password: "p" },
  ],
])("reads %j as one server", (options, address, login) => {
  expect(resolve(options).target).toMatchObject({ kind: "server", address, login });
});

test("reads a cluster and a group of sentinels", () => {
  expect(resolve({ cluster: [{ host: "a" }, { host: "b", port: 2 }] }).target).toMatchObject({
    kind: "cluster",
    addresses: [
      { host: "a", port: 6379 },
      { host: "b", port: 2 },
    ],
  });
  const sentinel = { group: "main", addresses: [{ host: "s" }], password: "watch", tls: true };
  expect(resolve({ sentinel, db: 3, password: "p" }).target).toMatchObject({
    kind: "sentinel",
    group: "main",
    addresses: [{ host: "s", port: 26_379 }],
    login: { db: 3, password: "p" },
    sentinelLogin: { password: "watch", tls: {} },
  });
});

test.each([
  [{ port: 1 }, "tiers[1].options.port must be absent unless host is given, got 1"],
  [{ host: "" }, "tiers[1].options.host must be a non-empty string, got ''"],
  [{ host: "h", port: 0 }, "tiers[1].options.port must be a whole number of at least 1, got 0"],
  [
    { host: "h", url: "redis://h" },
    "tiers[1].options must hold one of url, host, cluster, sentinel, client, got url and host",
  ],
  [{ cluster: [] }, "tiers[1].options.cluster must be an array of at least one { host, port }, got []"],
  [{ cluster: [{ hots: "h" }] }, "tiers[1].options.cluster[0] must hold known options only (host, port), got 'hots'"],
  [{ cluster: [{ host: "h" }], db: 1 }, "tiers[1].options.db must be 0, the only database of a cluster, got 1"],
  [
    { sentinel: { addresses: [{ host: "h" }] } },
    "tiers[1].options.sentinel.group must be a non-empty string, got undefined",
  ],
  [{ sentinel: "h" }, "tiers[1].options.sentinel must be an object, got 'h'"],
  [{ client: {} }, "tiers[1].options.client must be a client of ioredis or iovalkey, got {}"],
  [{ tls: "yes" }, "tiers[1].options.tls must be true, false or an object of TLS options, got 'yes'"],
  [{ username: "" }, "tiers[1].options.username must be a non-empty string, got ''"],
  [{ password: 5 }, "tiers[1].options.password must be a string, got 'number'"],
  [{ keyPrefix: "{a}:" }, "tiers[1].options.keyPrefix must be a string without braces, got '{a}:'"],
  [{ timeout: 0 }, "tiers[1].options.timeout must be a duration longer than 0, got 0"],
  [{ bus: 1 }, "tiers[1].options.bus must be true or false, got 1"],
  [{ tracking: "on" }, "tiers[1].options.tracking must be true or false, got 'on'"],
  [{ tracking: true, bus: false }, "tiers[1].options.tracking must be false when bus is false, got true"],
  [{ name: "" }, "tiers[1].options.name must be a non-empty string, got ''"],
  [{ nmae: "x" }, "tiers[1].options must hold known options only"],
])("refuses %j, and says why", (options, message) => {
  expect(refuse(options)).toThrow(message);
  expect(refuse(options)).toThrow(expect.objectContaining({ code: "invalid_option" }));
});

test.each(["http://h", "redis:/h", "redis://h:port", "redis://h/x", "redis://h/0?family=6", "redis://%zz@h", 5])(
  "refuses the URL %j without repeating it: it may hold a password",
  (url) => {
    const message = "tiers[1].options.url must be redis:// or rediss:// with host, port and database";
    expect(refuse({ url })).toThrow(new RegExp(`^${message.replace(/[[\].]/g, String.raw`\$&`)}$`));
  },
);

test("refuses to log in for a client that has logged in, and a client whose prefix has braces", () => {
  const client = { evalshaBuffer: () => undefined, duplicate: () => undefined, options: {} };
  expect(refuse({ client, db: 1 })).toThrow("options.db must be absent when client is given, which has its own, got 1");
  expect(refuse({ client, password: "p" })).toThrow("options.password must be absent");
  const odd = { ...client, options: { keyPrefix: "{x}" } };
  expect(refuse({ client: odd })).toThrow("options.client.options.keyPrefix must be a string without braces");
});
