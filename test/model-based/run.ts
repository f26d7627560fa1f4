// One run of the model test: the same commands to the cache and to the reference model, then the end of both.

import { deepStrictEqual, rejects } from "node:assert/strict";
import type { Package } from "../interleaving/bundle.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import type { Command, Setup } from "./command.ts";
import { compare } from "./compare.ts";
import { predict } from "./predict.ts";
import { RealCache } from "./real-cache.ts";
import { ReferenceModel } from "./reference-model.ts";

/** Runs commands, and compares the cache with the reference model after each. */
export async function runAgainstModel(pkg: Package, setup: Setup, commands: readonly Command[]): Promise<void> {
  const real = new RealCache(pkg, setup, 1_000);
  const model = new ReferenceModel(setup);
  for (const [index, command] of commands.entries()) {
    const when = `after command ${index + 1} (${command.do})`;
    const expected = predict(model, command);
    const result = await real.perform(command);
    deepStrictEqual(result, expected, `result ${when}`);
    await compare(model, real, when);
    assertSafe(real);
  }
  await assertEnds(real);
}

/** Runs commands on a cache that evicts, of which the model knows nothing: whatever it serves must be right. */
export async function runForSafety(
  pkg: Package,
  setup: Setup,
  maxEntries: number,
  commands: readonly Command[],
): Promise<void> {
  const real = new RealCache(pkg, setup, maxEntries);
  for (const command of commands) {
    await real.perform(command);
    assertSafe(real);
  }
  await assertEnds(real);
}

function assertSafe({ ledger }: RealCache): void {
  deepStrictEqual(ledger.violations, []);
}

const CLOSE_TIMEOUT = 10;

/** Closes the cache while refreshes hang: every caller gets an answer, and nothing is left behind. */
async function assertEnds(real: RealCache): Promise<void> {
  const { cache, clock, refreshes } = real;
  const begun = refreshes.calls.length;
  const closing = cache.close({ timeout: CLOSE_TIMEOUT });
  const ending = { kind: "value", lateTags: ["red", "blue"], ttl: undefined } as const;
  const hanging = refreshes.hanging();
  for (const call of hanging.filter((_, index) => index % 2 === 0)) real.settle(call, ending);
  await drainMicrotasks();
  await clock.advance(CLOSE_TIMEOUT);
  await closing;
  await drainMicrotasks();
  assertSafe(real);
  deepStrictEqual(
    refreshes.calls.slice(begun).map(({ label }) => label),
    [],
    "refreshes begun after close()",
  );
  deepStrictEqual(
    real.calls.filter(({ outcome }) => outcome === undefined),
    [],
    "callers that wait after close()",
  );
  deepStrictEqual(cache.stats().refreshes.inFlight, 0, "flights after close()");
  deepStrictEqual(clock.pending, 0, "timers after close()");
  // What hung may still end, and then nobody is interested.
  for (const call of hanging.filter((_, index) => index % 2 === 1)) real.settle(call, { ...ending, kind: "fails" });
  await drainMicrotasks();
  await rejects(cache.get("a"), { code: "closed" });
}
