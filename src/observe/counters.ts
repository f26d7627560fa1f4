// What the engine counts: plain numbers, so that counting costs next to nothing.

import type { Instant } from "../model/duration.ts";
import type { HitStats } from "../model/stats.ts";
import { Histogram } from "./histogram.ts";

/** What happened at one tier. Of memory, hits are not counted: they are those that no other tier served. */
export class TierCounters {
  fresh = 0;
  stale = 0;
  rescue = 0;
  misses = 0;
  sets = 0;
  deletes = 0;
  evictions = 0;
  errors = 0;
  timeouts = 0;
  refused = 0;
  readonly latency: Histogram = new Histogram();

  get hits(): HitStats {
    const { fresh, stale, rescue } = this;
    return { fresh, stale, rescue };
  }

  reset(): void {
    zero(this);
    this.latency.reset();
  }
}

/** What has been heard on the bus. */
export class BusCounters {
  messages = 0;
  gaps = 0;
  missing = 0;
  losses = 0;

  reset(): void {
    zero(this);
  }
}

/** What happened in a cache. */
export class Counters {
  since: Instant;
  readonly memory: TierCounters = new TierCounters();
  readonly shared: TierCounters = new TierCounters();
  readonly copies: TierCounters = new TierCounters();
  readonly bus: BusCounters = new BusCounters();
  readonly refreshTime: Histogram = new Histogram();
  freshHits = 0;
  staleHits = 0;
  rescueHits = 0;
  misses = 0;
  rescued = 0;
  sets = 0;
  invalidations = 0;
  foregroundRefreshes = 0;
  backgroundRefreshes = 0;
  failedRefreshes = 0;
  joined = 0;
  backedOff = 0;
  refusedRefreshes = 0;
  fillsRejected = 0;
  servedByOthers = 0;
  leasesGranted = 0;
  leasesDenied = 0;
  leasesLost = 0;
  leasesUnavailable = 0;

  constructor(since: Instant) {
    this.since = since;
  }

  /** Begins anew, in place: others hold on to it. */
  reset(now: Instant): void {
    zero(this);
    for (const part of [this.memory, this.shared, this.copies, this.bus, this.refreshTime]) part.reset();
    this.since = now;
  }
}

/** All of an object's own numbers. */
function zero(counters: object): void {
  for (const [name, value] of Object.entries(counters)) {
    if (typeof value === "number") (counters as Record<string, number>)[name] = 0;
  }
}
