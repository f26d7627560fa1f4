// How the tiers are: for `stats()` and `health()`.

import { CacheError, show } from "../errors.ts";
import type { CacheHealth, HealthStatus, TierHealth } from "../model/health.ts";
import { Counters, TierCounters } from "../observe/stats.ts";
import type { CopyTierStats, MemoryTierStats, TierStats, TierStatsByName } from "../observe/stats.ts";
import type { CopyTier } from "./copy-tier.ts";
import type { Engine } from "./engine.ts";
import type { Guard } from "./guard.ts";
import type { SharedTier } from "./shared-tier.ts";

/** Statistics of each tier, by name. */
export function tierStats(engine: Engine): TierStatsByName {
  const { memory, shared, copies } = engine;
  const counters = toldCounters(engine);
  const stats: { memory?: MemoryTierStats; [name: string]: TierStats | undefined } = {};
  if (memory.settings.enabled || shared === undefined) {
    stats[memory.name] = {
      entries: memory.size,
      capacity: memory.settings.maxEntries,
      bytes: memory.bytes,
      evictions: counters.evictions,
    };
  }
  if (shared === undefined) return stats;
  const busLive = shared.trust.isUp;
  stats[shared.name] = { ...askedStats(counters.shared, shared.guard), busLive, pending: shared.recovery.pending };
  if (copies === undefined) return stats;
  const counted = engine.settings.enableStats ? copies.counters : new TierCounters();
  stats[copies.name] = askedStats(counted, copies.guard);
  return stats;
}

/**
 * What the cache has counted, or zeros where nobody is to be told: counting is one addition, and asking each time whether
 * to count would cost a memory hit as much.
 */
export function toldCounters({ settings, counters }: Engine): Counters {
  return settings.enableStats ? counters : new Counters(counters.since);
}

function askedStats({ hits, misses, errors, refused }: TierCounters, { breakers }: Guard): CopyTierStats {
  const states = [...breakers.all()].map(([server, { state }]) => [server, state] as const);
  return { hits, misses, errors, refused, breakers: Object.fromEntries(states) };
}

/** Whether the cache can do its work. Without its shared tier it can, but each process for itself: degraded. */
export async function healthOf(engine: Engine, isOpen: boolean): Promise<CacheHealth> {
  const { settings, memory, shared, copies } = engine;
  if (!isOpen) {
    const tiers = Object.fromEntries(Object.keys(tierStats(engine)).map((name) => [name, { status: "down" } as const]));
    return { status: "down", tiers: settings.enabled ? tiers : {}, reasons: ["the cache is closed"] };
  }
  if (!settings.enabled) {
    return { status: "healthy", tiers: {}, reasons: ["the cache is disabled: every read calls its refresh"] };
  }
  const tiers: Record<string, TierHealth> = {};
  if (memory.settings.enabled || shared === undefined) tiers[memory.name] = { status: "healthy" };
  const reasons: string[] = [];
  if (shared !== undefined) tiers[shared.name] = await sharedHealth(shared, reasons);
  if (copies !== undefined) tiers[copies.name] = copiesHealth(copies, reasons);
  const isDegraded = Object.values(tiers).some(({ status }) => status !== "healthy");
  return { status: isDegraded ? "degraded" : "healthy", tiers, reasons };
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
  return isUp ? { status, latencyMs } : { status };
}

function copiesHealth({ name, guard }: CopyTier, reasons: string[]): TierHealth {
  const problem = guard.lastError ?? guard.lastRefusal;
  if (problem === undefined) return { status: "healthy" };
  reasons.push(`${name} keeps no copies: ${textOf(problem)}`);
  return { status: "degraded" };
}

function textOf(error: unknown): string {
  if (error === undefined) return "its breaker is open";
  if (!(error instanceof CacheError)) return error instanceof Error ? error.message : show(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
