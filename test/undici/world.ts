// A real origin over real sockets, and clients of a fleet: each with undici's cache interceptor on a cache of its own, all of
// one name. What the tests of this folder start from.

import { memoryTier, TieredCacheManager, type CacheOptions, type TierConfig } from "../../src/index.ts";
import { redisTier, type RedisTierOptions } from "../../src/redis/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { tieredCacheStore, type TieredCacheStore, type TieredCacheStoreOptions } from "../../src/undici/index.ts";
import type { Origin } from "../support/http-origin.ts";
import { Stage } from "../support/http-stage.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Agent, fetch, interceptors, type Dispatcher, type RequestInit, type Response } from "./undici.ts";

/** The tier that a fleet shares; with memory alone a fleet is one process. */
export type Kind = "memory" | "sqlite" | "redis";

/** A command may take long: the machine is shared. */
const TIMEOUT_MS = 5_000;

/** One process of a fleet, as far as HTTP is concerned. */
export interface Client {
  readonly cache: TieredCacheManager;
  readonly store: TieredCacheStore;
  readonly agent: Dispatcher;
  /** What the store has swallowed. */
  readonly errors: unknown[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The body of a `fetch`. */
  text(path: string, init?: RequestInit): Promise<string>;
  /** Waits until what this client has got of a URL is stored, as its own next request would. Answers whether it finds any. */
  stored(path: string): Promise<boolean>;
}

/** How to open one. */
export interface ClientOptions {
  readonly kind: Kind;
  readonly name?: string;
  readonly store?: TieredCacheStoreOptions;
  readonly interceptor?: Parameters<typeof interceptors.cache>[0];
  readonly cache?: Omit<CacheOptions<never>, "tiers" | "name">;
  readonly redis?: RedisTierOptions;
}

/** The origin, the servers of a file of tests, and the clients of a test. */
export class World {
  readonly #stage: Stage;

  constructor(kinds: readonly Kind[]) {
    this.#stage = new Stage(kinds);
  }

  get origin(): Origin {
    return this.#stage.origin;
  }

  get redis(): RedisServer {
    return this.#stage.redis;
  }

  /** Where caches of this test that share a file share it. */
  get file(): string {
    return this.#stage.file;
  }

  atEnd(undo: () => unknown): void {
    this.#stage.atEnd(undo);
  }

  /** Opens a client that hears what the others do. */
  async client(options: ClientOptions): Promise<Client> {
    const { kind, name = this.#stage.name } = options;
    const shared = this.#tier(kind, options.redis);
    // Lifetimes of its own, which must not matter.
    const cache = new TieredCacheManager({
      name,
      ttl: 1,
      jitter: 1,
      ...options.cache,
      tiers: [memoryTier(), ...shared],
    });
    this.atEnd(() => cache.close());
    if (kind !== "memory") await waitUntil(() => cache.stats().bus?.live, { what: "the bus is live" });
    return this.clientOn(cache, options);
  }

  /** Opens one on a cache that is there. */
  clientOn(cache: TieredCacheManager, { store: storeOptions, interceptor }: Omit<ClientOptions, "kind">): Client {
    const errors: unknown[] = [];
    const store = tieredCacheStore(cache, { onError: (error) => errors.push(error), ...storeOptions });
    const agent = new Agent().compose(interceptors.cache({ store, ...interceptor }));
    this.atEnd(() => agent.destroy());
    const { origin } = this;
    const ask = (path: string, init?: RequestInit): Promise<Response> =>
      fetch(origin.url + path, { dispatcher: agent, ...init });
    const text = async (path: string, init?: RequestInit): Promise<string> => (await ask(path, init)).text();
    const stored = async (path: string): Promise<boolean> =>
      (await store.get({ origin: origin.url, method: "GET", path, headers: {} })) !== undefined;
    return { cache, store, agent, errors, fetch: ask, text, stored };
  }

  /** Two of one fleet; with memory alone, two clients of one process. */
  async pair(options: ClientOptions): Promise<readonly [Client, Client]> {
    const one = await this.client(options);
    return [one, options.kind === "memory" ? this.clientOn(one.cache, options) : await this.client(options)];
  }

  #tier(kind: Kind, redis: RedisTierOptions | undefined): readonly TierConfig[] {
    if (kind === "memory") return [];
    if (kind === "sqlite") return [sqliteTier({ path: this.file, timeout: TIMEOUT_MS })];
    return [redisTier({ host: this.redis.host, port: this.redis.port, timeout: TIMEOUT_MS, ...redis })];
  }
}

/** All there are, for `describe.each`. */
export const KINDS: readonly Kind[] = ["memory", "sqlite", "redis"];

/** Asks until the answer is this: word of what another process did takes a moment. */
export async function eventually<T>(ask: () => Promise<T>, expected: T): Promise<void> {
  await waitUntil(async () => (await ask()) === expected, { what: `the answer is ${String(expected)}` });
}
