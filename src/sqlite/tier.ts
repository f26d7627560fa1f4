// SQLite as a place that holds frames.

import type { Tier } from "../contracts/tier.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { SqliteClient } from "./client.ts";
import type { SqliteVerbs } from "./verbs.ts";

/** Frames by full key, each a row with its end. */
export class SqliteTier implements Tier {
  readonly name: string;
  readonly #client: SqliteClient;
  readonly #verbs: SqliteVerbs;
  readonly #end: () => Promise<void>;

  /** @param end closes all that the cache has of the file */
  constructor(name: string, client: SqliteClient, verbs: SqliteVerbs, end: () => Promise<void>) {
    this.name = name;
    this.#client = client;
    this.#verbs = verbs;
    this.#end = end;
  }

  get(fullKey: string): Promise<Uint8Array | undefined> {
    return this.#client.read([fullKey], (transaction) => this.#verbs.frame(transaction, fullKey));
  }

  set(fullKey: string, frame: Uint8Array, lifetimeMs: Milliseconds): Promise<void> {
    const own = Buffer.from(frame);
    return this.#client.write(fullKey, (transaction) =>
      this.#verbs.hold(transaction, [{ key: fullKey, frame: own, endsAt: transaction.now + lifetimeMs }]),
    );
  }

  delete(fullKey: string): Promise<boolean> {
    return this.#client.write(fullKey, ({ store, now }) => store.entries.remove(fullKey, now));
  }

  /** Goes from key to key in their order, some at a time. */
  async *keys(prefix: string): AsyncGenerator<string> {
    for (let after = ""; ;) {
      const from = after;
      const { keys, isLast } = await this.#client.read([], ({ store, now }) => store.entries.page(prefix, from, now));
      yield* keys;
      const last = keys.at(-1);
      if (isLast || last === undefined) return;
      after = last;
    }
  }

  async close(): Promise<void> {
    await this.#end();
  }
}
