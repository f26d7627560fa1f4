// The proof that the model test can fail: the same commands, run on engines that are broken in one place each.

import fc from "fast-check";
import { expect, test } from "vitest";
import { loadBundle } from "../interleaving/bundle.ts";
import type { Edit } from "../support/bundle.ts";
import { ARE_MUTANTS_ASKED_FOR } from "../support/mutants.ts";
import { commands, setup } from "./arbitraries.ts";
import { MUTANTS } from "./mutants.ts";
import { runAgainstModel } from "./run.ts";

/** Always the same commands: a test of a test must not depend on luck. */
const SEED = 2;
const RUNS = 2_000;

/** Whether the model test fails on an engine with these edits. The first failure will do, however long. */
async function isFoundOut(edits: readonly Edit[], numRuns = RUNS): Promise<boolean> {
  const broken = await loadBundle(edits);
  const property = fc.asyncProperty(setup, commands, (...run) => runAgainstModel(broken, ...run));
  const { failed } = await fc.check(property, { seed: SEED, numRuns, endOnFailure: true });
  return failed;
}

test.runIf(ARE_MUTANTS_ASKED_FOR).each(MUTANTS)(
  "the model test finds out when $name",
  { timeout: 60_000 },
  async ({ edits }) => {
    expect(await isFoundOut(edits)).toBe(true);
  },
);

test("the model test finds nothing wrong with a bundle of the sources as they are", { timeout: 60_000 }, async () => {
  // Fewer: the sources themselves are run with many more.
  expect(await isFoundOut([], 300)).toBe(false);
});
