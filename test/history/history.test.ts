// The short run: four processes, faults of every kind, more than 20,000 invalidations on Redis, 3,000 on a SQLite file; no read may be wrong.
// FRESHTIER_HISTORY_SEED repeats a schedule. A long run: npx tsx test/history/run.ts --minutes 10 --store sqlite

import { describe, expect, it } from "vitest";
import { runHistory } from "./history.ts";
import type { HistoryOptions, HistoryResult } from "./history-options.ts";
import { describeSchedule, makeSchedule } from "./schedule.ts";

const SEED = Number(process.env["FRESHTIER_HISTORY_SEED"] ?? 1);
const TIMEOUT_MS = 300_000;

describe("a history of four processes under faults", () => {
  it(
    "holds no read that P3, P4, P5, P7, P8 or P11 forbid, in 20,000 invalidations",
    async () => {
      const result = await run({ seed: SEED, forMs: 45_000, atLeast: 20_000 });
      const { done = 0, pending = 0, none = 0, failed = 0 } = result.outcomes;
      expect(done + pending).toBeGreaterThanOrEqual(20_000);
      expect(done).toBeGreaterThan(pending);
      expect(pending).toBeGreaterThan(0);
      expect(none + failed).toBe(0);
      expect(Object.keys(result.invalidations).length).toBe(11);
      expect(result.reads).toBeGreaterThan(50_000);
      // Or else the run has judged next to nothing.
      expect(result.calmReads).toBeGreaterThan(10_000);
      expect(result.faults.length).toBeGreaterThan(20);
      expect(result.processes).toBeGreaterThan(4);
    },
    TIMEOUT_MS,
  );

  it(
    "holds none on a SQLite file that is locked, removed, replaced and damaged, in 3,000 invalidations",
    async () => {
      const { outcomes, invalidations, reads, calmReads, faults, processes } = await run({
        seed: SEED,
        forMs: 10_000,
        atLeast: 3_000,
        store: "sqlite",
      });
      const { done = 0, pending = 0, none = 0, failed = 0 } = outcomes;
      expect(done + pending).toBeGreaterThanOrEqual(3_000);
      expect(done).toBeGreaterThan(1_000);
      expect(pending).toBeGreaterThan(0);
      expect(none + failed).toBe(0);
      expect(Object.keys(invalidations).length).toBe(11);
      expect(reads).toBeGreaterThan(5_000);
      expect(calmReads).toBeGreaterThan(2_000);
      expect(faults.length).toBeGreaterThan(5);
      expect(processes).toBeGreaterThan(5);
    },
    TIMEOUT_MS,
  );

  it(
    "holds none when a cluster fails over",
    async () => {
      const { reads, faults } = await run({ seed: SEED, forMs: 12_000, store: "cluster", pace: 0.5 });
      expect(reads).toBeGreaterThan(3_000);
      expect(faults.length).toBeGreaterThan(2);
    },
    TIMEOUT_MS,
  );
});

async function run(options: HistoryOptions): Promise<HistoryResult> {
  const { seed, forMs, store = "redis" } = options;
  const result = await runHistory(options);
  const schedule = describeSchedule(makeSchedule({ seed, durationMs: forMs, workers: 4, store }));
  const found = result.violations
    .slice(0, 3)
    .map(({ promise, text, lines }) => `${promise}: ${text}\n${lines.join("\n")}`);
  expect(found, `seed ${seed}\n${schedule}\n${found.join("\n\n")}`).toEqual([]);
  return result;
}
