// Whether a cache can do its work, and what is wrong, in words.

import { CacheError, show } from "../errors.ts";
import type { CacheHealth, HealthStatus, HealthWarnings, TierHealth } from "../model/health.ts";
import type { CopyTier } from "./copy-tier.ts";
import type { Engine } from "./engine.ts";
import type { SharedTier } from "./shared-tier.ts";
import { breakerStates, inReadOrder, statsOf } from "./stats.ts";

/** A hit rate of fewer requests says nothing. */
const MIN_REQUESTS = 100;

/** Whether the cache can do its work. Without its shared tier it can, but each process for itself: degraded. */
export async function healthOf(engine: Engine, isOpen: boolean, warn: HealthWarnings): Promise<CacheHealth> {
  const { settings } = engine;
  if (!isOpen) {
    const tiers = settings.enabled ? inReadOrder(engine, { memory: down, shared: down, copies: down }) : {};
    return { status: "down", tiers, reasons: ["the cache is closed"] };
  }
  if (!settings.enabled) {
    return { status: "healthy", tiers: {}, reasons: ["the cache is disabled: every read calls its refresh"] };
  }
  const { shared } = engine;
  const reasons: string[] = [];
  const asked = inReadOrder<TierHealth, Promise<TierHealth>, Promise<TierHealth>>(engine, {
    memory: () => ({ status: "healthy" }),
    shared: (tier) => sharedHealth(tier, reasons),
    copies: (tier) => copiesHealth(tier, reasons),
  });
  const told = Object.entries(asked).map(async ([name, health]) => [name, await health] as const);
  const tiers = Object.fromEntries(await Promise.all(told));
  const isDegraded = Object.values(tiers).some(({ status }) => status !== "healthy");
  reasons.push(...warnings(engine, warn));
  const health = { status: isDegraded ? "degraded" : "healthy", tiers, reasons } as const;
  return shared?.bus === undefined ? health : { ...health, busLive: shared.trust.isUp };
}

const down = (): TierHealth => ({ status: "down" });

function* warnings(engine: Engine, { utilization = Infinity, hitRate = 0 }: HealthWarnings): Generator<string> {
  if (utilization === Infinity && hitRate === 0) return;
  const stats = statsOf(engine, "");
  for (const [name, tier] of Object.entries(stats.tiers)) {
    const used = tier?.utilization ?? 0;
    if (used > utilization) yield `${name} is ${percent(used)} full, more than ${percent(utilization)}`;
  }
  if (stats.requests < MIN_REQUESTS || stats.hitRate >= hitRate) return;
  yield `the hit rate is ${percent(stats.hitRate)} of ${stats.requests} requests, less than ${percent(hitRate)}`;
}

function percent(part: number): string {
  return `${Math.round(1_000 * part) / 10} %`;
}

async function sharedHealth(shared: SharedTier, reasons: string[]): Promise<TierHealth> {
  const { name, recovery, guard, trust } = shared;
  const latencyMs = await shared.ping();
  const open = [...guard.breakers.all()].filter(([, { state }]) => state !== "closed").map(([server]) => server);
  const isUp = latencyMs !== undefined;
  if (isUp && guard.lastRefusal !== undefined) await shared.tryToWrite();
  if (!isUp) reasons.push(`${name} does not answer: ${textOf(shared.problem() ?? guard.lastError)}`);
  else if (guard.lastRefusal !== undefined) reasons.push(`${name} refuses: ${textOf(guard.lastRefusal)}`);
  if (open.length > 0) reasons.push(`the breaker of ${open.join(", ")} is open`);
  if (shared.bus === undefined) reasons.push(`${name} has no bus: every read asks it`);
  else if (!trust.isUp) reasons.push(`the bus of ${name} is not live: copies in memory are verified before use`);
  if (shared.limits !== undefined) reasons.push(`${name} ${shared.limits}`);
  if (recovery.pending > 0) reasons.push(`${recovery.pending} invalidations are pending for ${name}`);
  const isWell = isUp && open.length === 0 && recovery.pending === 0 && guard.lastRefusal === undefined;
  const isHeard = shared.bus === undefined || trust.isUp;
  const status: HealthStatus = !isUp ? "down" : isWell && isHeard ? "healthy" : "degraded";
  const about = { status, breakers: breakerStates(guard), pending: recovery.pending };
  return isUp ? { ...about, latencyMs } : about;
}

async function copiesHealth(copies: CopyTier, reasons: string[]): Promise<TierHealth> {
  const { name, guard } = copies;
  // What is known to fail is not asked: an answer to this would say nothing of what failed.
  const isWell = guard.lastError === undefined && guard.lastRefusal === undefined;
  const latencyMs = isWell ? await copies.ping() : undefined;
  const status: HealthStatus = latencyMs === undefined ? "degraded" : "healthy";
  if (status !== "healthy") reasons.push(`${name} keeps no copies: ${textOf(guard.lastError ?? guard.lastRefusal)}`);
  const about = { status, breakers: breakerStates(guard) };
  return latencyMs === undefined ? about : { ...about, latencyMs };
}

function textOf(error: unknown): string {
  if (error === undefined) return "its breaker is open";
  if (!(error instanceof CacheError)) return error instanceof Error ? error.message : show(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
