// Makes connections with ioredis, which is loaded now and not before.

import type { Cluster as AnyCluster, ClusterOptions, Redis as AnyRedis, RedisOptions } from "ioredis";
import { CacheError } from "../errors.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { RedisEndpoint, RedisNode } from "./connection.ts";
import type { RedisSettings } from "./settings.ts";
import type { Login, RedisTarget } from "./target.ts";

const RETRY_FIRST_MS: Milliseconds = 50;
const RETRY_MAX_MS: Milliseconds = 2_000;
/** How often the map of a cluster is looked at without a reason. */
const CLUSTER_LOOK_MS: Milliseconds = 5_000;

/** What is set for good: nothing waits for a connection, nothing is sent twice, nothing is subscribed to behind our back. */
const FAIL_FAST = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  lazyConnect: true,
  // Of a server that says how long it is going to load its data: asked sooner than it hopes to be done.
  maxLoadingRetryTime: 500,
  // How long a connection that was ended may keep the process alive.
  disconnectTimeout: 50,
} satisfies RedisOptions;

/** A client of its own for the target; it has not begun to connect. */
export async function createClient(settings: RedisSettings): Promise<RedisEndpoint> {
  const { target } = settings;
  if (target.kind === "client") return target.client;
  const { Cluster, Redis } = await loadLibrary(settings.name);
  if (target.kind === "cluster") {
    const nodes = target.addresses.map(({ host, port }) => ({ host, port }));
    return new Cluster(nodes, clusterOptions(settings, target.login)) as unknown as RedisEndpoint;
  }
  const options = { ...common(settings, target.login), ...placeOf(target, settings.connectTimeoutMs) };
  const connection = new Redis(options);
  // While it greets. Later on that would cost a timer a command, and silence is noticed without.
  connection.on("ready", () => void (connection.options.socketTimeout = undefined));
  connection.on("close", () => void (connection.options.socketTimeout = options.socketTimeout));
  return connection as unknown as RedisEndpoint;
}

/** What is used of it. */
interface Library {
  readonly Cluster: typeof AnyCluster;
  readonly Redis: typeof AnyRedis;
}

/** @throws CacheError `unavailable` where it is not installed; warns of it as well, since a cache goes on without Redis */
async function loadLibrary(name: string): Promise<Library> {
  try {
    return await import("ioredis");
  } catch (cause) {
    if (!String((cause as NodeJS.ErrnoException | null)?.code).endsWith("MODULE_NOT_FOUND")) throw cause;
    const error = new CacheError("unavailable", `${name} needs the package ioredis (npm install ioredis)`, { cause });
    process.emitWarning(error.message, { code: "FRESHTIER_IOREDIS" });
    throw error;
  }
}

/** For how long a server may say nothing, though it is asked, before its connection is given up. */
export function silenceLimitMs({ connectTimeoutMs, timeoutMs }: RedisSettings): Milliseconds {
  return Math.max(connectTimeoutMs, timeoutMs);
}

/** What decides how a connection that listens talks to its server; empty: as the client library does. */
export type ListenerProtocol = Pick<RedisOptions, "protocol" | "replyMapping">;

/** RESP2, the only one in which the client library hands over what tracking says. */
export const LEGACY_PROTOCOL: ListenerProtocol = { protocol: 2, replyMapping: "legacy" };

/** A connection like `node`, to listen with: when it ends, it ends. */
export function createListener(
  node: RedisNode,
  { connectTimeoutMs }: RedisSettings,
  protocol: ListenerProtocol = {},
): RedisNode {
  return node.duplicate({
    ...protocol,
    ...FAIL_FAST,
    retryStrategy: null,
    reconnectOnError: null,
    failoverDetector: false,
    enableAutoPipelining: false,
    readOnly: false,
    connectTimeout: connectTimeoutMs,
    commandTimeout: undefined,
    socketTimeout: connectTimeoutMs,
  });
}

/** Doubling, of which chance takes up to one half, so that processes do not come back together. */
export function retryDelayMs(attempt: number): Milliseconds {
  return Math.min(RETRY_FIRST_MS * 2 ** (attempt - 1), RETRY_MAX_MS) * (1 - Math.random() / 2);
}

function common(settings: RedisSettings, { username, password, db, tls }: Login) {
  const { connectTimeoutMs } = settings;
  return {
    ...FAIL_FAST,
    retryStrategy: retryDelayMs,
    connectTimeout: connectTimeoutMs,
    // Ends a connection whose server is gone without a word, or does not greet. Commands have deadlines of our own.
    socketTimeout: silenceLimitMs(settings),
    username,
    password,
    db,
    ...(tls === undefined ? {} : { tls }),
  } satisfies RedisOptions;
}

function placeOf(target: Extract<RedisTarget, { kind: "server" | "sentinel" }>, connectTimeoutMs: Milliseconds) {
  if (target.kind === "server") return { host: target.address.host, port: target.address.port } satisfies RedisOptions;
  const { group, addresses, sentinelLogin } = target;
  return {
    sentinels: addresses.map(({ host, port }) => ({ host, port })),
    name: group,
    role: "master" as const,
    sentinelUsername: sentinelLogin.username,
    sentinelPassword: sentinelLogin.password,
    ...(sentinelLogin.tls === undefined ? {} : { sentinelTLS: sentinelLogin.tls, enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: retryDelayMs,
    // One that hangs is passed over.
    sentinelCommandTimeout: connectTimeoutMs,
    // Hears of a failover even if the old primary keeps its connections.
    failoverDetector: true,
  } satisfies RedisOptions;
}

function clusterOptions(settings: RedisSettings, login: Login) {
  const { retryStrategy: _one, enableOfflineQueue: _two, lazyConnect, ...redisOptions } = common(settings, login);
  return {
    // Its nodes are connected to when they are needed first, which commands have to wait for.
    enableOfflineQueue: true,
    lazyConnect,
    clusterRetryStrategy: retryDelayMs,
    scaleReads: "master" as const,
    // A command that failed is not sent again to whoever comes next.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: settings.connectTimeoutMs,
    slotsRefreshInterval: CLUSTER_LOOK_MS,
    redisOptions,
  } satisfies ClusterOptions;
}
