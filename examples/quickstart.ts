// The ten lines of the README, with a database that says when it is asked.
import { memoryTier, TieredCacheManager } from "freshtier";

const database = {
  readUser: async (id: number): Promise<{ id: number; name: string }> => {
    console.log(`  database: reads user ${id}`);
    return { id, name: "Ada" };
  },
};

const cache = new TieredCacheManager({
  tiers: [memoryTier({ maxEntries: 10_000 })],
  ttl: "5m", // fresh for five minutes,
  staleWhileRevalidate: "1m", // then a minute stale: served at once, refreshed behind
});
const getUser = (id: number) => cache.get(`user:${id}`, () => database.readUser(id), { tags: ["users"] });

console.log("first:", await getUser(1)); // asks the database
console.log("again:", await getUser(1)); // from memory
await cache.delete("user:1"); // or cache.invalidateTags(["users"])
console.log("after delete:", await getUser(1)); // asks the database, never the past
await cache.close();
