// A hundred hits of Redis at a time, each of another key: Promise.all of 100 get(key), no memory in front.

import { throughput } from "../throughput.mjs";
import { assertEqual } from "./fill.mjs";
import { filledRedis } from "./redis-cache.mjs";

const CONCURRENT = 100;
const BATCHES = 10;

export const workload = throughput({
  id: "redis-hit-100",
  title: "Redis hit, 100 concurrent: `Promise.all` of 100 × `get(key)`, distinct keys, no memory in front",
  limit: "`Promise.all` of 100 × `getBuffer` of auto-pipelining ioredis and `JSON.parse`",
  target: 0.9,
  needs: [],
  async block(contender, url) {
    const { cache, keys } = await filledRedis(contender, url, { concurrent: true });
    const pending = new Array(CONCURRENT);
    return async () => {
      // In turn, so that no two of a hundred are of one key: nobody's single flight spares a read.
      for (let batch = 0; batch < BATCHES; batch++) {
        const first = batch * CONCURRENT;
        for (let i = 0; i < CONCURRENT; i++) pending[i] = cache.get(keys[first + i]);
        const users = await Promise.all(pending);
        for (let i = 0; i < CONCURRENT; i++) assertEqual(users[i].id, first + i + 1, "id");
      }
      return BATCHES * CONCURRENT;
    };
  },
});
