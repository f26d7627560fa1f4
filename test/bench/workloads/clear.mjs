// Clearing a namespace: does the time depend on how many entries it has?

import { OURS } from "../contenders/index.mjs";
import { Fleet } from "../fleet.mjs";
import { STALE_MS, TTL_MS } from "../settings.mjs";
import { shuffled, spread } from "../statistics.mjs";
import { assertEqual } from "./fill.mjs";

const WARM_UP_CLEARS = 50;
// One clear is too short for a clock. The first of the row meets all entries: one that deleted them would dwarf the rest.
const CLEARS_IN_A_ROW = 20;

export const workload = {
  id: "clear",
  title: "Clear of a namespace, by its number of entries: `clearNamespace(namespace)`",
  limit: "a namespace of 1 entry",
  target: 1.5,
  needs: [],
  only: OURS,
  compares: "sizes",
  unit: `µs, mean of ${CLEARS_IN_A_ROW} in a row`,
  better: "lower",
  prepare,
  measure,
};

async function measure(_contenders, pace) {
  const fleet = new Fleet(workload.id, [OURS], { nodeOptions: ["--max-old-space-size=6144"] });
  const rounds = [];
  await fleet.call(OURS, "create", pace.clearSizes);
  for (let round = 0; round < pace.clearRounds; round++) {
    rounds.push(await fleet.call(OURS, "round", shuffled(pace.clearSizes)));
  }
  await fleet.stop();
  const [smallest] = pace.clearSizes;
  return pace.clearSizes.map((size) => ({
    id: OURS,
    size,
    value: spread(rounds.map((round) => round[size])),
    ratio: spread(rounds.map((round) => round[size] / round[smallest])),
  }));
}

function prepare(contender) {
  let cache;
  return {
    create(sizes) {
      const maxEntries = sizes.reduce((sum, size) => sum + size, 0);
      cache = contender.create({ maxEntries, ttlMs: TTL_MS, staleMs: STALE_MS });
    },
    async round(sizes) {
      for (const size of sizes) fillNamespace(cache, size);
      globalThis.gc();
      for (let i = 0; i < WARM_UP_CLEARS; i++) await cache.clearNamespace("empty");
      const micros = {};
      for (const size of sizes) micros[size] = await timedClear(cache, size);
      return micros;
    },
  };
}

function fillNamespace(cache, size) {
  for (let i = 0; i < size; i++) cache.setSyncIn(`of ${size}`, `user:${i}`, i);
}

async function timedClear(cache, size) {
  const last = `user:${size - 1}`;
  assertEqual(await cache.getIn(`of ${size}`, last), size - 1, "last value before the clear");
  const from = performance.now();
  for (let i = 0; i < CLEARS_IN_A_ROW; i++) await cache.clearNamespace(`of ${size}`);
  const micros = ((performance.now() - from) / CLEARS_IN_A_ROW) * 1_000;
  assertEqual(await cache.getIn(`of ${size}`, last), undefined, "last value after the clear");
  return micros;
}
