// Tests of rules: each scenario on the sources, and on a package without the mechanism that it is about.

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import type { Edit } from "../support/bundle.ts";
import { loadBundle, removeBundles, SOURCES, type Package } from "./bundle.ts";
import type { Mutant } from "./mutants.ts";
import { World } from "./world.ts";

/** An interleaving, and what comes of it. */
export interface Scenario<T> {
  /** The rule, the promise it serves, and what is promised. */
  readonly name: string;
  /** Steers it, step by step. */
  readonly run: (world: World) => Promise<T>;
  /** What comes of it when the rule is kept. */
  readonly kept: T;
  /** What comes of it without a mechanism of the rule. */
  readonly broken: readonly { readonly without: Mutant; readonly seen: T }[];
  /** Limits made small enough to be reached, with and without the mechanism. */
  readonly limits?: readonly Edit[];
}

/** A timer of the cache may come at a bad moment; without its mechanism the violation has to show soon all the same. */
const TRIES = 3;

/** Tests scenarios on one server, one after the other. */
export function testScenarios(...scenarios: readonly Scenario<unknown>[]): void {
  let redis: RedisServer;
  let world: World | undefined;
  beforeAll(async () => void (redis = await startRedis()));
  afterAll(async () => {
    await redis.stop();
    await removeBundles();
  });
  afterEach(() => world?.end());
  const run = async (pkg: Package, scenario: Scenario<unknown>): Promise<unknown> => {
    await world?.end();
    world = new World(pkg, redis);
    return scenario.run(world);
  };
  for (const scenario of scenarios) {
    const { name, kept, broken, limits = [] } = scenario;
    test.each([name])("%s", async () => {
      expect(await run(limits.length === 0 ? SOURCES : await loadBundle(limits), scenario)).toEqual(kept);
    });
    if (broken.length === 0) continue;
    test.each(broken)(`${name}; not without $without.name`, async ({ without, seen }) => {
      const pkg = await loadBundle([...limits, ...without.edits]);
      let outcome: unknown;
      for (let tries = 0; tries < TRIES; tries++) {
        outcome = await run(pkg, scenario);
        if (JSON.stringify(outcome) === JSON.stringify(seen)) break;
      }
      expect(outcome).toEqual(seen);
    });
  }
}
