// Every metric: its name, unit, meaning, and where its values stand in `cache.stats()`. One more is one row here and one in DESIGN.md.

import type { Attributes } from "@opentelemetry/api";
import type { Milliseconds } from "../model/duration.ts";
import type { CacheStats, HitStats, LatencyStats, TierStats } from "../model/stats.ts";
import { breakersByState, pendingOf, remoteTiersOf, tiersOf } from "../model/stats-reading.ts";
import { ATTRIBUTES } from "./names.ts";

/** A value, and what it is the value of, besides the cache. */
export type Reading = readonly [value: number | undefined, attributes?: Attributes];

/** A metric. */
export interface MetricRow {
  readonly name: string;
  /** What only grows; what is there now, and adds up over caches and processes; what is there now, and does not. */
  readonly kind: "counter" | "upDownCounter" | "gauge";
  /** As UCUM writes it; in braces, of what there are so many. */
  readonly unit: string;
  readonly description: string;
  /** Values that are `undefined` are left out. */
  readonly read: (stats: CacheStats) => readonly Reading[];
}

export const METRICS: readonly MetricRow[] = [
  counter("freshtier.requests", "{request}", "Reads of keys.", ({ requests }) => [[requests]]),
  counter("freshtier.hits", "{request}", "Reads served at once, by the state of the entry.", ({ hits }) =>
    byState(hits),
  ),
  counter("freshtier.misses", "{request}", "Reads that had to wait for a refresh, or got nothing.", ({ misses }) => [
    [misses],
  ]),
  counter(
    "freshtier.rescues",
    "{request}",
    "Misses that got an old value, because their refresh failed or was slow.",
    ({ rescued }) => [[rescued]],
  ),
  counter("freshtier.sets", "{set}", "Values set by the program.", ({ sets }) => [[sets]]),
  counter(
    "freshtier.invalidations",
    "{invalidation}",
    "Invalidations of keys, tags, namespaces and everything.",
    ({ invalidations }) => [[invalidations]],
  ),
  counter("freshtier.refresh.calls", "{refresh}", "Calls of a refresh, by kind.", ({ refreshes }) =>
    by(ATTRIBUTES.refreshKind, { foreground: refreshes.foreground, background: refreshes.background }),
  ),
  counter(
    "freshtier.refresh.losses",
    "{refresh}",
    "Refreshes that failed, or were overtaken by an invalidation, so that their result was not stored.",
    ({ refreshes }) => by(ATTRIBUTES.outcome, { failed: refreshes.failed, invalidated: refreshes.fenced }),
  ),
  counter("freshtier.refresh.spared", "{refresh}", "Refreshes that were not begun, by the reason.", ({ refreshes }) =>
    by(ATTRIBUTES.reason, {
      joined: refreshes.joined,
      backed_off: refreshes.backedOff,
      refused: refreshes.refused,
      lease_denied: refreshes.denied,
      made_elsewhere: refreshes.spared,
    }),
  ),
  present("freshtier.refresh.active", "{refresh}", "Keys being refreshed now, waiting ones included.", (stats) => [
    [stats.refreshes.inFlight],
  ]),
  present("freshtier.refresh.queued", "{refresh}", "Background refreshes that wait for their turn.", (stats) => [
    [stats.refreshes.queued],
  ]),
  gauge("freshtier.refresh.duration", "s", "How long refreshes took that resolved, by percentile.", (stats) =>
    percentiles(stats.refreshes.time),
  ),
  counter("freshtier.leases", "{lease}", "Leases asked for, by what became of it.", ({ leases }) =>
    leases === undefined
      ? []
      : by(ATTRIBUTES.outcome, {
          granted: leases.granted,
          denied: leases.denied,
          lost: leases.lost,
          unavailable: leases.unavailable,
        }),
  ),
  tierPresent("entries", "{entry}", "Entries held, expired ones included that have not been removed."),
  tierPresent("capacity", "{entry}", "Most entries that a tier may hold, where that is bounded."),
  tierPresent("bytes", "By", "Size of the entries, where it is known: of memory, where it is bounded."),
  gauge(
    "freshtier.tier.utilization",
    "1",
    "Part of its bounds that a tier uses, of the one that is used most.",
    (stats) => ofTiers(stats, ({ utilization }) => [[utilization]]),
  ),
  tierCounter("evictions", "{entry}", "Entries dropped for lack of room."),
  tierCounter("sets", "{entry}", "Entries put into a tier."),
  tierCounter("deletes", "{entry}", "Entries taken out of a tier, other than for lack of room."),
  counter("freshtier.tier.hits", "{request}", "Reads that a tier served, and those before it could not.", (stats) =>
    ofTiers(stats, ({ hits }) => byState(hits)),
  ),
  tierCounter("misses", "{request}", "Reads that it could not serve."),
  tierCounter("errors", "{operation}", "Operations that failed or were not answered in time.", ofRemoteTiers),
  tierCounter("timeouts", "{operation}", "Operations that were not answered in time.", ofRemoteTiers),
  tierCounter("refused", "{operation}", "Operations not begun because the breaker was open.", ofRemoteTiers),
  gauge("freshtier.tier.duration", "s", "How long operations took that were answered, by percentile.", (stats) =>
    ofRemoteTiers(stats, ({ latency }) => percentiles(latency)),
  ),
  present("freshtier.tier.breakers", "{breaker}", "Breakers, one for each server, by their state.", (stats) =>
    ofRemoteTiers(stats, (tier) =>
      breakersByState(tier).map(([state, servers]) => [servers, { [ATTRIBUTES.breakerState]: state }]),
    ),
  ),
  present(
    "freshtier.pending",
    "{invalidation}",
    "Invalidations and writes that the shared tier has not got yet.",
    (stats) => ofRemoteTiers(stats, (tier) => [[pendingOf(tier)]]),
  ),
  present(
    "freshtier.bus.live",
    "{bus}",
    "1 while messages of other processes are sure to arrive, else 0.",
    ({ bus }) => [[bus && Number(bus.live)]],
  ),
  counter("freshtier.bus.messages", "{message}", "Messages of the bus that were received.", ({ bus }) => [
    [bus?.messages],
  ]),
  counter("freshtier.bus.gaps", "{gap}", "How often it was seen that messages are missing.", ({ bus }) => [
    [bus?.gaps],
  ]),
  counter(
    "freshtier.bus.losses",
    "{loss}",
    "How often the bus has ceased to be live, for whatever reason.",
    ({ bus }) => [[bus?.losses]],
  ),
  gauge("freshtier.bus.lag", "s", "How long the last message of the bus took, or the last probe.", ({ bus }) => [
    [inSeconds(bus?.lagMs)],
  ]),
];

function counter(name: string, unit: string, description: string, read: MetricRow["read"]): MetricRow {
  return { name, kind: "counter", unit, description, read };
}

function present(name: string, unit: string, description: string, read: MetricRow["read"]): MetricRow {
  return { name, kind: "upDownCounter", unit, description, read };
}

function gauge(name: string, unit: string, description: string, read: MetricRow["read"]): MetricRow {
  return { name, kind: "gauge", unit, description, read };
}

type ReadTiers = (stats: CacheStats, read: (tier: TierStats) => readonly Reading[]) => readonly Reading[];

type TierCount = "sets" | "deletes" | "evictions" | "misses" | "errors" | "timeouts" | "refused";

function tierCounter(member: TierCount, unit: string, description: string, of: ReadTiers = ofTiers): MetricRow {
  return counter(`freshtier.tier.${member}`, unit, description, (stats) => of(stats, (tier) => [[tier[member]]]));
}

function tierPresent(member: "entries" | "capacity" | "bytes", unit: string, description: string): MetricRow {
  return present(`freshtier.tier.${member}`, unit, description, (stats) => ofTiers(stats, (tier) => [[tier[member]]]));
}

function ofTiers(stats: CacheStats, read: (tier: TierStats) => readonly Reading[]): readonly Reading[] {
  return labelled(tiersOf(stats), read);
}

function ofRemoteTiers(stats: CacheStats, read: (tier: TierStats) => readonly Reading[]): readonly Reading[] {
  return labelled(remoteTiersOf(stats), read);
}

/** Readings of tiers, each under its label. */
function labelled(
  tiers: ReturnType<typeof tiersOf>,
  read: (tier: TierStats) => readonly Reading[],
): readonly Reading[] {
  return tiers.flatMap(([name, tier]) =>
    read(tier).map(([value, attributes]): Reading => [value, { [ATTRIBUTES.tier]: name, ...attributes }]),
  );
}

function byState({ fresh, stale, rescue }: HitStats): readonly Reading[] {
  return by(ATTRIBUTES.state, { fresh, stale, rescue });
}

/** What no instrument that is read later can be: a histogram. */
function percentiles({ p50Ms, p95Ms, p99Ms }: LatencyStats): readonly Reading[] {
  const all = { "0.5": p50Ms, "0.95": p95Ms, "0.99": p99Ms };
  return Object.entries(all).map(([part, ms]) => [inSeconds(ms), { [ATTRIBUTES.quantile]: part }]);
}

function inSeconds(ms: Milliseconds | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}

function by(attribute: string, values: Readonly<Record<string, number>>): readonly Reading[] {
  return Object.entries(values).map(([name, value]) => [value, { [attribute]: name }]);
}
