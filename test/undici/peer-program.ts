// Another process of the fleet: it fetches what the test asks, through undici with a store on the same SQLite file or Redis.

import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { tieredCacheStore } from "../../src/undici/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Agent, fetch, interceptors } from "./undici.ts";

/** One request; its answer comes under the same number. */
export interface Errand {
  readonly id: number;
  readonly url: string;
  readonly method: string;
}

const [, , name = "", place = ""] = process.argv;
const port = Number(place);
const shared = Number.isNaN(port)
  ? sqliteTier({ path: place, timeout: 5_000 })
  : redisTier({ host: "127.0.0.1", port, timeout: 5_000 });
const cache = new TieredCacheManager({ name, tiers: [memoryTier(), shared] });
const store = tieredCacheStore(cache);
const dispatcher = new Agent().compose(interceptors.cache({ store }));

async function run({ id, url, method }: Errand): Promise<void> {
  const answer = await (await fetch(url, { method, dispatcher })).text();
  // What is on its way into the store, or out of it, gets there before anything else is asked.
  const { origin, pathname } = new URL(url);
  await store.get({ origin, method: "GET", path: pathname, headers: {} });
  process.send?.({ id, answer });
}

process.on("message", (errand: Errand) => void run(errand));
// Nothing else keeps it alive: what the store left behind would.
process.on("disconnect", () => void Promise.all([store.close(), dispatcher.close()]).then(() => cache.close()));
await waitUntil(() => cache.stats().bus?.live, { what: "the bus is live" });
process.send?.({ id: 0 });
