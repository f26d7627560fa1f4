// What reading a key would do now: the decisions of a read, taken without doing anything.

import { refreshesBehind } from "../../model/call.ts";
import type { Entry, EntryState } from "../../model/entry.ts";
import type { BackoffExplanation, LeaseExplanation, Outlook, RunningRefresh } from "../../model/explanation.ts";
import { isMemoryFirst } from "../find.ts";
import type { Finding, Scene } from "./scene.ts";
import { spoken, textOf } from "./words.ts";

/** What the tiers were found to have; `undefined` for a tier that there is none of. */
export interface Findings {
  readonly memory: Finding | undefined;
  readonly copies: Finding | undefined;
  readonly shared: Finding | undefined;
}

/** The entry that a read would use, and where it is. */
interface Choice {
  readonly entry: Entry;
  readonly state: Exclude<EntryState, "expired">;
  readonly tier: string;
}

/** Everything that follows from what the tiers have. */
export interface Forecast {
  readonly outlook: Outlook;
  readonly backoff: BackoffExplanation | undefined;
  readonly summary: string;
}

/** Says what `get(key)` and `get(key, refresh)` would do. */
export function forecast(
  scene: Scene,
  findings: Findings,
  lease: LeaseExplanation,
  running: RunningRefresh | undefined,
): Forecast {
  const choice = choose(scene, findings);
  const backoff = choice && backoffOf(scene, choice.entry);
  const outlook: Outlook = {
    tier: choice?.tier,
    state: choice?.state,
    isServed: choice !== undefined && choice.state !== "rescue",
    plan: planFor(scene, choice, backoff),
  };
  return { outlook, backoff, summary: summarise(findings, outlook, backoff, whoRefreshes(lease, running, scene.at)) };
}

/** As `find`, `lookup` and `sightOf` go about it. */
function choose(scene: Scene, { memory, copies, shared }: Findings): Choice | undefined {
  const { engine, target } = scene;
  const here = memory?.usable;
  if (here !== undefined && memory?.isTrusted === true && isMemoryFirst(engine, target)) return from(memory);
  if (shared === undefined || engine.shared === undefined || target.settings.shared?.use !== true) return undefined;
  // Whatever memory has: what the process has ended itself, and the authority has not got yet, comes before all answers.
  const { recovery } = engine.shared;
  const epochs = [engine.epochs.root, engine.epochs.peek("namespace", target.settings.namespace)];
  const isGated = recovery.gates(target.id, epochs);
  if (isGated && !engine.shared.isAnswering) return from(memory);
  const isNear = !isGated && engine.copies?.isFirst === true && copies?.isTrusted === true;
  if (isNear && copies.usable !== undefined && copies.usable.state !== "rescue") return from(copies);
  if (isGated || (shared.told.entry !== undefined && !shared.isTrusted)) {
    return here !== undefined && engine.shared.trust.wouldHear(here.entry) ? from(memory) : undefined;
  }
  if (shared.told.presence !== "unknown") return from(shared);
  const isHere = engine.memory.peek(target.id) !== undefined;
  return isHere || copies === undefined ? from(memory) : from(copies);
}

function from(finding: Finding | undefined): Choice | undefined {
  const { usable, told } = finding ?? {};
  return usable === undefined || told === undefined ? undefined : { ...usable, tier: told.tier };
}

function backoffOf({ engine: { backoff }, at }: Scene, entry: Entry): BackoffExplanation | undefined {
  const last = backoff.last(entry);
  if (last === undefined) return undefined;
  const isActive = backoff.current(entry, at) !== undefined;
  return { failures: last.failures, error: last.error, until: last.retryAt, isActive };
}

/** As `decide` goes about it, but for early refreshes, which chance decides. */
function planFor(
  { target: { settings } }: Scene,
  choice: Choice | undefined,
  backoff: BackoffExplanation | undefined,
): Outlook["plan"] {
  if (choice === undefined) return "refresh";
  if (choice.state === "fresh" || backoff?.isActive === true) return "serve";
  return choice.state === "stale" && refreshesBehind(settings) ? "serveAndRefresh" : "refreshOrServe";
}

/** Who is at it already, in words; `undefined` for nobody. */
function whoRefreshes(
  { holder, remainingMs }: LeaseExplanation,
  running: RunningRefresh | undefined,
  at: number,
): string | undefined {
  if (running?.isJoinable === true) {
    const since =
      running.since === undefined ? "is about to begin" : `has been running for ${spoken(at - running.since)}`;
    return `one ${since} in this process`;
  }
  if (holder !== "another process") return undefined;
  return `another process is at it, whose lease has ${spoken(remainingMs ?? 0)} left`;
}

function summarise(
  findings: Findings,
  { tier, state, isServed, plan }: Outlook,
  backoff: BackoffExplanation | undefined,
  others: string | undefined,
): string {
  const why = reasonOf(findings, tier);
  const value = `the ${state === "rescue" ? "old" : state} value from ${tier}`;
  const at = others === undefined ? "" : ` (${others})`;
  const failed = backoff && `its last refresh failed with ${textOf(backoff.error)}`;
  switch (plan) {
    case "serve": {
      if (state === "fresh") return `get(key) and get(key, refresh) give ${value}: ${why}.`;
      const who = isServed ? "get(key) and get(key, refresh) give" : "get(key) gives nothing; get(key, refresh) gives";
      return `${who} ${value} without another try, because ${failed}: ${why}.`;
    }
    case "serveAndRefresh":
      return `get(key) gives ${value}; get(key, refresh) gives it too, and refreshes it behind${at}: ${why}.`;
    case "refreshOrServe": {
      const first = isServed ? `get(key) gives ${value}` : "get(key) gives nothing";
      return `${first}; get(key, refresh) waits for a refresh${at}, and gives ${value} if that fails: ${why}.`;
    }
    default:
      return `get(key) gives nothing; get(key, refresh) waits for a refresh${at}: ${why}.`;
  }
}

/** Why it is so: what is said of the tier that serves, or of each that does not, and of copies that are passed over. */
function reasonOf({ memory, copies, shared }: Findings, tier: string | undefined): string {
  const all = [memory, copies, shared].flatMap((finding) => (finding === undefined ? [] : [finding.told]));
  const told = all.filter((one) => one.tier === tier || one.presence !== "absent" || tier === undefined);
  told.sort((a, b) => Number(b.tier === tier) - Number(a.tier === tier));
  const texts = told.flatMap(({ tier: name, reasons }) => {
    const isUsed = name === tier;
    const [first] = isUsed ? reasons : reasons.filter((reason) => tier === undefined || isDoubt(reason));
    return first === undefined ? [] : [isUsed || all.length === 1 ? first : `${name}: ${first}`];
  });
  return texts.length === 0 ? "no tier is used by this call" : texts.join("; ");
}

/** What is passed over although it is there is worth a word. */
function isDoubt(reason: string): boolean {
  return reason.startsWith("suspect") || reason.startsWith("not believed");
}
