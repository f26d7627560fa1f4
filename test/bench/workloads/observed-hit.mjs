// A memory hit of a cache that is watched in one way or another: get(key).

import { throughput } from "../throughput.mjs";
import { hits } from "./hit.mjs";

const base = throughput({
  id: "observed-hit",
  title: "Memory hit, awaited, of a cache that is watched: `get(key)`",
  limit: "the same with `enableStats: false`, and nothing that watches",
  // With statistics, which is the default.
  target: 0.87,
  hasRivals: false,
  needs: [],
  block: hits,
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
