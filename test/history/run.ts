// A long run by command: npx tsx test/history/run.ts --minutes 10 --seed 1 [--store redis|cluster|sqlite] [--only "reset,flushAll"]

import { parseArgs } from "node:util";
import { STORE_KINDS } from "./fault-names.ts";
import type { Fault } from "./fault-names.ts";
import { runHistory } from "./history.ts";
import type { HistoryResult } from "./history-options.ts";
import { describeSchedule, makeSchedule } from "./schedule.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: process.env["FRESHTIER_HISTORY_SEED"] ?? String(Date.now() % 1_000_000) },
    store: { type: "string", default: "redis" },
    only: { type: "string" },
    first: { type: "boolean", default: false },
  },
});

const seed = Number(values.seed);
const forMs = Number(values.minutes) * 60_000;
const store = STORE_KINDS.find((kind) => kind === values.store);
if (store === undefined) throw new Error(`--store must be one of ${STORE_KINDS.join(", ")}, got ${values.store}`);
const only = values.only?.split(",").map((name) => name.trim()) as Fault[] | undefined;
const chosen = only === undefined ? {} : { only };

console.log(`seed ${seed}, ${values.minutes} min, ${store}`);
console.log(describeSchedule(makeSchedule({ seed, durationMs: forMs, workers: 4, store, ...chosen })));
const result = await runHistory({ seed, forMs, store, isStoppedByViolation: values.first, ...chosen });
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
