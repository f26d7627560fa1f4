// A memory hit of a cache that is watched in one way or another: get(key).

import { makeKeys, makeUsers, makeVisits, sumOfVisits, WORKING_SET } from "../data.mjs";
import { MAX_ENTRIES, STALE_MS, TTL_MS } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual, fill } from "./fill.mjs";

const base = throughput({
  id: "observed-hit",
  title: "Memory hit, awaited, of a cache that is watched: `get(key)`",
  limit: "the same with `enableStats: false`, and nothing that watches",
  // With statistics, which is the default.
  target: 0.87,
  hasRivals: false,
  needs: [],
  async block(contender) {
    const cache = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, staleMs: STALE_MS });
    const keys = makeKeys("user", WORKING_SET);
    const visits = makeVisits();
    const expected = sumOfVisits(visits);
    await fill(cache, keys, makeUsers(WORKING_SET));
    return async () => {
      let sum = 0;
      for (let i = 0; i < visits.length; i++) sum += (await cache.get(keys[visits[i]])).id;
      assertEqual(sum, expected, "sum of ids");
      return visits.length;
    };
  },
});

/** Every contender is held to a target of its own. */
export const workload = {
  ...base,
  async measure(contenders, pace, resource) {
    const rows = await base.measure(contenders, pace, resource);
    const targets = new Map(contenders.map(({ id, target }) => [id, target]));
    return rows.map((row) => {
      const target = targets.get(row.id);
      if (target === undefined) return row;
      return { ...row, extra: { target: `≥ ${target} ×`, "": row.ratio.median >= target ? "reached" : "missed" } };
    });
  },
};
