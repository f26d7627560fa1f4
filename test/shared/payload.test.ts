// Codecs, compression and encryption over Redis: between two processes, while options change, and while it takes long.

import { describe, expect, test } from "vitest";
import { createCaches, memoryTier, type PayloadOptions } from "../../src/index.ts";
import { msgpackCodec } from "../../src/codec/index.ts";
import { FRAME_OFFSETS } from "../../src/codec/frame-layout.ts";
import { redisTier } from "../../src/redis/index.ts";
import { Basket, CODECS, Money, taught } from "../codec/money.ts";
import { OTHER_SECRET, SECRET } from "../codec/payload-kit.ts";
import { difference } from "../codec/sameness.ts";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { frameAt, keyOf } from "./frames.ts";
import {
  DONE,
  eventually,
  heard,
  never,
  REDIS_ALONE,
  redisStats,
  SHAPES,
  SharedWorld,
  untilLive,
  IS_SQLITE,
} from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

const encryption = { keys: [{ id: 7, key: SECRET }] };
const rotated = { keys: [{ id: 8, key: OTHER_SECRET }, ...encryption.keys] };

const WAYS: readonly (readonly [name: string, options: PayloadOptions])[] = [
  ["msgpack", {}],
  ["json", { codec: "json" }],
  ["v8", { codec: "v8" }],
  ["a codec as an object", { codec: msgpackCodec }],
  ["brotli", { compression: "brotli" }],
  ["gzip from the first byte on", { codec: "json", compression: { algorithm: "gzip", threshold: 1, level: 9 } }],
  ["encryption", { encryption }],
  ["everything", { codec: "v8", compression: "deflate", encryption: rotated }],
];

const LARGE = "a text that repeats itself. ".repeat(20_000);
const VALUES: Readonly<Record<string, unknown>> = {
  small: { list: [1, null, "text"] },
  large: { text: LARGE },
  buffer: Buffer.from("bytes"),
  largeBuffer: Buffer.from(LARGE),
  bytes: new Uint8Array([1, 2, 3]),
};

describe.each(SHAPES)("%s", (_shape, shape) => {
  test.each(WAYS)("P13 values come to another process as they went in: %s", async (_name, redis) => {
    const { a, b } = await world.pair({ shape, redis });
    for (const [key, value] of Object.entries(VALUES)) {
      expect(await a.set(key, value)).toEqual(DONE);
      expect(difference(await b.get(key, never), value)).toBeUndefined();
      expect(difference(await a.get(`${key}-got`, () => value), value)).toBeUndefined();
      expect(difference(await b.get(`${key}-got`, never), value)).toBeUndefined();
    }
    const many = await a.getMany(["x", "y"], () => [VALUES["large"], VALUES["buffer"]]);
    expect(difference(await b.getMany(["x", "y"], never), many)).toBeUndefined();
    a.setSync("sync", VALUES["large"]);
    await eventually(() => b.get("sync"), VALUES["large"]);
    expect([redisStats(a).errors, redisStats(b).errors]).toEqual([0, 0]);
  });
});

describe("changing the options costs nobody his entries", () => {
  const readable = (encrypted: boolean) => WAYS.filter(([, way]) => (way.encryption !== undefined) === encrypted);

  test.each([...readable(false), ...readable(true)])(
    "P13 what was written with %s is read with all others",
    async (_name, redis) => {
      const { name, a } = await world.pair({ shape: REDIS_ALONE, redis });
      await a.setMany(VALUES);
      const others = redis.encryption === undefined ? readable(false) : [["rotated", { encryption: rotated }] as const];
      for (const [, other] of others) {
        const reader = await world.open({ name, shape: REDIS_ALONE, redis: other });
        for (const [key, value] of Object.entries(VALUES))
          expect(difference(await reader.get(key, never), value)).toBeUndefined();
      }
    },
  );

  test("P13 keys are rotated without a miss: first all learn to read the new one, then write with it", async () => {
    const [old] = encryption.keys;
    const [next] = rotated.keys;
    const keysOf = (...keys: (typeof old)[]): PayloadOptions => ({
      encryption: { keys: keys as NonNullable<typeof old>[] },
    });
    const { name, a } = await world.pair({ shape: REDIS_ALONE, redis: keysOf(old) });
    const open = (redis: PayloadOptions) => world.open({ name, shape: REDIS_ALONE, redis });
    await a.set("first", 1);
    const learned = await open(keysOf(old, next));
    const writing = await open(keysOf(next, old));
    await writing.set("second", 2);
    for (const cache of [learned, writing]) expect(await cache.getMany(["first", "second"], never)).toEqual([1, 2]);
    const done = await open(keysOf(next));
    expect([await done.get("first"), await done.get("second")]).toEqual([undefined, 2]);
  });

  test("P13 allowPlaintext reads what was there before encryption, and encrypts what is written", async () => {
    const { name, a } = await world.pair({ shape: REDIS_ALONE });
    await a.set("k", "before");
    const migrating = await world.open({
      name,
      shape: REDIS_ALONE,
      redis: { encryption: { ...encryption, allowPlaintext: true } },
    });
    expect(await migrating.get("k", never)).toBe("before");
    await migrating.set("k", "after");
    expect((await frameAt(world.raw, keyOf(name, "k"))).includes("after")).toBe(false);
  });
});

test.skipIf(IS_SQLITE)("the codec of a cache stands over that of its tier", async () => {
  const tier = redisTier({ ...world.at, codec: "v8", compression: { algorithm: "gzip", threshold: 1 } });
  const caches = createCaches({ tiers: [memoryTier(), tier] });
  world.atEnd(() => caches.close());
  const [images, users, own] = [
    caches.create(world.newName(), { codec: "json" }),
    caches.create(world.newName()),
    caches.create(world.newName(), { codec: taught(msgpackCodec) }),
  ];
  await Promise.all([images, users, own].map(untilLive));
  await Promise.all([images.set("k", ["a"]), users.set("k", ["a"]), own.set("k", new Money(5n, "EUR"))]);
  const codecs = [images, users, own].map(
    async ({ name }) => (await frameAt(world.raw, keyOf(name, "k")))[FRAME_OFFSETS.codecId],
  );
  expect(await Promise.all(codecs)).toEqual([2, 3, 1]);
  await expect(users.set("k", new Money(5n, "EUR"))).rejects.toMatchObject({ code: "unserializable" });
  const refused = { code: "invalid_option", message: expect.stringContaining("codec must be") as string };
  expect(() => caches.create(world.newName(), { codec: "yaml" as "json" })).toThrow(expect.objectContaining(refused));
});

describe.each(CODECS)("$name", (plain) => {
  test("P13 instances of taught classes come to another process as such", async () => {
    const { a, b } = await world.pair({ codec: taught(plain) });
    await a.set("k", { basket: new Basket([{ name: "shoe", price: new Money(8995n, "EUR") }]) });
    const back = await b.get<{ basket: Basket }>("k", never);
    expect(back?.basket).toBeInstanceOf(Basket);
    expect(back?.basket.lines[0]?.price.cents).toBe(8995n);
  });

  test("P14 to who has not been taught the class it is a miss with an event", async () => {
    const { a, b } = await world.pair({ codec: taught(plain) }, { codec: plain });
    await a.set("k", [new Money(1n, "EUR")]);
    await heard(a, b);
    const events: unknown[] = [];
    b.on("damagedFrame", ({ reason }) => events.push(reason));
    expect([await b.get("k"), events]).toEqual([undefined, ["unknown-extension"]]);
  });
});

describe("while a large value is being compressed", () => {
  const redis: PayloadOptions = { compression: { algorithm: "brotli", level: 9 } };

  test("P5 a later set of something small counts", async () => {
    const { a, b } = await world.pair({ redis });
    const [first, second] = [a.set("k", { text: LARGE }), a.set("k", "small")];
    expect([await first, await second]).toEqual([DONE, DONE]);
    expect(await a.get("k", never)).toBe("small");
    await eventually(() => b.get("k"), "small");
  });

  test("P3 what is deleted does not come back", async () => {
    const { a, b } = await world.pair({ redis });
    const setting = a.set("k", { text: LARGE });
    const begun = deferred<void>();
    const loading = a.get("loaded", () => {
      begun.resolve();
      return { text: LARGE };
    });
    await begun.promise;
    const deleting = Promise.all([a.delete("loaded"), a.delete("k")]);
    expect(await deleting).toMatchObject([DONE, DONE]);
    await Promise.all([setting, loading]);
    for (const cache of [a, b]) expect(await cache.has("loaded")).toBe(false);
    for (const cache of [a, b]) expect(await cache.has("k")).toBe(false);
  });

  test("what the caller changes after the call is not what is stored", async () => {
    const { a, b } = await world.pair({ shape: REDIS_ALONE, redis });
    const [value, bytes] = [{ text: LARGE, n: 1 }, Buffer.from(LARGE)];
    const setting = Promise.all([a.set("k", value), a.set("bytes", bytes)]);
    value.n = 2;
    bytes.fill(0);
    await setting;
    expect([(await b.get<typeof value>("k"))?.n, (await b.get<Buffer>("bytes"))?.includes("repeats")]).toEqual([
      1,
      true,
    ]);
  });

  test("P13 a value beside it that cannot be carried is refused, and nothing is left unhandled", async () => {
    const { a, b } = await world.pair({ redis });
    await expect(a.setMany({ large: { text: LARGE }, odd: () => 1 })).rejects.toMatchObject({ code: "unserializable" });
    expect(await b.getMany(["large", "odd"])).toEqual([undefined, undefined]);
  });
});

test("a zstd tier is refused at once by a Node.js without it", () => {
  const make = () => world.openAtOnce({ redis: { compression: "zstd" } });
  if ("zstdCompressSync" in process.getBuiltinModule("node:zlib")) expect(make).not.toThrow();
  else expect(make).toThrow(/tiers\[1\]\.options\.compression must be one that this Node\.js has/);
});
