// Storing in Redis, one after the other: set(key, value), no memory in front.

import { makeKeys, makeProfiles, WORKING_SET } from "../data.mjs";
import { throughput } from "../throughput.mjs";
import { assertEqual } from "./fill.mjs";
import { createCache } from "./redis-cache.mjs";

const PER_BLOCK = 200;

export const workload = throughput({
  id: "redis-set",
  title: "Redis set, one after the other: `set(key, value)`, no memory in front",
  limit: "`JSON.stringify` and `SET … PX` of ioredis",
  target: undefined,
  needs: [],
  async block(contender, url) {
    const cache = await createCache(contender, url);
    const keys = makeKeys("user", WORKING_SET);
    const users = makeProfiles(WORKING_SET + 1);
    let next = 0;
    let turn = 0;
    return async () => {
      for (let i = 0; i < PER_BLOCK; i++) await cache.set(keys[next + i], users[next + i + turn]);
      const last = next + PER_BLOCK - 1;
      assertEqual((await cache.get(keys[last])).id, last + turn + 1, "id of the last user set");
      next = (next + PER_BLOCK) % WORKING_SET;
      // The value of a key changes with every pass, so that the check cannot see an old one.
      if (next === 0) turn ^= 1;
      return PER_BLOCK;
    };
  },
});
