// What the Redis workloads have in common: the cache of a contender, filled and looked through.

import { makeKeys, makeProfiles, WORKING_SET } from "../data.mjs";
import { STALE_MS, TTL_MS } from "../settings.mjs";
import { assertEqual } from "./fill.mjs";

/** @param {object} options those of the contender's `create` that differ from what the Redis workloads have in common */
export function createCache(contender, url, options) {
  return contender.create({
    url,
    name: contender.id,
    concurrent: false,
    memoryEntries: 0,
    ttlMs: TTL_MS,
    staleMs: STALE_MS,
    ...options,
  });
}

/** The Redis tier alone, holding the working set. */
export async function filledRedis(contender, url, options) {
  const cache = await createCache(contender, url, options);
  const keys = makeKeys("user", WORKING_SET);
  const users = makeProfiles(WORKING_SET);
  await Promise.all(keys.map((key, i) => cache.set(key, users[i])));
  const stored = await Promise.all(keys.map((key) => cache.get(key)));
  for (const [i, key] of keys.entries()) assertEqual(stored[i]?.about, users[i].about, `about of ${key}`);
  return { cache, keys };
}
