// The part of ioredis and iovalkey that is used here, as types: what a user's client has to look like, and what it is.

/**
 * A client that a user brings: a `Redis` or `Cluster` of ioredis 5 or 6, or of iovalkey. The type says only what they
 * all declare alike; the adapter uses more, which they all have.
 */
export interface RedisClientLike {
  readonly status: string;
  readonly options: { readonly keyPrefix?: string | undefined };
  getBuffer(key: string): Promise<Uint8Array | null>;
  evalsha(sha: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  connect(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  /** Makes another like it. What it takes differs between a server and a cluster. */
  duplicate(...options: never[]): unknown;
}

/** What a script takes besides the names of its keys. */
export type ScriptArgument = string | Uint8Array;

/** A connection to one server. */
export interface RedisConnection {
  readonly status: string;
  readonly options: {
    readonly keyPrefix?: string | undefined;
    readonly host?: string | undefined;
    readonly port?: number | undefined;
  };
  getBuffer(key: string): Promise<Uint8Array | null>;
  set(key: string, value: Uint8Array): Promise<unknown>;
  set(key: string, value: Uint8Array, unit: "PX", ms: number): Promise<unknown>;
  del(key: string): Promise<number>;
  evalshaBuffer(sha: string, keys: number, ...args: ScriptArgument[]): Promise<unknown>;
  evalBuffer(lua: string, keys: number, ...args: ScriptArgument[]): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  connect(): Promise<void>;
  disconnect(reconnect?: boolean): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
}

/** A connection to one server that is known to be one: it can be scanned, copied and asked what it is. */
export interface RedisNode extends RedisConnection {
  scan(cursor: string, match: "MATCH", pattern: string, count: "COUNT", size: number): Promise<[string, string[]]>;
  info(section: string): Promise<string>;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  client(...args: string[]): Promise<unknown>;
  ping(): Promise<unknown>;
  duplicate(override: Record<string, unknown>): RedisNode;
}

/** A connection to a cluster. */
export interface RedisCluster extends RedisConnection {
  readonly isCluster: true;
  nodes(role: "master"): RedisNode[];
  /** By slot: who holds it, the primary first. Empty until the cluster is known. */
  readonly slots?: readonly (readonly string[] | undefined)[];
  /** Looks at the map of the cluster anew, unless it is doing so. */
  refreshSlotsCache(): void;
}

/** What commands are sent to. */
export type RedisEndpoint = RedisNode | RedisCluster;

/** Tells the two apart. */
export function isCluster(client: RedisEndpoint): client is RedisCluster {
  return "isCluster" in client && client.isCluster;
}

/** Sends one command, or several, in a generation. */
export type Issue<T, C = RedisEndpoint> = (connection: C, generation: number) => Promise<T>;
