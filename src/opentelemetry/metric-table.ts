// Every metric: its name, unit, meaning, and where its values stand in `cache.stats()`. One more is one row here and one in DESIGN.md.

import type { Attributes } from "@opentelemetry/api";
import type { BreakerState } from "../model/breaker.ts";
import type { CacheStats, TierStats } from "../observe/stats.ts";
import { ATTRIBUTES } from "./names.ts";

/** A value, and what it is the value of, besides the cache. */
export type Reading = readonly [value: number | undefined, attributes?: Attributes];

/** A metric. */
export interface MetricRow {
  readonly name: string;
  /** What only grows; or what is there now, and adds up over caches and processes. */
  readonly kind: "counter" | "upDownCounter";
  /** As UCUM writes it; in braces, of what there are so many. */
  readonly unit: string;
  readonly description: string;
  /** Values that are `undefined` are left out. */
  readonly read: (stats: CacheStats) => readonly Reading[];
}

/** As attributes say it. */
const BREAKER_STATES: Readonly<Record<BreakerState, string>> = {
  closed: "closed",
  halfOpen: "half_open",
  open: "open",
};

export const METRICS: readonly MetricRow[] = [
  counter("freshtier.requests", "{request}", "Reads of keys.", ({ requests }) => [[requests]]),
  counter("freshtier.hits", "{request}", "Reads served at once, by the state of the entry.", ({ hits }) =>
    by(ATTRIBUTES.state, { fresh: hits.fresh, stale: hits.stale, rescue: hits.rescue }),
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
  gauge("freshtier.refresh.active", "{refresh}", "Keys being refreshed now, waiting ones included.", (stats) => [
    [stats.refreshes.inFlight],
  ]),
  tierGauge("entries", "{entry}", "Entries held, expired ones included that have not been removed."),
  tierGauge("capacity", "{entry}", "Most entries that a tier may hold."),
  tierGauge("bytes", "By", "Estimated size of the entries, where it is bounded."),
  tierCounter("evictions", "{entry}", "Entries dropped for lack of room."),
  tierCounter(
    "hits",
    "{request}",
    "Reads that a tier outside the process could answer, and those before it could not.",
  ),
  tierCounter("misses", "{request}", "Reads that it could not answer."),
  tierCounter("errors", "{operation}", "Operations that failed or were not answered in time."),
  tierCounter("refused", "{operation}", "Operations not begun because the breaker was open."),
  gauge("freshtier.tier.breakers", "{breaker}", "Breakers, one for each server, by their state.", (stats) =>
    ofTiers(stats, ({ breakers }) =>
      Object.entries(BREAKER_STATES).map(([state, name]) => {
        const states = breakers && Object.values(breakers);
        return [states?.filter((one) => one === state).length, { [ATTRIBUTES.breakerState]: name }];
      }),
    ),
  ),
  gauge("freshtier.bus.live", "{bus}", "1 while messages of other processes are sure to arrive, else 0.", (stats) =>
    ofTiers(stats, ({ busLive }) => [[busLive === undefined ? undefined : Number(busLive)]]),
  ),
  gauge(
    "freshtier.pending",
    "{invalidation}",
    "Invalidations and writes that the shared tier has not got yet.",
    (stats) => ofTiers(stats, ({ pending }) => [[pending]]),
  ),
];

function counter(name: string, unit: string, description: string, read: MetricRow["read"]): MetricRow {
  return { name, kind: "counter", unit, description, read };
}

function gauge(name: string, unit: string, description: string, read: MetricRow["read"]): MetricRow {
  return { name, kind: "upDownCounter", unit, description, read };
}

/** All that the statistics of some tier may say. */
type AnyTier = { readonly [N in keyof AllTiers]?: AllTiers[N] | undefined };
type AllTiers = UnionToIntersection<TierStats>;
type UnionToIntersection<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer A) => void ? A : never;
/** Names of numbers among that. */
type NumberName = { [N in keyof AnyTier]-?: number extends AnyTier[N] ? N : never }[keyof AnyTier];

function tierCounter(member: NumberName, unit: string, description: string): MetricRow {
  return counter(`freshtier.tier.${member}`, unit, description, (stats) => ofTiers(stats, (tier) => [[tier[member]]]));
}

function tierGauge(member: NumberName, unit: string, description: string): MetricRow {
  return gauge(`freshtier.tier.${member}`, unit, description, (stats) => ofTiers(stats, (tier) => [[tier[member]]]));
}

/** Readings of every tier, under its label. */
function ofTiers(stats: CacheStats, read: (tier: AnyTier) => readonly Reading[]): readonly Reading[] {
  return Object.entries(stats.tiers).flatMap(([name, tier = {}]) =>
    read(tier).map(([value, attributes]): Reading => [value, { [ATTRIBUTES.tier]: name, ...attributes }]),
  );
}

function by(attribute: string, values: Readonly<Record<string, number>>): readonly Reading[] {
  return Object.entries(values).map(([name, value]) => [value, { [attribute]: name }]);
}
