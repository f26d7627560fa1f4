// A hit of Redis, one after the other: get(key), no memory in front.

import { makeVisits } from "../data.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual } from "./fill.mjs";
import { filledRedis } from "./redis-cache.mjs";

const PER_BLOCK = 256;

export const workload = throughput({
  id: "redis-hit",
  title: "Redis hit, one after the other: `get(key)`, no memory in front",
  limit: "`getBuffer` of ioredis and `JSON.parse`",
  target: 0.9,
  needs: [],
  async block(contender, url) {
    const { cache, keys } = await filledRedis(contender, url);
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
