// Two flights and one invalidation in every order of their steps, for every verb.

import { describe, expect, test } from "vitest";
import * as freshtier from "../../src/index.ts";
import { explore, ordersOf } from "./explore.ts";
import { countInterleavings, interleavings } from "./schedules.ts";
import { SCENARIOS } from "./scenario.ts";
import { VERBS } from "./verbs.ts";
import { STEPS } from "./world.ts";

/** Runs per verb: 26 situations, in 560 orders where the readers differ and in 280 where they do not. */
const RUNS_PER_VERB = 10_360;

test("every order of the steps is a different one, and none is left out", () => {
  const orders = new Set(interleavings(STEPS).map(String));
  expect(orders.size).toBe(countInterleavings(STEPS));
  expect(orders.size).toBe(560);
});

describe("P3 in every interleaving", () => {
  test.each(VERBS)(
    "$name: nothing overtaken is stored or given to who comes after",
    { timeout: 60_000 },
    async (verb) => {
      const scenarios = SCENARIOS.filter((scenario) => scenario.verb === verb);
      const { runs, lateCallers, refreshes, violations } = await explore(freshtier, scenarios, false);
      expect(violations).toEqual([]);
      expect(runs).toBe(scenarios.reduce((sum, scenario) => sum + ordersOf(scenario).length, 0));
      expect(runs).toBe(RUNS_PER_VERB);
      // The runs mean something: refreshes were called in all of them but a few, and many have a caller who comes after.
      expect(refreshes).toBeGreaterThan(0.9 * runs);
      expect(lateCallers).toBeGreaterThan(0.1 * runs);
    },
  );
});
