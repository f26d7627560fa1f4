// Reading through where nobody can wait: `getSync` with a refresh.

import type { Bus } from "../contracts/bus.ts";
import type { Entry } from "../model/entry.ts";
import { areTagsTouched } from "../model/epoch.ts";
import type { NotStoredReason } from "../model/event.ts";
import type { SyncRefresh } from "../model/refresh.ts";
import type { Payload } from "../codec/payload.ts";
import { storeInMemory, type Draft } from "./draft.ts";
import { findAtOnce } from "./at-once.ts";
import type { Engine, Target } from "./engine.ts";
import { findHere, miss, reportServed, serve, valueOf, type Found } from "./find.ts";
import { PendingSet } from "./pending-sets.ts";
import { UNAVAILABLE } from "./guard.ts";
import { decide } from "./read.ts";
import { reportInvalid, reportRejected } from "./report.ts";
import { putAhead, tierOf } from "./set.ts";
import { sendAll } from "./set-send.ts";
import { overtake, type Sending } from "./setting.ts";
import type { SharedTier } from "./shared-tier.ts";
import { beginSync, runSync, type Made, type SyncOutcome } from "./sync-run.ts";

/**
 * `getSync` with a refresh. Of most shared tiers nobody can ask, so that only a copy in memory counts which need not be
 * verified; one that answers at once is asked. There is no behind: what is due for a refresh gets it at once, and the caller gets the result.
 */
export function readThroughSync(engine: Engine, target: Target, refresh: SyncRefresh): unknown {
  target.settings.signal?.throwIfAborted();
  const found = findHere(engine, target) ?? (target.settings.forceRefresh ? undefined : findAtOnce(engine, target));
  if (found !== undefined && isGoodEnough(engine, target, found)) return valueOf(engine, serve(engine, target, found));
  miss(engine, target);
  listen(engine, target);
  const begun = beginSync(engine, target);
  const outcome = engine.flights.whileRefreshing(begun, () => runSync(engine, begun, refresh, found?.entry));
  return outcome.kind === "failed" ? rescue(engine, begun, found?.entry, outcome) : land(engine, begun, outcome);
}

/** From here on it is heard what other processes invalidate: nothing else tells whether the result may be brought to them. */
function listen(engine: Engine, target: Target): void {
  const shared = tierOf(engine, target);
  if (shared !== undefined && !shared.trust.hasHeardSince({ asOf: engine.epochs.now })) shared.bus?.catchUp?.();
}

/** Fresh, or left alone for a while after a failure. An early refresh is one behind, and there is none. */
function isGoodEnough(engine: Engine, target: Target, found: Found): boolean {
  const plan = decide(engine, target, found);
  return plan === "serve" || (plan === "serveAndRefresh" && found.state === "fresh");
}

/** Gives the old value, if there is one that may be used without asking anybody. @throws what the refresh threw */
function rescue(
  engine: Engine,
  { target, asOf }: PendingSet,
  previous: Entry | undefined,
  { error, isMisuse, span }: SyncOutcome & { readonly kind: "failed" },
): unknown {
  const { counters, observer, backoff } = engine;
  const { key, settings } = target;
  counters.failedRefreshes++;
  span?.end("failed", { error });
  const retryAt = isMisuse || previous === undefined ? undefined : backoff.add(previous, error, asOf).retryAt;
  if (observer.wants("refreshFail")) {
    observer.notify({ type: "refreshFail", key, namespace: settings.namespace, background: false, error, retryAt });
  }
  const old = isMisuse || settings.forceRefresh ? undefined : findHere(engine, target);
  if (old === undefined) throw error;
  counters.rescued++;
  reportServed(engine, target, old, error);
  return valueOf(engine, old.entry);
}

function land(engine: Engine, begun: PendingSet, made: Made & Pick<SyncOutcome, "span">): unknown {
  const { memory, observer } = engine;
  const { key, settings } = begun.target;
  const { value, durationMs } = made;
  const notStored = keep(engine, begun, made);
  made.span?.end(notStored ?? "stored");
  if (observer.wants("refreshEnd")) {
    const about = { key, namespace: settings.namespace, background: false };
    observer.notify({ type: "refreshEnd", ...about, durationMs, notStored });
  }
  const isPassedOn = notStored === "skipped" || notStored === "tier-skipped";
  return isPassedOn ? value : memory.expose(value);
}

/** Stores a result, if nothing has overtaken its refresh. From here to the store no code of the user's runs. */
function keep(engine: Engine, begun: PendingSet, made: Made): NotStoredReason | undefined {
  const { target, asOf, namespaceEpoch, number } = begun;
  const { value, tags, skipped, refusal } = made;
  if (skipped) return "skipped";
  if (refusal !== undefined) {
    reportInvalid(engine, target.key, target.settings.namespace, refusal);
    return "invalid";
  }
  if (engine.flights.isOvertaken(begun) || (tags !== undefined && areTagsTouched(tags, asOf))) {
    reportRejected(engine, target);
    return "invalidated";
  }
  // As of when the refresh began, and as old in the order of things; but with the tags it named.
  const pending = new PendingSet(number, target, { asOf, namespaceEpoch, tags });
  const { draft = NO_VALUE, payload = NO_PAYLOAD } = made;
  const reason = store(engine, { pending, draft, payload, isResult: true });
  return value === undefined ? "undefined" : reason;
}

/** Of a key that has no value any more: what is there ends, as with any value without a lifetime. */
const NO_VALUE: Draft = Object.freeze({
  value: undefined,
  admitted: undefined,
  size: undefined,
  spans: { freshMs: 0, staleMs: 0, errorMs: 0 },
  isNegative: false,
  loadMs: 0,
});
const NO_PAYLOAD: Payload = Object.freeze({ codecId: 0, bytes: new Uint8Array(0), isCompressed: false, room: 0 });

/** In memory at once; in the shared tier, behind. */
function store(engine: Engine, sending: Sending): NotStoredReason | undefined {
  const { pending, draft } = sending;
  const shared = tierOf(engine, pending.target);
  if (shared !== undefined) {
    putAhead(engine, shared, sending, () => send(engine, shared, sending));
    return undefined;
  }
  overtake(engine, pending);
  const stored = storeInMemory(engine, pending.target, draft, pending, engine.clock.now(), undefined);
  return typeof stored === "string" ? stored : undefined;
}

/**
 * Brings a result to the authority. It has no lease, which its refresh could not wait for; so what other processes have
 * invalidated while it ran is heard first, and what turns out to have been invalidated on the way is taken back.
 */
async function send(engine: Engine, shared: SharedTier, sending: Sending): Promise<void> {
  const { pending } = sending;
  if (await isOvertaken(engine, shared, pending)) return reportRejected(engine, pending.target);
  await sendAll(engine, shared, [sending]);
  if (await isOvertaken(engine, shared, pending)) await takeBack(shared, pending);
}

/** Whether it has been overtaken as far as others have told by now, or may have been, because word of it may be lost. */
async function isOvertaken({ flights }: Engine, { bus, trust }: SharedTier, pending: PendingSet): Promise<boolean> {
  await flights.whileSetting([pending], () => hearing(bus));
  return flights.isOvertaken(pending) || (bus !== undefined && !trust.hasHeardSince(pending));
}

/** Until what has arrived from other processes has been read: that may be due after the present turn, or in the next. */
async function hearing(bus: Bus | undefined): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  bus?.catchUp?.();
}

/** Ends what was written, if the authority holds just that still; where that cannot be found out, whatever it holds, later. */
async function takeBack(shared: SharedTier, { target, version }: PendingSet): Promise<void> {
  if (version === undefined) return;
  const fullKey = shared.fullKey(target);
  if (!(await isTakenBack(shared, fullKey, version))) {
    shared.recovery.defer({ kind: "key", id: target.id, fullKey, soft: false });
  }
}

/** Another process that holds the lease may give it back, and leave what there is. */
async function isTakenBack(shared: SharedTier, fullKey: string, version: string): Promise<boolean> {
  const token = shared.newToken();
  const acquired = await shared.acquire(fullKey, token, version);
  if (acquired === UNAVAILABLE || acquired.kind === "held") return false;
  if (acquired.kind === "changed") return true;
  const discarded = await shared.discard(fullKey, token);
  return discarded === "done" || discarded === "fenced";
}
