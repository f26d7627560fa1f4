// A memory hit with a refresh function that is not called, with or without a tag on the entry.

import { makeKeys, makeUsers, makeVisits, sumOfVisits, WORKING_SET } from "../data.mjs";
import { MAX_ENTRIES, STALE_MS, TTL_MS } from "../settings.mjs";
import { assertEqual, controlledRefresh, fill } from "./fill.mjs";

export async function readThroughBlock(contender, tag) {
  const refresh = controlledRefresh();
  const cache = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, staleMs: STALE_MS, tag, refresh });
  const keys = makeKeys("user", WORKING_SET);
  const visits = makeVisits();
  const expected = sumOfVisits(visits);
  await fill(cache, keys, makeUsers(WORKING_SET), refresh);
  const calls = refresh.calls;
  const read = contender.isLimit ? cache.get : cache.getOrRefresh;
  return async () => {
    let sum = 0;
    for (let i = 0; i < visits.length; i++) sum += (await read(keys[visits[i]])).id;
    assertEqual(sum, expected, "sum of ids");
    assertEqual(refresh.calls, calls, "calls of refresh");
    return visits.length;
  };
}
