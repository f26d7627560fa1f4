// Redis as a place that holds frames.

import { asBuffer } from "../model/bytes.ts";
import type { Tier } from "../contracts/tier.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { RedisClient } from "./client.ts";
import type { RedisKeys } from "./keys.ts";
import { scanAll } from "./scan.ts";

/** Beyond this Redis takes no expiry, and nobody waits for it. */
const MAX_LIFETIME_MS: Milliseconds = 1e14;

/** Frames by full key, each a string with an expiry. */
export class RedisTier implements Tier {
  readonly name: string;
  readonly #client: RedisClient;
  readonly #keys: RedisKeys;
  readonly #end: () => Promise<void>;

  /** @param end closes all that the cache has of Redis */
  constructor(name: string, client: RedisClient, keys: RedisKeys, end: () => Promise<void>) {
    this.name = name;
    this.#client = client;
    this.#keys = keys;
    this.#end = end;
  }

  async get(fullKey: string): Promise<Uint8Array | undefined> {
    return (await this.#client.run((connection) => connection.getBuffer(this.#keys.entry(fullKey)))) ?? undefined;
  }

  async set(fullKey: string, frame: Uint8Array, lifetimeMs: Milliseconds): Promise<void> {
    const key = this.#keys.entry(fullKey);
    const bytes = asBuffer(frame);
    const ms = Math.max(1, Math.ceil(lifetimeMs));
    await this.#client.run((connection) =>
      ms < MAX_LIFETIME_MS ? connection.set(key, bytes, "PX", ms) : connection.set(key, bytes),
    );
  }

  async delete(fullKey: string): Promise<boolean> {
    return (await this.#client.run((connection) => connection.del(this.#keys.entry(fullKey)))) > 0;
  }

  /** Walks the whole database with SCAN, on every primary one after the other: for maintenance, not for requests. */
  async *keys(prefix: string): AsyncGenerator<string> {
    for await (const found of scanAll(this.#client, this.#keys.pattern(prefix))) yield this.#keys.fullKeyOf(found);
  }

  async close(): Promise<void> {
    await this.#end();
  }
}
