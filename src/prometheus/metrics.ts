// Every metric: its name, what it says, and where in a snapshot of a cache it stands.

import type { Milliseconds } from "../model/duration.ts";
import type { CacheStats, HitStats, LatencyStats, TierStats } from "../model/stats.ts";
import { breakersByState, pendingOf, remoteTiersOf, tiersOf } from "../model/stats-reading.ts";

/** Labels of a sample, besides the name of its cache. */
export type Labels = Readonly<Record<string, string>>;

/** One value, or a distribution. `undefined`: nobody knows. */
export interface Sample<V> {
  readonly labels: Labels;
  readonly value: V | undefined;
}

interface MetricOf<Type, V> {
  readonly name: string;
  readonly type: Type;
  readonly help: string;
  /** Its samples of one cache. */
  readonly read: (stats: CacheStats) => readonly Sample<V>[];
}

/** A metric of the table. Names are without the prefix; units are the base ones (https://prometheus.io/docs/practices/naming/). */
export type CacheMetric = MetricOf<"counter" | "gauge", number> | MetricOf<"histogram", LatencyStats>;

/** All of them, in the order in which they are told. */
export const METRICS: readonly CacheMetric[] = [
  counter("requests_total", "Reads of keys, by what they were served: a value, or nothing at once.", (stats) => [
    ...byState(stats.hits, {}),
    sample({ result: "miss" }, stats.misses),
  ]),
  counter("rescued_total", "Misses that got an old value, because their refresh failed or took too long.", (stats) => [
    sample({}, stats.rescued),
  ]),
  counter("sets_total", "Values set by the application.", (stats) => [sample({}, stats.sets)]),
  counter("invalidations_total", "Invalidations of keys, tags, namespaces and everything.", (stats) => [
    sample({}, stats.invalidations),
  ]),
  counter("refreshes_total", "Calls of a refresh, with a caller waiting or behind.", ({ refreshes }) => [
    sample({ mode: "foreground" }, refreshes.foreground),
    sample({ mode: "background" }, refreshes.background),
  ]),
  counter("refresh_failures_total", "Refreshes that failed.", ({ refreshes }) => [sample({}, refreshes.failed)]),
  counter("refreshes_avoided_total", "Refreshes that were not made, by the reason.", ({ refreshes }) => [
    sample({ reason: "joined" }, refreshes.joined),
    sample({ reason: "made_elsewhere" }, refreshes.spared),
    sample({ reason: "running_elsewhere" }, refreshes.denied),
    sample({ reason: "backed_off" }, refreshes.backedOff),
    sample({ reason: "queue_full" }, refreshes.refused),
  ]),
  counter("refreshes_fenced_total", "Results not stored because an invalidation had overtaken them.", (stats) => [
    sample({}, stats.refreshes.fenced),
  ]),
  histogram("refresh_duration_seconds", "How long refreshes took that resolved.", ({ refreshes }) => [
    sample({}, refreshes.time),
  ]),
  gauge("refreshes_in_flight", "Keys being refreshed now, waiting ones included.", ({ refreshes }) => [
    sample({}, refreshes.inFlight),
  ]),
  gauge("refreshes_queued", "Background refreshes that wait for their turn.", ({ refreshes }) => [
    sample({}, refreshes.queued),
  ]),
  counter("leases_total", "Leases asked for, by what became of it.", ({ leases }) => [
    sample({ result: "granted" }, leases?.granted),
    sample({ result: "denied" }, leases?.denied),
    sample({ result: "lost" }, leases?.lost),
    sample({ result: "unavailable" }, leases?.unavailable),
  ]),
  gauge("bus_live", "Whether messages of other processes are sure to arrive: 1 or 0.", ({ bus }) => [
    sample({}, bus && Number(bus.live)),
  ]),
  counter("bus_messages_total", "Messages of the bus that were received.", ({ bus }) => [sample({}, bus?.messages)]),
  counter("bus_gaps_total", "How often it was seen that messages of the bus are missing.", ({ bus }) => [
    sample({}, bus?.gaps),
  ]),
  counter("bus_losses_total", "How often the bus has ceased to be live, for whatever reason.", ({ bus }) => [
    sample({}, bus?.losses),
  ]),
  gauge("bus_lag_seconds", "How long the last message of the bus took, or the last probe.", ({ bus }) => [
    sample({}, bus?.lagMs === undefined ? undefined : inSeconds(bus.lagMs)),
  ]),
  counter("tier_requests_total", "Reads that came to a tier, by what it served.", (stats) =>
    ofTiers(stats, (tier) => [...byState(tier.hits, {}), sample({ result: "miss" }, tier.misses)]),
  ),
  counter("tier_sets_total", "Entries put into a tier.", (stats) => ofTiers(stats, ({ sets }) => [sample({}, sets)])),
  counter("tier_deletes_total", "Entries taken out of a tier, other than for lack of room.", (stats) =>
    ofTiers(stats, ({ deletes }) => [sample({}, deletes)]),
  ),
  counter("tier_evictions_total", "Entries dropped for lack of room.", (stats) =>
    ofTiers(stats, ({ evictions }) => [sample({}, evictions)]),
  ),
  counter("tier_errors_total", "Commands that failed, time-outs included.", (stats) =>
    ofRemoteTiers(stats, ({ errors }) => [sample({}, errors)]),
  ),
  counter("tier_timeouts_total", "Commands that were not answered in time.", (stats) =>
    ofRemoteTiers(stats, ({ timeouts }) => [sample({}, timeouts)]),
  ),
  counter("tier_refusals_total", "Commands not sent because the breaker was open.", (stats) =>
    ofRemoteTiers(stats, ({ refused }) => [sample({}, refused)]),
  ),
  histogram("tier_command_duration_seconds", "How long a tier outside the process took to answer.", (stats) =>
    ofRemoteTiers(stats, ({ latency }) => [sample({}, latency)]),
  ),
  gauge("tier_breakers", "Servers of a tier, by the state of their breaker.", (stats) =>
    ofRemoteTiers(stats, (tier) => breakersByState(tier).map(([state, servers]) => sample({ state }, servers))),
  ),
  gauge("tier_pending", "Invalidations and writes that the shared tier has not got yet.", (stats) =>
    ofTiers(stats, (tier) => [sample({}, pendingOf(tier))]),
  ),
  gauge("tier_entries", "Entries held.", (stats) => ofTiers(stats, ({ entries }) => [sample({}, entries)])),
  gauge("tier_max_entries", "Most entries that a tier may hold.", (stats) =>
    ofTiers(stats, ({ capacity }) => [sample({}, capacity)]),
  ),
  gauge("tier_size_bytes", "Bytes held.", (stats) => ofTiers(stats, ({ bytes }) => [sample({}, bytes)])),
  gauge("tier_max_size_bytes", "Most bytes that a tier may hold.", (stats) =>
    ofTiers(stats, ({ maxBytes }) => [sample({}, maxBytes)]),
  ),
  gauge("tier_utilization_ratio", "Part of its bounds that a tier uses: 0 to 1.", (stats) =>
    ofTiers(stats, ({ utilization }) => [sample({}, utilization)]),
  ),
  counter("namespace_requests_total", "Reads of the keys of a namespace.", ({ namespaces }) =>
    Object.entries(namespaces).flatMap(([namespace, { hits, misses }]) => [
      sample({ namespace, result: "hit" }, hits),
      sample({ namespace, result: "miss" }, misses),
    ]),
  ),
  gauge("namespace_entries", "Entries of a namespace in memory.", ({ namespaces }) =>
    Object.entries(namespaces).map(([namespace, { entries }]) => sample({ namespace }, entries)),
  ),
];

/** Upper bounds of a histogram are told in seconds. */
export function inSeconds(ms: Milliseconds): number {
  return ms / 1_000;
}

type Read<V> = (stats: CacheStats) => readonly Sample<V>[];

function counter(name: string, help: string, read: Read<number>): CacheMetric {
  return { name, type: "counter", help, read };
}

function gauge(name: string, help: string, read: Read<number>): CacheMetric {
  return { name, type: "gauge", help, read };
}

function histogram(name: string, help: string, read: Read<LatencyStats>): CacheMetric {
  return { name, type: "histogram", help, read };
}

function sample<V>(labels: Labels, value: V | undefined): Sample<V> {
  return { labels, value };
}

function byState({ fresh, stale, rescue }: HitStats, labels: Labels): Sample<number>[] {
  return Object.entries({ fresh, stale, rescue }).map(([result, count]) => sample({ ...labels, result }, count));
}

type TierReader<V> = (tier: TierStats) => readonly Sample<V>[];

function ofTiers<V>(stats: CacheStats, read: TierReader<V>): Sample<V>[] {
  return labelled(tiersOf(stats), read);
}

function ofRemoteTiers<V>(stats: CacheStats, read: TierReader<V>): Sample<V>[] {
  return labelled(remoteTiersOf(stats), read);
}

function labelled<V>(tiers: ReturnType<typeof tiersOf>, read: TierReader<V>): Sample<V>[] {
  return tiers.flatMap(([name, tier]) =>
    read(tier).map(({ labels, value }) => sample({ tier: name, ...labels }, value)),
  );
}
