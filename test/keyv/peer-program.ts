// Another process with a cache on the same SQLite file, which does what the test asks.

import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { keyvTier } from "../../src/keyv/index.ts";
import { SqliteStore } from "./sqlite-store.ts";

/** One call of a verb; its answer comes under the same number. */
export interface Question {
  readonly id: number;
  readonly verb: "get" | "set" | "delete" | "clearNamespace" | "getMany";
  readonly args: readonly unknown[];
  /** What a refresh gives, for verbs that take one. */
  readonly refresh?: unknown;
}

const store = new SqliteStore(process.argv[2] ?? "");
const tiers = [memoryTier(), keyvTier({ store, timeout: 5_000, closeStore: true })];
const cache = new TieredCacheManager({ name: "shop", ttl: 60_000, tiers });

process.on("message", ({ id, verb, args, refresh }: Question) => {
  const work = cache[verb] as (...all: readonly unknown[]) => Promise<unknown>;
  const rest = refresh === undefined ? [] : [() => refresh];
  void work.apply(cache, [...args, ...rest]).then((answer) => process.send?.({ id, answer }));
});
// Nothing else keeps it alive: what the cache left behind would.
process.on("disconnect", () => void cache.close());
process.send?.({ id: 0 });
