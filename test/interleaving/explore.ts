// Runs every interleaving of every scenario, and collects what the oracle has to say.

import type { Package } from "./bundle.ts";
import { violations, violationsAtRest } from "./oracle.ts";
import { interleavings } from "./schedules.ts";
import { isSymmetric, type Scenario } from "./scenario.ts";
import { STEPS, World } from "./world.ts";

/** What an exploration came to. */
export interface Findings {
  readonly runs: number;
  /** Refresh functions called, in all runs. */
  readonly refreshes: number;
  /** Runs in which somebody read after the invalidation had resolved. */
  readonly lateCallers: number;
  readonly violations: readonly string[];
}

const ORDERS = interleavings(STEPS);

/** The orders in which a scenario is run. */
export function ordersOf(scenario: Scenario): readonly number[][] {
  return isSymmetric(scenario) ? ORDERS.filter((order) => order.indexOf(0) < order.indexOf(1)) : ORDERS;
}

/** Explores scenarios; `stopAtFirst` violation, or after five, which are enough to see what is wrong. */
export async function explore(pkg: Package, scenarios: readonly Scenario[], stopAtFirst: boolean): Promise<Findings> {
  let runs = 0;
  let refreshes = 0;
  let lateCallers = 0;
  const found: string[] = [];
  for (const scenario of scenarios) {
    for (const order of ordersOf(scenario)) {
      const world = new World(pkg, scenario, order);
      const violation = await findViolation(world);
      runs++;
      refreshes += world.refreshes.length;
      if (world.callers.some(({ calledAt }) => calledAt > world.resolvedAt)) lateCallers++;
      if (violation !== undefined) found.push(violation);
      if (found.length >= (stopAtFirst ? 1 : 5)) return { runs, refreshes, lateCallers, violations: found };
    }
  }
  return { runs, refreshes, lateCallers, violations: found };
}

async function findViolation(world: World): Promise<string | undefined> {
  let found: string | undefined;
  await world.run((now) => (found ??= violations(now).next().value as string | undefined));
  found ??= violationsAtRest(world).next().value as string | undefined;
  return found === undefined ? undefined : `${found} [${describe(world)}]`;
}

function describe({ scenario: { verb, ...rest }, order }: World): string {
  const steps = order.map((actor) => ["A", "B", "invalidation"][actor]).join(" ");
  return `${verb.name}; ${Object.entries(rest)
    .map(([name, value]) => `${name}: ${value}`)
    .join("; ")}; steps: ${steps}`;
}
