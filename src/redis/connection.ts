// The part of ioredis and iovalkey that is used here, as a type: a client of either, and of any version, fits.

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
  duplicate(override: Record<string, unknown>): RedisNode;
}

/** A connection to a cluster. */
export interface RedisCluster extends RedisConnection {
  readonly isCluster: true;
  nodes(role: "master"): RedisNode[];
}

/** A client that a user brings. */
export type RedisClientLike = RedisNode | RedisCluster;

/** Tells the two apart. */
export function isCluster(client: RedisClientLike): client is RedisCluster {
  return "isCluster" in client && client.isCluster;
}

/** Sends one command, or several. `isCurrent` tells whether the connection is still the one it was given. */
export type Issue<T, C = RedisClientLike> = (connection: C, isCurrent: () => boolean) => Promise<T>;
