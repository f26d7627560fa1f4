// A hit through a decorated method: service.product(id), the key made from the argument.

import { makeUsers, makeVisits, sumOfVisits, WORKING_SET } from "../data.mjs";
import { MAX_ENTRIES, TTL_MS } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual } from "./fill.mjs";

export const workload = throughput({
  id: "decorated-hit",
  title: "Hit through a decorated method: `service.product(id)`, the key made from the argument",
  limit: "`cache.get(key, refresh)` of freshtier with a ready key",
  // It may take one and a half times as long.
  target: 0.67,
  needs: [],
  async block(contender) {
    const users = makeUsers(WORKING_SET);
    const ids = users.map((_, index) => index);
    const load = (id) => users[id];
    const service = contender.create({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, ids, load });
    const visits = makeVisits();
    const expected = sumOfVisits(visits);
    for (const id of ids) await service.product(id);
    return async () => {
      let sum = 0;
      for (let i = 0; i < visits.length; i++) sum += (await service.product(visits[i])).id;
      assertEqual(sum, expected, "sum of ids");
      return visits.length;
    };
  },
});
