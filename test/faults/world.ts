// What a file of tests starts, and ends after each of them: servers, caches here, and peers.

import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { SetOptions, SharedTierStats, TieredCacheManager } from "../../src/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import { startProxy } from "../support/redis/proxy.ts";
import type { Proxy } from "../support/redis/proxy.ts";
import type { RedisServer, Undo } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import type { RedisOptions } from "../support/redis/server.ts";
import { openCache } from "./open.ts";
import type { OpenOptions } from "./open.ts";
import { buildPackage } from "./package.ts";
import type { Built } from "./package.ts";
import { busLive, Peer } from "./peer.ts";
import type { PeerCache } from "./peer.ts";
import { Source } from "./source.ts";

const PEERS = ["ann", "bob", "cid", "dee"];

/** For the tests of one file. */
export class World {
  /** A new one for each test. */
  source: Source = new Source();
  readonly #undos: (() => unknown)[] = [];
  #built: Built | undefined;
  #peers = 0;
  #names = 0;
  #fault: Undo | undefined;
  readonly #common: Promise<Peer>[] = [];

  constructor() {
    beforeAll(async () => void (this.#built = await buildPackage()));
    beforeEach(() => {
      this.source = new Source();
      this.#peers = 0;
    });
    afterEach(async () => {
      await this.heal();
      this.source.letAllPass();
      for (const undo of this.#undos.splice(0).toReversed()) await undo();
    }, 20_000);
    afterAll(async () => {
      for (const peer of this.#common) await (await peer).end();
      await this.#built?.remove();
    });
  }

  /** A name for a cache that no test has used. */
  newName(): string {
    return `cache${++this.#names}`;
  }

  /** Does this at the end of the test, before what was asked for earlier. */
  atEnd(undo: () => unknown): void {
    this.#undos.push(undo);
  }

  async server(options: RedisOptions = {}): Promise<RedisServer> {
    const server = await startRedis(options);
    this.atEnd(() => server.stop());
    return server;
  }

  /** A proxy before a server. */
  async proxy(server: RedisServer): Promise<Proxy> {
    const proxy = await startProxy(server);
    this.atEnd(() => proxy.stop());
    return proxy;
  }

  /** A cache in this process. */
  open(options: OpenOptions): TieredCacheManager {
    const cache = openCache(this.#package.package, options);
    this.atEnd(() => cache.close());
    return cache;
  }

  /** The same, with its bus live. */
  async openLive(options: OpenOptions): Promise<TieredCacheManager> {
    const cache = this.open(options);
    await untilLive(cache);
    return cache;
  }

  /** Another process. */
  async peer(): Promise<Peer> {
    const peer = await this.#start(PEERS[this.#peers++]!);
    this.atEnd(() => peer.end());
    return peer;
  }

  /** The nth of the processes that serve all tests of the file, and must not be hurt. */
  async commonPeer(n = 0): Promise<Peer> {
    return (this.#common[n] ??= this.#start(PEERS[n]!));
  }

  /** A cache in a process of its own, with its bus live. */
  async peerCache(options: OpenOptions): Promise<PeerCache> {
    const peer = await this.peer();
    return (await peer.open(options)).live();
  }

  /** The same cache in several processes: the common ones. */
  async commonCaches(count: number, options: OpenOptions): Promise<readonly PeerCache[]> {
    return Promise.all(Array.from({ length: count }, (_, n) => this.commonCache(options, n)));
  }

  /** A cache in one of the common processes, with its bus live. */
  async commonCache(options: OpenOptions, n = 0, cache = options.name): Promise<PeerCache> {
    const opened = await (await this.commonPeer(n)).open(options, cache);
    this.atEnd(() => opened.call("close"));
    return opened.live();
  }

  /** Brings a fault about, until {@link heal} or the end of the test. */
  async suffer(begin: () => Promise<Undo>): Promise<void> {
    this.#fault = await begin();
  }

  /** Ends the fault. */
  async heal(): Promise<void> {
    const undo = this.#fault;
    this.#fault = undefined;
    await undo?.();
  }

  /** `get` with a refresh from the source. */
  load(cache: TieredCacheManager, key: string, options: object = {}): Promise<string> {
    const { source } = this;
    return cache.get(key, () => source.load(key, "here"), options);
  }

  #start(name: string): Promise<Peer> {
    return Peer.start(name, this.#package.peerFile, () => this.source);
  }

  get #package(): Built {
    if (this.#built === undefined) throw new Error("the package is built before the first test");
    return this.#built;
  }
}

/** What its shared tier has been through. */
export function redisStats(cache: TieredCacheManager): SharedTierStats {
  const tier = cache.stats().tiers["redis"];
  if (tier === undefined || !("pending" in tier)) throw new Error("the cache has no tier named redis");
  return tier;
}

/** Waits until messages of other processes arrive. */
async function untilLive(cache: TieredCacheManager, deadlineMs = 8_000): Promise<void> {
  await waitUntil(() => busLive(cache.stats()), { what: "the bus is live", deadlineMs });
}

/** Waits until the cache finds nothing wrong with itself, and nothing is pending. */
export async function untilHealthy(cache: TieredCacheManager, deadlineMs = 10_000): Promise<void> {
  let seen: unknown;
  await waitUntil(
    async () => {
      const health = await cache.health();
      seen = health;
      return health.status === "healthy" && redisStats(cache).pending === 0 && cache.stats().bus?.live;
    },
    { what: "the cache is healthy", deadlineMs },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(seen)}`, { cause: error });
  });
}

/** Sets a key, for a test that begins when that is done and nothing is wrong: on a busy machine a command may time out. */
export async function setDone(
  cache: TieredCacheManager,
  key: string,
  value: unknown,
  options: SetOptions = {},
): Promise<void> {
  await waitUntil(async () => (await cache.set(key, value, options)).authority === "done", { what: `${key} is set` });
  await untilHealthy(cache);
}
