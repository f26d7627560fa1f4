// Storing in SQLite, 100 at a time: what is asked for together becomes one transaction.

import { makeKeys, makeProfiles, WORKING_SET } from "../data.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual } from "./fill.mjs";
import { createCache } from "./sqlite-cache.mjs";

const CONCURRENT = 100;
const BATCHES = WORKING_SET / CONCURRENT;

export const workload = throughput({
  id: "sqlite-write",
  title: "SQLite set, 100 concurrent: `Promise.all` of 100 × `set(key, value)`, no memory in front",
  limit: "`JSON.stringify` and 100 prepared `INSERT`s in one transaction of the bare driver",
  target: 0.6,
  needs: [],
  async block(contender, directory) {
    const cache = await createCache(contender, directory);
    const keys = makeKeys("user", WORKING_SET);
    const users = makeProfiles(WORKING_SET + 1);
    const slice = (all, batch, shift = 0) => all.slice(batch * CONCURRENT + shift, (batch + 1) * CONCURRENT + shift);
    const keysOf = Array.from({ length: BATCHES }, (_, batch) => slice(keys, batch));
    // The value of a key changes with every pass, so that the check cannot see an old one.
    const usersOf = [0, 1].map((shift) => keysOf.map((_, batch) => slice(users, batch, shift)));
    let turn = 0;
    return async () => {
      for (let batch = 0; batch < BATCHES; batch++) await cache.setAll(keysOf[batch], usersOf[turn][batch]);
      assertEqual((await cache.get(keys.at(-1))).id, WORKING_SET + turn, "id of the last user set");
      turn ^= 1;
      return WORKING_SET;
    };
  },
});
