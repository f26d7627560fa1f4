// Caches of one name on one real Redis, or on one SQLite file, opened as two processes open them: what the tests of this
// folder start from.

import { isDeepStrictEqual } from "node:util";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll } from "vitest";
import {
  memoryTier,
  TieredCacheManager,
  type CacheOptions,
  type MemoryTierOptions,
  type SharedTierStats,
  type TierConfig,
} from "../../src/index.ts";
import { redisTier, type RedisTierOptions } from "../../src/redis/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { bareClient } from "../support/redis/client.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Raw } from "./raw.ts";
import { SqliteFile } from "./sqlite-file.ts";

/**
 * Whether the shared tier of this run is a SQLite file: the project `sqlite` of the test runner runs this folder
 * again so. The tier goes by the name `redis` then too, and options of Redis alone are left out.
 */
export const IS_SQLITE: boolean = process.env["FRESHTIER_SHARED_TIER"] === "sqlite";

/** The tiers of a cache, and the order in which they are named. */
export type Shape = (memory: TierConfig, redis: TierConfig, copies: TierConfig) => readonly TierConfig[];

const MEMORY_AND_REDIS: Shape = (memory, redis) => [memory, redis];
/** Without memory: every read asks Redis. */
export const REDIS_ALONE: Shape = (_memory, redis) => [redis];

export type Shapes = readonly (readonly [name: string, shape: Shape])[];

/** All shapes that a cache with a shared tier can have, for `describe.each`. */
export const SHAPES_WITHOUT_COPIES: Shapes = [
  ["[memory, redis]", MEMORY_AND_REDIS],
  ["[redis, memory]", (memory, redis) => [redis, memory]],
  ["[redis]", REDIS_ALONE],
];

const BEHIND: Shapes = [["[redis, memory, sqlite]", (memory, redis, copies) => [redis, memory, copies]]];
const NEAR: Shapes = [["[memory, sqlite, redis]", (memory, redis, copies) => [memory, copies, redis]]];

/**
 * The same, and those with copies on a disk, of which each cache has its own, as if each process had a host of its own. On
 * a SQLite file there is nothing that it could keep copies of.
 */
export const SHAPES: Shapes = [...SHAPES_WITHOUT_COPIES, ...(IS_SQLITE ? [] : [...BEHIND, ...NEAR])];

/** For tests that change what Redis holds behind everybody's back, which a copy near this process knows nothing of. */
export const SHAPES_READING_REDIS: Shapes = [...SHAPES_WITHOUT_COPIES, ...(IS_SQLITE ? [] : BEHIND)];

/** Whether every read asks Redis while it answers: there is no memory, or it comes after Redis. */
export function isRedisFirst(shape: Shape): boolean {
  return shape !== MEMORY_AND_REDIS && shape !== NEAR[0]?.[1];
}

/** What invalidations and writes resolve to when Redis has them. */
export const DONE = { authority: "done" };

/** A command may take long: the machine is shared. */
const TIMEOUT_MS = 5_000;

/** A cache of a test: fresh for a minute, then stale for another, unless it says otherwise. */
export interface OpenOptions extends Omit<CacheOptions<never>, "tiers"> {
  /** Default: memory, then Redis. */
  readonly shape?: Shape;
  readonly memory?: MemoryTierOptions;
  readonly redis?: RedisTierOptions;
}

/** Two caches of one name, each with memory and connections of its own, as in two processes. */
export interface Pair {
  readonly name: string;
  readonly a: TieredCacheManager;
  readonly b: TieredCacheManager;
}

/** One server, or one file, for the tests of a file, and the caches that a test opens on it. */
export class SharedWorld {
  readonly #undos: (() => unknown)[] = [];
  #server: RedisServer | undefined;
  #raw: (Raw & { disconnect(): void }) | undefined;
  #file: SqliteFile | undefined;
  #client: Redis | undefined;
  #names = 0;
  #ghosts = 0;

  constructor() {
    beforeAll(async () => {
      if (IS_SQLITE) {
        this.#raw = this.#file = new SqliteFile();
        return;
      }
      this.#server = await startRedis();
      this.#raw = this.#client = bareClient(this.#server);
    });
    afterEach(async () => {
      for (const undo of this.#undos.splice(0).toReversed()) await undo();
    });
    afterAll(async () => {
      this.#raw?.disconnect();
      await this.#server?.stop();
    });
  }

  get server(): RedisServer {
    return there(this.#server);
  }

  /** A client of its own, to look at what the server holds and to change it behind the back of the caches. */
  get raw(): Raw {
    return there(this.#raw);
  }

  /** The same, where it is a server. */
  get redis(): Redis {
    return there(this.#client);
  }

  /** Does this at the end of the test, before what was asked for earlier. */
  atEnd(undo: () => unknown): void {
    this.#undos.push(undo);
  }

  /** A name for a cache that no test of the file has used. */
  newName(): string {
    return `shop${++this.#names}`;
  }

  /** Makes the caches of a name miss so many messages. */
  async loseMessages(name: string, count: number): Promise<void> {
    if (IS_SQLITE) return there(this.#file).loseMessages(count);
    const ghost = `ghost${++this.#ghosts}`;
    for (const number of [5, 6 + count]) await this.redis.publish(`${name}:bus`, `1 ${ghost} ${number} 999999 s`);
  }

  /** Where the server is, as the options of a tier say it. */
  get at(): RedisTierOptions {
    return { host: this.server.host, port: this.server.port, timeout: TIMEOUT_MS };
  }

  /** Opens a cache, and does not wait for anything. */
  openAtOnce(options: OpenOptions): TieredCacheManager {
    const { shape = MEMORY_AND_REDIS, memory, redis, ...rest } = options;
    const shared = IS_SQLITE ? this.#onFile(redis) : redisTier({ ...this.at, ...redis });
    const tiers = shape(memoryTier(memory), shared, sqliteTier({ path: ":memory:" }));
    const cache = new TieredCacheManager({ ttl: 60_000, staleWhileRevalidate: 60_000, ...rest, tiers });
    this.atEnd(() => cache.close());
    return cache;
  }

  /** Opens a cache that hears of what others do, and has asked for the epochs of keys without a namespace. */
  async open(options: OpenOptions): Promise<TieredCacheManager> {
    const cache = this.openAtOnce(options);
    await untilLive(cache);
    await cache.has("no such key");
    return cache;
  }

  #onFile(options: RedisTierOptions = {}): TierConfig {
    const { maxAge, divergenceLimit, bus, breaker, name = "redis" } = options;
    const { codec, compression, encryption, maxDecompressedBytes } = options;
    const { path } = there(this.#file);
    const payload = { codec, compression, encryption, maxDecompressedBytes };
    return sqliteTier({ path, name, timeout: TIMEOUT_MS, maxAge, divergenceLimit, bus, breaker, ...payload });
  }

  /** Opens two of one name; the second one with other options where they are given. */
  async pair(options: OpenOptions = {}, others: OpenOptions = {}): Promise<Pair> {
    const { name = this.newName() } = options;
    const [a, b] = await Promise.all([this.open({ ...options, name }), this.open({ ...options, ...others, name })]);
    return { name, a, b };
  }
}

function there<T>(started: T | undefined): T {
  if (started === undefined) throw new Error("the server is started before the first test");
  return started;
}

/** What its shared tier says of itself. */
export function redisStats(cache: TieredCacheManager): SharedTierStats {
  const stats = cache.stats().tiers["redis"];
  if (stats === undefined || !("pending" in stats)) throw new Error("the cache has no tier called redis");
  return stats;
}

/** Waits until it hears what other processes do. */
export async function untilLive(cache: TieredCacheManager): Promise<void> {
  await waitUntil(() => cache.stats().bus?.live, { what: "the bus is live" });
}

/** Asks until the answer is this: word of what another process did takes a moment. */
export async function eventually(ask: () => unknown, expected: unknown): Promise<void> {
  let last: unknown;
  await waitUntil(
    async () => {
      last = await ask();
      return isDeepStrictEqual(last, expected);
    },
    { what: "another process has heard of it" },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(last)}`);
  });
}

/** Waits until one cache has heard all that the other has done so far. */
export async function heard(doer: TieredCacheManager, listener: TieredCacheManager): Promise<void> {
  const mark = "a key that nobody has";
  let isHeard = false;
  const stop = listener.on("invalidate", ({ name, remote }) => {
    if (remote && name === mark) isHeard = true;
  });
  await doer.delete(mark);
  await waitUntil(() => isHeard, { what: "the other process has heard" });
  stop();
}

/** A refresh that must not be called: somebody has the value already. */
export const never = (): never => {
  throw new Error("this refresh was not needed");
};

/** The tiers of a shape, in the order of statistics. */
export function tierNames(shape: Shape): string[] {
  return shape(memoryTier(), redisTier(), sqliteTier()).map(({ kind }): string => kind);
}
