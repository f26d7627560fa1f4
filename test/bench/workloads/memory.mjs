// Memory per entry: what the heap holds beyond keys and values, which the measurement holds itself.

import { setTimeout as sleep } from "node:timers/promises";
import { LIMIT } from "../contenders/index.mjs";
import { makeKeys, makeStrings } from "../data.mjs";
import { Fleet } from "../fleet.mjs";
import { STALE_MS, TTL_MS } from "../settings.mjs";
import { controlledRefresh, fill } from "./fill.mjs";

const LARGE = 1_024;
const SMALL = 16;

export const workload = {
  id: "memory",
  title: "Memory per entry",
  limit: "bare lru-cache with a ttl and the same entries, key and value of 1 KB included",
  target: 1.2,
  bytesTarget: 180,
  needs: ["memory"],
  unit: "bytes per entry beside key and value, values of 1 KB",
  better: "lower",
  prepare: (contender) => ({ measure: (entries, bytes) => perEntry(contender, entries, bytes) }),
  measure,
};

async function measure(contenders, pace) {
  const ids = contenders.map((contender) => contender.id);
  const large = await perEntryOf(ids, pace.memoryEntries, LARGE);
  const small = await perEntryOf(ids, pace.memoryEntries, SMALL);
  return ids.map((id) => {
    const total = (which) => large[which].overhead + large[which].payload;
    const aboveLimit = [large, small].map((sizes) => sizes[id].overhead - sizes[LIMIT].overhead);
    return {
      id,
      value: exactly(large[id].overhead),
      ratio: exactly(total(id) / total(LIMIT)),
      bytesAboveLimit: Math.max(...aboveLimit),
      extra: {
        "above lru-cache": aboveLimit[0].toFixed(0),
        "values of 16 B": small[id].overhead.toFixed(0),
        "above lru-cache, 16 B": aboveLimit[1].toFixed(0),
      },
    };
  });
}

/** One process at a time, each used once: garbage of an earlier measurement would be counted. */
async function perEntryOf(ids, entries, bytes) {
  const byId = {};
  for (const id of ids) {
    const fleet = new Fleet(workload.id, [id]);
    byId[id] = await fleet.call(id, "measure", entries, bytes);
    await fleet.stop();
  }
  return byId;
}

async function perEntry(contender, entries, bytes) {
  await filledCache(contender, makeKeys("warm", 1_000), makeStrings(1_000, bytes));
  const before = await used();
  const keys = makeKeys("user", entries);
  const values = makeStrings(entries, bytes);
  const held = await used();
  const cache = await filledCache(contender, keys, values);
  // A read may leave something at the entry, and entries that nobody reads are not what a cache is for.
  await checkAll(cache, keys, values);
  const full = await used();
  await checkAll(cache, keys, values);
  return { overhead: (full - held) / entries, payload: (held - before) / entries };
}

async function filledCache(contender, keys, values) {
  const refresh = contender.lacks.set ? controlledRefresh() : undefined;
  const cache = contender.create({ maxEntries: keys.length, ttlMs: TTL_MS, staleMs: STALE_MS, refresh });
  await fill(cache, keys, values, refresh);
  return cache;
}

/** The second time it keeps cache, keys and values alive until the heap has been measured. */
async function checkAll(cache, keys, values) {
  const read = cache.get ?? cache.getOrRefresh;
  for (const [i, key] of keys.entries()) {
    if ((await read(key)) !== values[i]) throw new Error(`${key} is not in the cache`);
  }
}

async function used() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function exactly(value) {
  return { median: value, low: value, high: value };
}
