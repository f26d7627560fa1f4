// Opens the shared tier of an engine, and connects what it tells with what the engine does.

import { FRAME_LAYOUT } from "../codec/frame-layout.ts";
import type { ReadReply } from "../contracts/authority.ts";
import { CacheError } from "../errors.ts";
import { breakersOf } from "./breakers.ts";
import type { Engine, SharedSettings } from "./engine.ts";
import type { EpochUser } from "./epochs.ts";
import { Guard } from "./guard.ts";
import { createReceiver, createRecoveryListener, reconnected } from "./hear.ts";
import { Lookups } from "./lookup.ts";
import { Recovery } from "./recovery.ts";
import { SetBatch } from "./set-batch.ts";
import { SharedTier } from "./shared-tier.ts";
import { stateOfFrame, TierTrace } from "./traced-tier.ts";
import { Trust } from "./trust.ts";
import { Waiters } from "./waiters.ts";

/** Opens it. Whoever gets it connects it, once the engine is complete. */
export function openShared(
  { settings, clock, random, observer, tracer, counters, epochs }: Omit<Engine, "shared" | "copies">,
  { plan, root, payload }: SharedSettings,
): SharedTier {
  const opened: { shared?: SharedTier } = {};
  const onReconnect = (reason: string): void => {
    if (opened.shared !== undefined) reconnected(opened.shared, reason);
  };
  const remote = plan.open({ root, layout: FRAME_LAYOUT, clock, onReconnect });
  const { authority, bus } = remote;
  if (authority === undefined) {
    throw new CacheError("invalid_option", `tier ${plan.name} must be one that processes can agree on, and is none`);
  }
  const breakers = breakersOf(plan, clock, random);
  const stopwatch = settings.enableStats ? clock : undefined;
  const stateOf = (reply: unknown): string =>
    stateOfFrame((reply as ReadReply).frame, opened.shared?.time.latestNow() ?? Infinity);
  const trace = tracer && new TierTrace(tracer, plan, root, stateOf);
  const guard = new Guard({ plan, breakers, observer, counters: counters.shared, stopwatch, trace });
  const trust = new Trust(epochs, bus, clock);
  opened.shared = new SharedTier({ plan, remote, authority, root, payload, clock, guard, trust });
  return opened.shared;
}

/** Lets it take part: from now on it hears, and is heard. */
export function connectShared(engine: Engine, shared: SharedTier): void {
  const { clock, epochs, observer } = engine;
  shared.lookups = new Lookups(engine, shared);
  shared.waiters = new Waiters(clock);
  if (shared.takesMany) shared.batch = new SetBatch(engine, shared);
  shared.recovery = new Recovery(shared, clock, epochs.root, createRecoveryListener(engine, shared));
  shared.onClose = shared.guard.breakers.onChange((server, state, reason) => {
    if (observer.wants("breaker")) observer.notify({ type: "breaker", tier: shared.name, server, state, reason });
    // Who may be asked again is asked first for what it has not got.
    if (state === "closed" && shared.recovery.isOpen) void shared.recovery.tryNow();
  });
  void shared.recovery.recognise();
  // Soon needed, and then at once: see `encodeValue`.
  void shared.payloads.load().catch(() => undefined);
  void shared.bus?.start(createReceiver(engine, shared));
}

/** Everything of it that refers to epochs. */
export function* sharedEpochUsers({ lookups, recovery }: SharedTier): Generator<EpochUser, void, undefined> {
  yield* lookups.epochUsers();
  for (const namespaceEpoch of recovery.epochs()) yield { namespaceEpoch, tags: undefined };
}
