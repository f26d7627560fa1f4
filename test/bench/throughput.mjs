// Workloads that count operations: interleaved rounds, a ratio to the limit per round, medians.

import { setImmediate as macrotask } from "node:timers/promises";
import { limitOf } from "./contenders/index.mjs";
import { Fleet } from "./fleet.mjs";
import { shuffled, spread } from "./statistics.mjs";
import { groupOf } from "./workloads/index.mjs";

/**
 * @param {object} definition `id`, `title`, `limit`, `target`, `needs` and
 *   `block(contender, place)`, which resolves to a function that does some work, checks it and returns the number of
 *   operations
 */
export function throughput(definition) {
  return {
    ...definition,
    unit: "operations/s",
    better: "higher",
    async prepare(contender, place) {
      const block = await definition.block(contender, place);
      return { warmUp: (ms) => timed(block, ms), round: (ms) => timed(block, ms) };
    },
    measure: (contenders, pace, resource) =>
      interleaved(definition.id, contenders, pace[groupOf(definition.id)] ?? pace, resource),
  };
}

/** Runs blocks for about `ms`. Between blocks the event loop turns, or no timer of any contender would ever run. */
async function timed(block, ms) {
  let operations = 0;
  let elapsed = 0;
  while (elapsed < ms) {
    const from = performance.now();
    operations += await block();
    elapsed += performance.now() - from;
    await macrotask();
  }
  return (operations / elapsed) * 1_000;
}

async function interleaved(workloadId, contenders, pace, resource) {
  const ids = contenders.map((contender) => contender.id);
  const limit = limitOf(groupOf(workloadId));
  const rounds = [];
  for (let start = 0; start < pace.starts; start++) {
    await resource?.flush();
    const fleet = new Fleet(workloadId, ids, { place: resource?.place });
    for (const id of ids) await fleet.call(id, "warmUp", pace.warmUpMs);
    for (let round = 0; round < pace.rounds; round++) rounds.push(await oneRound(fleet, ids, pace.roundMs));
    await fleet.stop();
  }
  return ids.map((id) => ({
    id,
    value: spread(rounds.map((round) => round[id])),
    // Compared within a round, where the machine was the same for both.
    ratio: spread(rounds.map((round) => round[id] / round[limit])),
  }));
}

async function oneRound(fleet, ids, roundMs) {
  const speeds = {};
  for (const id of shuffled(ids)) speeds[id] = await fleet.call(id, "round", roundMs);
  return speeds;
}
