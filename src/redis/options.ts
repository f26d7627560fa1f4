// What can be said about the Redis tier, and the element of `tiers` made of it.

import type { ConnectionOptions } from "node:tls";
import type { RemoteTierConfig, RemoteTierContext } from "../contracts/remote.ts";
import type { BreakerOptions } from "../model/breaker-options.ts";
import type { Duration } from "../model/duration.ts";
import type { PayloadOptions } from "../model/payload-options.ts";
import type { RedisClientLike } from "./connection.ts";
import { openRedis } from "./open.ts";
import { RedisShare } from "./share.ts";
import { resolveRedisOptions } from "./settings.ts";

/** Where a server listens. */
export interface RedisAddress {
  readonly host: string;
  /** Default 6379; for a sentinel 26379. */
  readonly port?: number | undefined;
}

/** How to find the primary through Sentinel. */
export interface RedisSentinelOptions {
  /** Name of the group of servers that the sentinels watch. */
  readonly group: string;
  readonly addresses: readonly RedisAddress[];
  /** Credentials of the sentinels themselves. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** TLS towards the sentinels. Default `false`. */
  readonly tls?: boolean | ConnectionOptions | undefined;
}

/** How to reach Redis: one of `url`, `host` (with `port`), `cluster`, `sentinel` and `client`. */
export interface RedisConnectOptions {
  /** `redis://` or `rediss://`, with credentials and database. Default `"redis://localhost:6379"`. */
  readonly url?: string | undefined;
  readonly host?: string | undefined;
  /** Goes with `host`. Default 6379. */
  readonly port?: number | undefined;
  /** Some nodes of a cluster; the others are found by themselves. */
  readonly cluster?: readonly RedisAddress[] | undefined;
  readonly sentinel?: RedisSentinelOptions | undefined;
  /** A client of ioredis or iovalkey. It is used and never closed; the bus opens a connection like it. */
  readonly client?: RedisClientLike | undefined;
  /** Number of the database. Default 0, the only one of a cluster. */
  readonly db?: number | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** `true`, or options of `node:tls`. Default `false`. */
  readonly tls?: boolean | ConnectionOptions | undefined;
  /** Longest that setting up a connection may take. Default 5 s. */
  readonly connectTimeout?: Duration | undefined;
}

/** Options of the Redis tier. */
export interface RedisTierOptions extends RedisConnectOptions, PayloadOptions {
  /** Label in events and statistics. Default `"redis"`. */
  readonly name?: string | undefined;
  /** `false` leaves the tier out. Default `true`. */
  readonly enabled?: boolean | undefined;
  /** Longest that one command may take, the wait for a connection included. Default 100 ms. */
  readonly timeout?: Duration | undefined;
  /** In front of all keys and channels. No braces: they would decide where a cluster puts keys. Default `""`. */
  readonly keyPrefix?: string | undefined;
  /** Entries are gone at this age, whatever their `ttl`. Default `"forever"`. */
  readonly maxAge?: Duration | undefined;
  /** `false`: no word of invalidations from other processes; every read then asks Redis. Default `true`. */
  readonly bus?: boolean | undefined;
  /**
   * Whether the servers are asked to tell of every entry that any program touches, and of those that expire or are
   * pushed out: so copies in memory follow writes by programs that do not know of this library. (An expired entry is
   * told of when the server removes it, which may be seconds later.) Costs each server a message per write and process,
   * and each process one more connection to every primary. Needs `bus`. Default `false`.
   */
  readonly tracking?: boolean | undefined;
  /** Longest that a process which has lost the bus, unnoticed, goes on believing its own copies. Default 2 s. */
  readonly divergenceLimit?: Duration | undefined;
  /**
   * `false`: goes on asking a Redis that keeps failing. `true`: leaves it alone for half a minute after five failures. Or
   * other numbers. Default `true`.
   */
  readonly breaker?: boolean | BreakerOptions | undefined;
}

/** The Redis tier as an element of `tiers`. */
export interface RedisTierConfig extends RemoteTierConfig {
  readonly kind: "redis";
  readonly options: RedisTierOptions;
}

/**
 * The tier that all processes share: Redis 6.2 or newer, or Valkey; a single server, Sentinel or Cluster. It takes one
 * connection for commands, which all callers share, and one for the bus; a pool would gain nothing. Caches opened from
 * one plan share both. Redis need not be there when the cache is made: it is connected to in the background, again and again.
 * @param options checked when the cache is made
 */
export function redisTier(options: RedisTierOptions = {}): RedisTierConfig {
  return Object.freeze({
    kind: "redis",
    options,
    prepare(field: string) {
      const settings = resolveRedisOptions(options, `${field}.options`);
      const share = new RedisShare(settings);
      return Object.freeze({
        name: settings.name,
        system: "redis",
        enabled: settings.enabled,
        maxAgeMs: settings.maxAgeMs,
        timeoutMs: settings.timeoutMs,
        breaker: settings.breaker,
        payload: settings.payload,
        open: (context: RemoteTierContext) => openRedis(share, context),
      });
    },
  } satisfies RedisTierConfig);
}
