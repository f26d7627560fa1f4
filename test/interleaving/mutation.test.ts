// The proof that the exploration can fail: the same exploration, run on engines that are broken in one place each.

import { describe, expect, test } from "vitest";
import { ARE_MUTANTS_ASKED_FOR } from "../support/mutants.ts";
import { loadBundle } from "./bundle.ts";
import { explore } from "./explore.ts";
import { MUTANTS } from "./mutants.ts";
import { SCENARIOS } from "./scenario.ts";

describe("the exploration of all interleavings", () => {
  test.runIf(ARE_MUTANTS_ASKED_FOR).each(MUTANTS)(
    "finds out that an engine $name",
    { timeout: 60_000 },
    async ({ edits }) => {
      const { violations } = await explore(await loadBundle(edits), SCENARIOS, true);
      expect(violations).toHaveLength(1);
    },
  );

  test("finds nothing wrong with a bundle of the sources as they are", { timeout: 60_000 }, async () => {
    // One in five: all of them are explored on the sources themselves.
    const some = SCENARIOS.filter((_, index) => index % 5 === 0);
    const { violations, runs } = await explore(await loadBundle([]), some, true);
    expect(violations).toEqual([]);
    expect(runs).toBeGreaterThan(20_000);
  });

  test("cannot pass over a source that has changed: the text to break must be there once", async () => {
    const edit = { file: "engine/single-flight.ts", find: "no such text", replace: "" };
    await expect(loadBundle([edit])).rejects.toThrow("found 0 times instead of once");
  });
});
