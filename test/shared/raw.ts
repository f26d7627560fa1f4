// The shared tier behind the back of the caches: what the tests of this folder do to it, as commands of Redis.

/** A client of Redis, or what does the same to a SQLite file. */
export interface Raw {
  getBuffer(key: string): Promise<Buffer | null>;
  set(key: string, value: Buffer | string): Promise<unknown>;
  set(key: string, value: Buffer | string, keep: "KEEPTTL"): Promise<unknown>;
  exists(...keys: string[]): Promise<number>;
  pttl(key: string): Promise<number>;
  /** Names of keys by a pattern. */
  keys(pattern: string): Promise<string[]>;
  lpush(key: string, value: string): Promise<unknown>;
}
