// Clearing a namespace in Redis: does the time depend on how many entries it has?

import { OURS } from "../contenders/index.mjs";
import { Fleet } from "../fleet.mjs";
import { spread } from "../statistics.mjs";
import { assertEqual } from "./fill.mjs";
import { createCache } from "./redis-cache.mjs";

const WARM_UP_MS = 150;
const AT_A_TIME = 500;
// One clear is too short for a machine that does other things. The first of the row meets all entries: one that deletes
// them dwarfs the rest.
const CLEARS_IN_A_ROW = 10;

export const workload = {
  id: "redis-clear",
  title: "Clear of a namespace in Redis, by its number of entries, no memory in front",
  limit: "a namespace of 1 entry of the same cache",
  target: 1.5,
  needs: ["namespaces"],
  compares: "sizes",
  unit: `ms, mean of ${CLEARS_IN_A_ROW} in a row`,
  better: "lower",
  prepare,
  measure,
};

/** One contender at a time on an empty server: those that look for keys would also walk over everybody else's. */
async function measure(contenders, pace, redis) {
  const rows = [];
  for (const { id } of contenders) rows.push(...(await rowsOf(id, pace.redis, redis)));
  return rows;
}

async function rowsOf(id, { clearRounds, rivalClearRounds, clearSizes }, redis) {
  const count = id === OURS ? clearRounds : rivalClearRounds;
  await redis.flush();
  const fleet = new Fleet(workload.id, [id], { place: redis.url });
  const rounds = [];
  for (let round = 0; round < count; round++) rounds.push(await fleet.call(id, "round", clearSizes));
  await fleet.stop();
  const [smallest] = clearSizes;
  return clearSizes.map((size) => ({
    id,
    size,
    value: spread(rounds.map((round) => round[size].mean)),
    ratio: spread(rounds.map((round) => round[size].mean / round[smallest].mean)),
    extra: { "the first, ms": spread(rounds.map((round) => round[size].first)).median.toFixed(2) },
  }));
}

function prepare(contender, url) {
  const opening = createCache(contender, url, { concurrent: true });
  return {
    async round(sizes) {
      const cache = await opening;
      const times = {};
      for (const size of sizes) {
        await fillNamespace(cache, size);
        await warmUp(cache);
        times[size] = await timedClears(cache, size);
      }
      return times;
    },
  };
}

async function warmUp(cache) {
  const until = performance.now() + WARM_UP_MS;
  while (performance.now() < until) await cache.clearNamespace("empty");
}

async function fillNamespace(cache, size) {
  for (let from = 0; from < size; from += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, size - from);
    await Promise.all(Array.from({ length: count }, (_, i) => cache.setIn(nameOf(size), `user:${from + i}`, from + i)));
  }
}

async function timedClears(cache, size) {
  const last = `user:${size - 1}`;
  assertEqual(await cache.getIn(nameOf(size), last), size - 1, "last value before the clear");
  const times = [];
  for (let i = 0; i < CLEARS_IN_A_ROW; i++) {
    const from = performance.now();
    await cache.clearNamespace(nameOf(size));
    times.push(performance.now() - from);
  }
  for (const key of ["user:0", last]) {
    assertEqual(await cache.getIn(nameOf(size), key), undefined, `value of ${key} after the clear`);
  }
  return { first: times[0], mean: times.reduce((sum, ms) => sum + ms, 0) / times.length };
}

/** No name is the beginning of another: some caches clear by prefix. */
function nameOf(size) {
  return `of-${size}-entries`;
}
