// Redis as a place that holds frames.

import type { Tier } from "../contracts/tier.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { RedisClient } from "./client.ts";
import type { RedisNode } from "./connection.ts";
import type { RedisKeys } from "./keys.ts";

/** Keys that one SCAN looks at: a compromise between round trips and how long others wait. */
const SCAN_COUNT = 500;
/** Beyond this Redis takes no expiry, and nobody waits for it. */
const MAX_LIFETIME_MS: Milliseconds = 1e14;

/** Frames by full key, each a string with an expiry. */
export class RedisTier implements Tier {
  readonly name: string;
  readonly #client: RedisClient;
  readonly #keys: RedisKeys;

  constructor(name: string, client: RedisClient, keys: RedisKeys) {
    this.name = name;
    this.#client = client;
    this.#keys = keys;
  }

  async get(fullKey: string): Promise<Uint8Array | undefined> {
    return (await this.#client.run((connection) => connection.getBuffer(this.#keys.entry(fullKey)))) ?? undefined;
  }

  async set(fullKey: string, frame: Uint8Array, lifetimeMs: Milliseconds): Promise<void> {
    const key = this.#keys.entry(fullKey);
    const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
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
    const pattern = this.#keys.pattern(prefix);
    // What comes back has every prefix; what a full key starts with has none.
    const skip = this.#keys.patternPrefixLength;
    for (const node of await this.#client.primaries()) {
      for await (const key of this.#scan(node, pattern)) yield key.slice(skip);
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async *#scan(node: RedisNode, pattern: string): AsyncGenerator<string> {
    let cursor = "0";
    do {
      const from = cursor;
      const [next, found] = await this.#client.runOn(node, (one) =>
        one.scan(from, "MATCH", pattern, "COUNT", SCAN_COUNT),
      );
      yield* found;
      cursor = next;
    } while (cursor !== "0");
  }
}
