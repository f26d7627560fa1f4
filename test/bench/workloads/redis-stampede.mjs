// A thousand callers on one cold key, from four processes at once: how often is the source asked?

import { setTimeout as sleep } from "node:timers/promises";
import { makeProfiles } from "../data.mjs";
import { Fleet } from "../fleet.mjs";
import { MAX_ENTRIES } from "../settings.mjs";
import { shuffled, spread } from "../statistics.mjs";
import { assertEqual } from "./fill.mjs";
import { createCache } from "./redis-cache.mjs";

const PROCESSES = 4;
const CALLERS = 250;
const REFRESH_MS = 100;

export const workload = {
  id: "redis-stampede",
  title: `Stampede: ${PROCESSES} processes × ${CALLERS} callers on one cold key, memory and Redis, refresh of ${REFRESH_MS} ms`,
  limit: "1 refresh",
  target: 1,
  needs: ["stampede"],
  unit: "refreshes",
  better: "lower",
  // What must be exactly one is one in every round, or it is not.
  worstCounts: true,
  prepare,
  measure,
};

async function measure(contenders, pace, redis) {
  const ids = contenders.map((contender) => contender.id);
  await redis.flush();
  const fleets = Array.from({ length: PROCESSES }, () => new Fleet(workload.id, ids, { place: redis.url }));
  const rounds = [];
  // The first round warms up and is not counted.
  for (let round = 0; round <= pace.redis.stampedeRounds; round++) {
    const byId = {};
    for (const id of shuffled(ids)) byId[id] = await stampede(fleets, id, `cold:${round}`);
    if (round > 0) rounds.push(byId);
  }
  await Promise.all(fleets.map((fleet) => fleet.stop()));
  return ids.map((id) =>
    row(
      id,
      rounds.map((round) => round[id]),
    ),
  );
}

async function stampede(fleets, id, key) {
  await Promise.all(fleets.map((fleet) => fleet.call(id, "ready")));
  const answers = await Promise.all(fleets.map((fleet) => fleet.call(id, "rush", key)));
  return {
    refreshes: answers.reduce((sum, { refreshes }) => sum + refreshes, 0),
    ms: Math.max(...answers.map(({ ms }) => ms)),
  };
}

function row(id, rounds) {
  const refreshes = rounds.map((round) => round.refreshes);
  const ms = spread(rounds.map((round) => round.ms));
  return {
    id,
    value: spread(refreshes),
    ratio: spread(refreshes),
    worst: Math.max(...refreshes),
    extra: {
      "most in a round": String(Math.max(...refreshes)),
      "ms until a process has all its answers": ms.median.toFixed(0),
    },
  };
}

function prepare(contender, url) {
  const [user] = makeProfiles(1);
  let refreshes = 0;
  const refresh = async () => {
    refreshes++;
    await sleep(REFRESH_MS);
    return user;
  };
  const opening = createCache(contender, url, { memoryEntries: MAX_ENTRIES, refresh });
  return {
    ready: async () => void (await opening),
    async rush(key) {
      const cache = await opening;
      refreshes = 0;
      const from = performance.now();
      const users = await Promise.all(Array.from({ length: CALLERS }, () => cache.getOrRefresh(key)));
      const ms = performance.now() - from;
      for (const { id } of users) assertEqual(id, user.id, "id");
      return { refreshes, ms };
    },
  };
}
