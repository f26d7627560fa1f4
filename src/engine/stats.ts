// Makes the snapshot that `stats()` answers, of what was counted and of what is there now.

import type { TierUsage } from "../contracts/remote.ts";
import type { Instant } from "../model/duration.ts";
import type { Epoch } from "../model/epoch.ts";
import type {
  BusStats,
  CacheStats,
  HitStats,
  LeaseStats,
  MemoryTierStats,
  NamespaceStats,
  RefreshStats,
  SharedTierStats,
  TierStats,
  TierStatsByName,
} from "../model/stats.ts";
import { Counters, type TierCounters } from "../observe/counters.ts";
import type { CopyTier } from "./copy-tier.ts";
import type { Engine } from "./engine.ts";
import type { Guard } from "./guard.ts";
import type { SharedTier } from "./shared-tier.ts";

/** Memory is walked while it holds no more: a millisecond or so. */
const MAX_WALKED = 10_000;
/** Namespaces that a snapshot tells of. */
const MAX_NAMESPACES = 1_000;

/** What a cache has done. With `enableStats: false`, zeros, and what is there now. */
export function statsOf(engine: Engine, name: string): CacheStats {
  const { shared } = engine;
  const counters = toldCounters(engine);
  const { freshHits, staleHits, rescueHits, misses } = counters;
  const served = freshHits + staleHits + rescueHits;
  const requests = served + misses;
  const walked = walk(engine);
  return {
    name,
    since: counters.since,
    requests,
    hits: { fresh: freshHits, stale: staleHits, rescue: rescueHits },
    misses,
    rescued: counters.rescued,
    hitRate: requests === 0 ? 0 : served / requests,
    sets: counters.sets,
    invalidations: counters.invalidations,
    refreshes: refreshStats(engine, counters),
    leases: shared && leaseStats(counters),
    bus: shared && busStats(shared, counters),
    namespaces: namespaceStats(engine, walked),
    tiers: tierStats(engine, counters, walked),
  };
}

/** Begins to count anew. */
export function resetStats({ counters, memory, epochs, clock }: Engine): void {
  counters.reset(clock.now());
  memory.resetCounts();
  for (const epoch of epochs.namespaces()) {
    epoch.hits = 0;
    epoch.misses = 0;
  }
}

/**
 * What the cache has counted, or zeros where nobody is to be told: counting is one addition, and asking each time whether
 * to count would cost a memory hit as much.
 */
function toldCounters({ settings, counters }: Engine): Counters {
  return settings.enableStats ? counters : new Counters(counters.since);
}

function refreshStats({ flights, background }: Engine, counters: Counters): RefreshStats {
  return {
    foreground: counters.foregroundRefreshes,
    background: counters.backgroundRefreshes,
    failed: counters.failedRefreshes,
    joined: counters.joined,
    backedOff: counters.backedOff,
    refused: counters.refusedRefreshes,
    fenced: counters.fillsRejected,
    inFlight: flights.size,
    queued: background.waiting,
    denied: counters.leasesDenied,
    spared: counters.servedByOthers,
    saved: counters.joined + counters.servedByOthers,
    time: counters.refreshTime.snapshot(),
  };
}

function leaseStats({ leasesGranted, leasesDenied, leasesLost, leasesUnavailable }: Counters): LeaseStats {
  return { granted: leasesGranted, denied: leasesDenied, lost: leasesLost, unavailable: leasesUnavailable };
}

function busStats({ bus, trust }: SharedTier, { bus: counted }: Counters): BusStats | undefined {
  const { messages, gaps, missing, losses } = counted;
  return bus && { live: trust.isUp, messages, gaps, missing, losses, lagMs: bus.lagMs };
}

/** Every tier, by name. */
function tierStats(engine: Engine, counters: Counters, walked: Walked | undefined): TierStatsByName {
  return inReadOrder<MemoryTierStats, SharedTierStats, TierStats>(engine, {
    memory: () => memoryStats(engine, counters, walked),
    shared: (shared) => sharedStats(counters.shared, shared),
    copies: (copies) => remoteStats(counters.copies, copies),
  });
}

/** Something of each tier that a cache has, by name, in the order in which they are read. */
export function inReadOrder<M, S, C>(
  { settings, memory, shared, copies }: Engine,
  of: {
    readonly memory: () => M;
    readonly shared: (shared: SharedTier) => S;
    readonly copies: (copies: CopyTier) => C;
  },
): { readonly [name: string]: M | S | C } {
  const isHere = memory.settings.enabled || shared === undefined;
  const here = isHere ? { [memory.name]: of.memory() } : {};
  const common = shared && { [shared.name]: of.shared(shared) };
  const near = copies && { [copies.name]: of.copies(copies) };
  const [before, after] = copies?.isFirst === true ? [near, undefined] : [undefined, near];
  return settings.isMemoryFirst
    ? { ...here, ...before, ...common, ...after }
    : { ...before, ...common, ...here, ...after };
}

function memoryStats({ settings, memory }: Engine, counters: Counters, walked: Walked | undefined): MemoryTierStats {
  const { maxEntries, maxBytes } = memory.settings;
  const usage = { entries: memory.size, capacity: maxEntries, bytes: memory.bytes, maxBytes };
  const hits = hitsOfMemory(counters);
  const hitCount = hits.fresh + hits.stale + hits.rescue;
  const requests = counters.freshHits + counters.staleHits + counters.rescueHits + counters.misses;
  const { evictions, latency } = counters.memory;
  return {
    hits,
    misses: Math.max(0, requests - hitCount),
    sets: settings.enableStats ? memory.sets : 0,
    deletes: settings.enableStats ? memory.deletes : 0,
    errors: 0,
    timeouts: 0,
    refused: 0,
    evictions,
    ...usage,
    utilization: utilizationOf(usage),
    latency: latency.snapshot(),
    breakers: {},
    oldestAt: walked?.oldestAt,
    newestAt: walked?.newestAt,
  };
}

/** What was served, and by no other tier: so a hit in memory is counted once. */
function hitsOfMemory({ freshHits, staleHits, rescueHits, shared, copies }: Counters): HitStats {
  return {
    fresh: freshHits - shared.fresh - copies.fresh,
    stale: staleHits - shared.stale - copies.stale,
    rescue: rescueHits - shared.rescue - copies.rescue,
  };
}

function sharedStats(counters: TierCounters, shared: SharedTier): SharedTierStats {
  return { ...remoteStats(counters, shared), pending: shared.recovery.pending };
}

function remoteStats(counters: TierCounters, { guard, usage }: SharedTier | CopyTier): TierStats {
  const { hits, misses, sets, deletes, errors, timeouts, refused, latency } = counters;
  return {
    ...{ hits, misses, sets, deletes, errors, timeouts, refused },
    evictions: undefined,
    entries: usage?.entries,
    capacity: usage?.capacity,
    bytes: usage?.bytes,
    maxBytes: usage?.maxBytes,
    utilization: usage && utilizationOf(usage),
    latency: latency.snapshot(),
    breakers: breakerStates(guard),
  };
}

/** State of the breaker of each server. */
export function breakerStates({ breakers }: Guard): TierStats["breakers"] {
  return Object.fromEntries([...breakers.all()].map(([server, { state }]) => [server, state] as const));
}

/** `undefined` without a bound. */
function utilizationOf({
  entries,
  capacity,
  bytes = 0,
  maxBytes = Infinity,
}: { readonly [name in keyof TierUsage]: number | undefined } & {
  readonly entries: number;
  readonly capacity: number;
}): number | undefined {
  return capacity === Infinity && maxBytes === Infinity ? undefined : Math.max(entries / capacity, bytes / maxBytes);
}

/** What only a walk through memory tells. */
interface Walked {
  readonly entriesOf: ReadonlyMap<Epoch, number>;
  readonly oldestAt: Instant | undefined;
  readonly newestAt: Instant | undefined;
}

function walk({ memory }: Engine): Walked | undefined {
  if (memory.size > MAX_WALKED) return undefined;
  const entriesOf = new Map<Epoch, number>();
  let oldestAt = Infinity;
  let newestAt = -Infinity;
  for (const [, { namespaceEpoch, createdAt }] of memory.entries()) {
    entriesOf.set(namespaceEpoch, (entriesOf.get(namespaceEpoch) ?? 0) + 1);
    if (createdAt < oldestAt) oldestAt = createdAt;
    if (createdAt > newestAt) newestAt = createdAt;
  }
  const isEmpty = entriesOf.size === 0;
  return { entriesOf, oldestAt: isEmpty ? undefined : oldestAt, newestAt: isEmpty ? undefined : newestAt };
}

function namespaceStats({ epochs, settings }: Engine, walked: Walked | undefined): Record<string, NamespaceStats> {
  const known: [name: string, stats: NamespaceStats][] = [];
  for (const epoch of epochs.namespaces()) {
    const { hits, misses } = settings.enableStats ? epoch : NOTHING;
    const entries = walked && (walked.entriesOf.get(epoch) ?? 0);
    if (hits > 0 || misses > 0 || (entries ?? 0) > 0) known.push([epoch.name ?? "", { hits, misses, entries }]);
  }
  if (known.length > MAX_NAMESPACES) known.sort(([, a], [, b]) => b.hits + b.misses - (a.hits + a.misses));
  return Object.fromEntries(known.slice(0, MAX_NAMESPACES));
}

const NOTHING = { hits: 0, misses: 0 };
