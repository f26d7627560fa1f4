// What the stale workloads have in common: stale hits while their refresh runs, beside fresh hits of the same cache.

import { setImmediate as macrotask, setTimeout as sleep } from "node:timers/promises";
import { makeKeys, makeUsers } from "../data.mjs";
import { Fleet } from "../fleet.mjs";
import { TTL_MS } from "../settings.mjs";
import { quantile, shuffled, spread } from "../statistics.mjs";
import { controlledRefresh, fill } from "./fill.mjs";

const SHORT_TTL_MS = 1_000;
// async-cache-dedupe counts in whole seconds and reads its clock once a second.
const UNTIL_STALE_MS = 2_300;
const REFRESH_MS = 100;
// Shorter than the refresh, so that no stale entry turns fresh while it is measured.
const WINDOW_MS = 85;
const REFRESHED = { id: 0 };

/**
 * @param {object} definition `id`, `title`, `keys` (how many), `roundsOf(pace)` and `create(contender, options, redisUrl)`, which makes
 *   the cache called `options.name` with `options.ttlMs` and `options.refresh`
 */
export function staleHits(definition) {
  return {
    limit: "p99 of a fresh hit of the same cache",
    target: 2,
    needs: ["stale"],
    unit: "µs, p99 of stale hits",
    better: "lower",
    ...definition,
    prepare: (contender, redisUrl) =>
      prepare((options) => definition.create(contender, options, redisUrl), definition.keys),
    measure: (contenders, pace, redis) => measure(definition.id, contenders, definition.roundsOf(pace), redis),
  };
}

async function measure(workloadId, contenders, count, redis) {
  const ids = contenders.map((contender) => contender.id);
  await redis?.flush();
  const fleet = new Fleet(workloadId, ids, { place: redis?.url });
  const rounds = [];
  // The first round warms up and is not counted.
  for (let round = 0; round <= count; round++) {
    await fleet.callAll("fill");
    await sleep(UNTIL_STALE_MS);
    const byId = {};
    for (const id of shuffled(ids)) byId[id] = await fleet.call(id, "hit");
    if (round > 0) rounds.push(byId);
  }
  await fleet.stop();
  return ids.map((id) =>
    row(
      id,
      rounds.map((round) => round[id]),
    ),
  );
}

function row(id, rounds) {
  const micros = (pick) => spread(rounds.map(pick)).median.toFixed(2);
  return {
    id,
    value: spread(rounds.map((round) => round.stale.p99)),
    ratio: spread(rounds.map((round) => round.stale.p99 / round.fresh.p99)),
    extra: {
      "fresh p50": micros((round) => round.fresh.p50),
      "fresh p99": micros((round) => round.fresh.p99),
      "control: × fresh, measured again": spread(
        rounds.map((round) => round.again.p99 / round.fresh.p99),
      ).median.toFixed(2),
      "stale p50": micros((round) => round.stale.p50),
      "first stale hit p50": micros((round) => round.first.p50),
      "refreshes started": spread(rounds.map((round) => round.refreshes)).median.toFixed(0),
    },
  };
}

function prepare(create, count) {
  let caches;
  let turn = 0;
  return {
    async fill() {
      await caches?.close();
      caches = await filledCaches(create, turn++, count);
    },
    hit: () => hitFor(caches),
  };
}

/** The caches of a turn have names of their own: what those of the turn before left in Redis is not theirs. */
async function filledCaches(create, turn, count) {
  const keys = makeKeys("user", count);
  const quick = controlledRefresh();
  const slow = controlledRefresh();
  const refresh = async () => {
    const value = await slow();
    // Filling refreshes at once; what is stale later gets its new value late.
    if (value === REFRESHED) await sleep(REFRESH_MS);
    return value;
  };
  const fresh = await create({ name: `fresh-${turn}`, ttlMs: TTL_MS, refresh: quick });
  const stale = await create({ name: `stale-${turn}`, ttlMs: SHORT_TTL_MS, refresh });
  await fill(fresh, keys, makeUsers(count), quick);
  await fill(stale, keys, makeUsers(count), slow);
  slow.value = REFRESHED;
  slow.calls = 0;
  return { keys, fresh, stale, slow, close: () => Promise.all([fresh.close?.(), stale.close?.()]) };
}

/** Passes over fresh and stale keys in turn, so that both see the same load. */
async function hitFor({ keys, fresh, stale, slow }) {
  const samples = { fresh: [], stale: [], again: [], first: [] };
  const until = performance.now() + WINDOW_MS;
  await pass(stale, keys, samples.first, until);
  while (performance.now() < until) {
    await pass(fresh, keys, samples.fresh, until);
    await pass(fresh, keys, samples.again, until);
    await pass(stale, keys, samples.stale, until);
    await macrotask();
  }
  return {
    fresh: percentiles(samples.fresh),
    stale: percentiles(samples.stale),
    again: percentiles(samples.again),
    first: percentiles(samples.first),
    refreshes: slow.calls,
  };
}

async function pass(cache, keys, samples, until) {
  let from = performance.now();
  for (let i = 0; i < keys.length && from < until; i++) {
    const user = await cache.getOrRefresh(keys[i]);
    const to = performance.now();
    // The machine stood still for so long that the refresh is over: no stale hit.
    if (user.id === REFRESHED.id) return;
    if (user.id !== i + 1) throw new Error(`${keys[i]} is not the stored user but ${JSON.stringify(user)}`);
    samples.push((to - from) * 1_000);
    from = to;
  }
}

function percentiles(samples) {
  if (samples.length === 0) throw new Error("no hit to measure: stale entries must be served while they are refreshed");
  return { p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) };
}
