// A hit of SQLite, one after the other: get(key), no memory in front.

import { makeKeys, makeProfiles, makeVisits, WORKING_SET } from "../data.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual } from "./fill.mjs";
import { createCache } from "./sqlite-cache.mjs";

const PER_BLOCK = 256;

export const workload = throughput({
  id: "sqlite-hit",
  title: "SQLite hit, one after the other: `get(key)`, no memory in front",
  limit: "a prepared `SELECT` of the bare driver and `JSON.parse`",
  target: 0.7,
  needs: [],
  async block(contender, directory) {
    const cache = await createCache(contender, directory);
    const keys = makeKeys("user", WORKING_SET);
    await cache.setAll(keys, makeProfiles(WORKING_SET));
    const visits = makeVisits();
    let next = 0;
    return async () => {
      let sum = 0;
      let expected = 0;
      for (let i = 0; i < PER_BLOCK; i++) {
        const visit = visits[next];
        next = next + 1 === visits.length ? 0 : next + 1;
        sum += (await cache.get(keys[visit])).id;
        expected += visit + 1;
      }
      assertEqual(sum, expected, "sum of ids");
      return PER_BLOCK;
    };
  },
});
