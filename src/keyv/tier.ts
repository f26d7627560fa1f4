// A Keyv store as a place that holds frames.

import type { Tier } from "../contracts/tier.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { KeyvClient } from "./client.ts";
import { readText, toText } from "./frame-text.ts";
import type { KeyvNames } from "./names.ts";

/** Frames by full key, each a text. */
export class KeyvTier implements Tier {
  readonly name: string;
  readonly #client: KeyvClient;
  readonly #names: KeyvNames;
  readonly #namespace: string | undefined;
  readonly #end: () => Promise<void>;

  /**
   * @param namespace what the store's iterator is asked for
   * @param end closes all that the cache has of the store
   */
  constructor(
    name: string,
    client: KeyvClient,
    names: KeyvNames,
    namespace: string | undefined,
    end: () => Promise<void>,
  ) {
    this.name = name;
    this.#client = client;
    this.#names = names;
    this.#namespace = namespace;
    this.#end = end;
  }

  async get(fullKey: string): Promise<Uint8Array | undefined> {
    const answer = await this.#client.run((attempt) => attempt.get(this.#names.entry(fullKey)));
    return readText(answer, this.#client.clock.now())?.bytes;
  }

  async set(fullKey: string, frame: Uint8Array, lifetimeMs: Milliseconds): Promise<void> {
    // At once: the buffer is the caller's.
    const text = toText(frame, this.#client.clock.now() + lifetimeMs);
    const key = this.#names.entry(fullKey);
    await this.#client.runInLine(key, (attempt) => attempt.set(key, text, lifetimeMs));
  }

  delete(fullKey: string): Promise<boolean> {
    const key = this.#names.entry(fullKey);
    return this.#client.runInLine(key, (attempt) => attempt.delete(key));
  }

  /** Walks everything that the store lists: for maintenance, not for requests. @throws CacheError `refused` */
  async *keys(prefix: string): AsyncGenerator<string> {
    const start = this.#names.entry(prefix);
    for await (const pair of this.#client.entries(this.#namespace)) {
      const [key, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
      if (typeof key !== "string" || !key.startsWith(start)) continue;
      // One of which the list says no more than its name may be anything.
      const isOver = typeof value === "string" && readText(value, this.#client.clock.now()) === undefined;
      if (!isOver) yield this.#names.fullKeyOf(key);
    }
  }

  close(): Promise<void> {
    return this.#end();
  }
}
