// A long run by command: npx tsx test/history/run.ts --minutes 10 --seed 1 [--cluster] [--only "reset,flushAll"]

import { parseArgs } from "node:util";
import { runHistory } from "./history.ts";
import type { HistoryResult } from "./history.ts";
import { describeSchedule, makeSchedule } from "./schedule.ts";
import type { Step } from "./schedule.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: process.env["FRESHTIER_HISTORY_SEED"] ?? String(Date.now() % 1_000_000) },
    cluster: { type: "boolean", default: false },
    only: { type: "string" },
    first: { type: "boolean", default: false },
  },
});

const seed = Number(values.seed);
const forMs = Number(values.minutes) * 60_000;
const isCluster = values.cluster;
const only = values.only?.split(",").map((name) => name.trim()) as Step["fault"][] | undefined;
const chosen = only === undefined ? {} : { only };

console.log(`seed ${seed}, ${values.minutes} min${isCluster ? ", cluster" : ""}`);
console.log(describeSchedule(makeSchedule({ seed, durationMs: forMs, workers: 4, isCluster, ...chosen })));
const result = await runHistory({ seed, forMs, isCluster, isStoppedByViolation: values.first, ...chosen });
print(result);
process.exitCode = result.violations.length === 0 ? 0 : 1;

function print({ violations, invalidations, outcomes, reads, calmReads, processes, faults }: HistoryResult): void {
  const total = Object.values(invalidations).reduce((sum, count) => sum + count, 0);
  console.log(`${total} invalidations ${JSON.stringify(invalidations)} ${JSON.stringify(outcomes)}`);
  console.log(
    `${reads} reads judged, ${calmReads} of them with nothing to excuse a process, ${processes} processes, ${faults.length} faults`,
  );
  for (const { promise, text, lines } of violations.slice(0, 5))
    console.log(`\n${promise}: ${text}\n${lines.map((line) => `  ${line}`).join("\n")}`);
  console.log(`\n${violations.length} violations`);
}
