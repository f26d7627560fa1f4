// Schedules of faults: repeatable, complete, and with time to recover.

import { describe, expect, it } from "vitest";
import type { StoreKind } from "./fault-names.ts";
import { describeSchedule, makeSchedule } from "./schedule.ts";

const OPTIONS = { seed: 1, durationMs: 600_000, workers: 4, store: "redis" as StoreKind };

describe("a schedule", () => {
  it("follows from its seed", () => {
    expect(makeSchedule(OPTIONS)).toEqual(makeSchedule(OPTIONS));
    expect(makeSchedule(OPTIONS)).not.toEqual(makeSchedule({ ...OPTIONS, seed: 2 }));
  });

  it("has every fault, and those of a cluster where there is one", () => {
    const faults = new Set(makeSchedule(OPTIONS).map(({ fault }) => fault));
    expect(faults.size).toBe(13 + 18);
    const ofCluster = new Set(makeSchedule({ ...OPTIONS, store: "cluster" }).map(({ fault }) => fault));
    expect([...ofCluster].sort()).toEqual([
      "crash of a primary",
      "failover",
      "forced failover",
      "kill the process",
      "stop the process",
    ]);
    const ofFile = new Set(makeSchedule({ ...OPTIONS, store: "sqlite" }).map(({ fault }) => fault));
    expect(ofFile.size).toBe(2 + 8);
  });

  it("lets no two faults of one target overlap, and a process recover from a heavy one", () => {
    for (const lane of [undefined, 0, 1, 2, 3]) {
      const steps = makeSchedule(OPTIONS).filter(({ worker }) => worker === lane);
      steps.slice(1).forEach(({ at }, index) => {
        const before = steps[index]!;
        const restMs = at - before.at - before.forMs;
        expect(restMs).toBeGreaterThanOrEqual(["reset", "hang"].includes(before.fault) ? 5_999 : 799);
      });
    }
  });

  it("keeps to the faults that are wanted", () => {
    const steps = makeSchedule({ ...OPTIONS, only: ["flushAll", "reset"], durationMs: 20_000 });
    expect(new Set(steps.map(({ fault }) => fault))).toEqual(new Set(["flushAll", "reset"]));
    expect(describeSchedule(steps)).toMatch(/^(worker \d: (\d+\.\ds reset \d+ms(, )?)+\n?|shared: .*flushAll.*\n?)+$/);
  });
});
