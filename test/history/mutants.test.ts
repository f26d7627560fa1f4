// With any of the mechanisms taken out a run finds a violation, and soon: the checker can see, and each is needed.

import { describe, expect, it } from "vitest";
import { ARE_MUTANTS_ASKED_FOR } from "../support/mutants.ts";
import { runHistory } from "./history.ts";
import { MUTANTS } from "./mutants.ts";
import { HASTY_TRIMMING, SQLITE_MUTANTS } from "./sqlite-mutants.ts";

const ALL = [...MUTANTS, ...SQLITE_MUTANTS];
const SEED = Number(process.env["FRESHTIER_HISTORY_SEED"] ?? 1);
const FOUND_WITHIN_MS = 40_000;
/** Most are found in the first seconds. Then comes the quiet, in which what nothing has put right shows at the latest. */
const FAULTS_FOR_MS = 20_000;

describe.runIf(ARE_MUTANTS_ASKED_FOR)("the checker finds a violation without", () => {
  it.each(ALL)(
    "$name",
    async ({ store = "redis", edits, only, pace, stretch, calm }) => {
      const result = await runHistory({
        seed: SEED,
        forMs: FAULTS_FOR_MS,
        store,
        edits,
        only,
        pace,
        stretch,
        calm,
        isStoppedByViolation: true,
      });
      expect(result.violations.map(({ promise }) => promise)).toEqual([expect.stringMatching(/^P(3|4|5|7|8|11)$/)]);
      expect(result.foundAfterMs).toBeLessThan(FOUND_WITHIN_MS);
    },
    120_000,
  );
});

it.runIf(ARE_MUTANTS_ASKED_FOR)(
  "finds none where messages are only trimmed too early: the control",
  async () => {
    const result = await runHistory({
      seed: SEED,
      forMs: FAULTS_FOR_MS,
      store: "sqlite",
      edits: HASTY_TRIMMING,
      only: ["checkpoint"],
      pace: 1,
      calm: 20,
    });
    expect(result.violations.map(({ text }) => text)).toEqual([]);
    expect(result.reads).toBeGreaterThan(500);
  },
  120_000,
);
