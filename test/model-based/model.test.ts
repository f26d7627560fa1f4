// Random sequences of commands, run on a cache and on a reference model that says in simpler words what must happen.
//
// Every run has a new seed. A failure prints the seed, the path to its smallest example, and the example itself. To see it again:
//   FRESHTIER_SEED=<seed> FRESHTIER_PATH=<path> npx vitest run test/model-based
// FRESHTIER_RUNS sets the number of sequences, for a longer search.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as freshtier from "../../src/index.ts";
import { commands, setup } from "./arbitraries.ts";
import { runAgainstModel, runForSafety } from "./run.ts";

const { FRESHTIER_SEED: seed, FRESHTIER_PATH: path, FRESHTIER_RUNS: runs } = process.env;
const RUNS = Number(runs ?? 3_000);

const parameters: fc.Parameters<unknown> = {
  numRuns: RUNS,
  ...(seed !== undefined && { seed: Number(seed) }),
  ...(path !== undefined && { path }),
};

/** Long enough for any number of runs, and for shrinking a failure. */
const TIMEOUT_MS = 60_000 + RUNS * 50;

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

describe("a cache under random commands", () => {
  test("P1 P3 P8 P9 does what the reference model says, after every command", { timeout: TIMEOUT_MS }, async () => {
    const property = fc.asyncProperty(setup, commands, (...run) => runAgainstModel(freshtier, ...run));
    await fc.assert(property, parameters);
    expect(unhandled).toEqual([]);
  });

  test("P3 P8 serves nothing invalidated or expired while it evicts", { timeout: TIMEOUT_MS }, async () => {
    const maxEntries = fc.integer({ min: 1, max: 4 });
    const property = fc.asyncProperty(setup, maxEntries, commands, (...run) => runForSafety(freshtier, ...run));
    await fc.assert(property, parameters);
    expect(unhandled).toEqual([]);
  });
});
