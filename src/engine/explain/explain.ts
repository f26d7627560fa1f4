// Explaining a key: asks every tier what it has, and says what that comes to. Changes nothing.

import type { KeyExplanation, LeaseExplanation, RunningRefresh } from "../../model/explanation.ts";
import type { Engine, Target } from "../engine.ts";
import { askCopies, explainCopies } from "./copies.ts";
import { explainMemory } from "./memory.ts";
import { forecast, type Findings } from "./outlook.ts";
import type { Finding, Scene } from "./scene.ts";
import { askShared, explainLease, explainShared } from "./shared.ts";
import { explainBus } from "./trust.ts";

const NO_LEASE: LeaseExplanation = { holder: "nobody", token: undefined, remainingMs: undefined };

/**
 * Where a key is, and why it is as it is. Tiers outside the process are asked first; all the rest is as of when they have
 * answered. Nothing is promoted, counted, touched, minted, taken or dropped, and no breaker hears of it.
 */
export async function explain(engine: Engine, target: Target, fullKey: string): Promise<KeyExplanation> {
  const { shared, copies, settings, clock } = engine;
  const [answer, copy] = await Promise.all([
    shared && askShared(engine, shared, target, fullKey),
    shared && copies && askCopies(engine, copies, target, fullKey),
  ]);
  const scene: Scene = { engine, target, fullKey, at: clock.now() };
  const { key, settings: call } = target;
  const about = { key, namespace: call.namespace, fullKey, at: scene.at };
  if (!settings.enabled) return { ...about, ...DISABLED };
  const findings: Findings = {
    memory: engine.memory.settings.enabled ? explainMemory(scene) : undefined,
    copies: copies && shared && copy && explainCopies(scene, copies, shared, copy),
    shared: shared && answer && explainShared(scene, shared, answer),
  };
  const lease = shared && answer ? explainLease(shared, answer) : NO_LEASE;
  const refresh = runningRefresh(scene);
  const { summary, outlook, backoff } = forecast(scene, findings, lease, refresh);
  const tiers = inOrder(engine, findings).map(({ told }) => told);
  return { ...about, summary, outlook, tiers, lease, refresh, backoff, bus: shared && explainBus(shared) };
}

const DISABLED = {
  summary: "get(key) gives nothing; get(key, refresh) calls its refresh each time: the cache is disabled.",
  outlook: { tier: undefined, state: undefined, isServed: false, plan: "refresh" },
  tiers: [],
  lease: NO_LEASE,
  refresh: undefined,
  backoff: undefined,
  bus: undefined,
} as const;

/** As they are read. */
function inOrder({ settings, copies }: Engine, findings: Findings): Finding[] {
  const { memory, shared } = findings;
  const far = copies?.isFirst === true ? [findings.copies, shared] : [shared, findings.copies];
  const all = settings.isMemoryFirst ? [memory, ...far] : [shared, memory, findings.copies];
  return all.filter((finding) => finding !== undefined);
}

/** The flight of the key; of several, the one that may be joined. */
function runningRefresh({ engine, target, at }: Scene): RunningRefresh | undefined {
  const { flights, settings } = engine;
  const all = [...flights.running()].filter((flight) => flight.target.id === target.id);
  const flight = all.find(({ fenced }) => !fenced) ?? all.at(-1);
  if (flight === undefined) return undefined;
  const since = flight.run.startedAt;
  const isHung = since !== undefined && at - since >= settings.refreshTimeoutMs;
  const isJoinable = !flight.fenced && !isHung && !flights.isOvertaken(flight);
  return { isBackground: flight.background, since, callers: flight.callers, isJoinable };
}
