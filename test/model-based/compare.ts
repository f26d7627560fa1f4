// Compares the cache with the reference model after a step: everything that can be seen from outside.

import { deepStrictEqual } from "node:assert/strict";
import { IDS, NAMESPACES, textOf, type Id } from "./command.ts";
import type { RealCache } from "./real-cache.ts";
import type { ReferenceModel } from "./reference-model.ts";
import { shown } from "./shown.ts";

/** Throws at the first difference. `when` says where it was found. */
export async function compare(model: ReferenceModel, real: RealCache, when: string): Promise<void> {
  const same = (actual: unknown, expected: unknown, what: string): void =>
    deepStrictEqual(actual, expected, `${what} ${when}: got ${shown(actual)}, the model says ${shown(expected)}`);
  same(labels(real.refreshes.calls), labels(model.flights.started), "refreshes called (P1)");
  real.calls.forEach(({ name, outcome }, index) => same(outcome, model.calls[index]?.outcome, `outcome of ${name}`));
  same(real.cache.stats().refreshes.inFlight, model.flights.inFlight, "refreshes in flight");
  const aborted = model.flights.started.filter((run) => run.aborted);
  same(labels(real.refreshes.calls.filter(({ signal }) => signal.aborted)), labels(aborted), "refreshes aborted");
  for (const id of IDS) await compareEntry(model, real, id, same);
  for (const namespace of NAMESPACES) {
    const keys: string[] = [];
    for await (const key of real.cache.keys({ namespace })) keys.push(key);
    const expected = IDS.filter((id) => id.namespace === namespace && model.store.visible(id) !== undefined);
    same(keys.sort(), expected.map(({ key }) => key).sort(), `keys of ${namespace}`);
  }
}

type Same = (actual: unknown, expected: unknown, what: string) => void;

async function compareEntry(
  { store }: ReferenceModel,
  { cache, ledger }: RealCache,
  id: Id,
  same: Same,
): Promise<void> {
  const expected = store.visible(id);
  const of = { namespace: id.namespace };
  const view = await cache.getEntry(id.key, of);
  same(await cache.has(id.key, of), expected !== undefined, `has ${textOf(id)}`);
  same(view?.value, expected?.value, `entry ${textOf(id)}`);
  if (expected === undefined || view === undefined) return same(await cache.ttl(id.key, of), undefined, "ttl");
  ledger.peeked(view.value, `entry ${textOf(id)}`);
  const { freshUntil, createdAt, staleUntil, errorUntil } = expected;
  const state = store.state(expected);
  same(view.state, state, `state of ${textOf(id)}`);
  same(await cache.ttl(id.key, of), state === "fresh" ? freshUntil - store.now : 0, `ttl of ${textOf(id)}`);
  const instants = [view.createdAt, view.freshUntil, view.staleUntil, view.errorUntil];
  same(instants, [createdAt, freshUntil, staleUntil, errorUntil], `instants of ${textOf(id)}`);
  same([...view.tags].sort(), [...new Set(expected.tags)].sort(), `tags of ${textOf(id)}`);
}

function labels(of: readonly { readonly label: string }[]): string[] {
  return of.map(({ label }) => label).sort();
}
