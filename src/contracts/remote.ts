// The seam between a cache and the tiers outside the process: how `tiers` names one, and how the cache opens it.

import type { BreakerSettings } from "../model/breaker.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { PayloadSettings } from "../model/payload-options.ts";
import type { Authority, EpochName, SyncAuthority } from "./authority.ts";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import type { FrameLayout } from "./frame.ts";
import type { Tier } from "./tier.ts";

/** A tier outside the process as an element of `tiers`. The cache knows no more of it than this. */
export interface RemoteTierConfig {
  /** The technology, such as `"redis"`. */
  readonly kind: string;
  /**
   * Checks its options, once. @param field how messages call it, such as `tiers[1]`
   * @throws CacheError `invalid_option`
   */
  prepare(field: string): RemoteTierPlan;
}

/** Who agrees through a tier, from most to fewest. */
export type TierScope = "anywhere" | "host" | "nobody";

/** A remote tier whose options have been checked: what the cache decides itself, and the way to open it. */
export interface RemoteTierPlan {
  /** Label in events and statistics. */
  readonly name: string;
  /** What kind of database it is, as OpenTelemetry names it in `db.system.name`. Absent: spans do not say. */
  readonly system?: string | undefined;
  readonly enabled: boolean;
  /** Entries are gone at this age, whatever their `ttl`. */
  readonly maxAgeMs: Milliseconds;
  /** Longest that one command may take. The tier keeps to it by itself. */
  readonly timeoutMs: Milliseconds;
  /**
   * Who agrees through it: processes anywhere, those of one host, or nobody, because it only holds entries. Of two tiers
   * the one for more is shared; the other one keeps copies of what that holds. Default `"anywhere"`.
   */
  readonly scope?: TierScope | undefined;
  /**
   * Whether the cache should stop asking it for a while when it keeps failing: `true` after five failures for half a
   * minute; settings say it otherwise.
   */
  readonly breaker: boolean | BreakerSettings;
  /** How values become bytes in it. Absent: MessagePack, neither compressed nor encrypted. */
  readonly payload?: PayloadSettings | undefined;
  /**
   * Opens it for one cache. Neither waits nor throws because nobody answers: that shows in its commands, and ends by
   * itself. Caches opened from one plan share its connections; the last one to close ends them.
   */
  open(context: RemoteTierContext): RemoteTier;
}

/** What the cache tells a tier it opens. */
export interface RemoteTierContext {
  /** What the cache's full keys start with, as `keyRoot` makes it. */
  readonly root: string;
  readonly layout: FrameLayout;
  readonly clock: Clock;
  /**
   * Commands issued before and after may have gone to different servers, or to one that has forgotten something:
   * connected again, a failover, other primaries. Called before any command of the later kind is issued. Must not throw.
   */
  onReconnect(reason: string): void;
}

/** How full the place of a remote tier is: with the entries of all caches and processes that use it. */
export interface TierUsage {
  readonly entries: number;
  /** Most entries it may hold; `Infinity` for no bound. */
  readonly capacity: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

/** An open remote tier. */
export interface RemoteTier {
  readonly tier: Tier;
  /** Absent from a tier that only holds frames: what needs one is then promised per process only. */
  readonly authority: Authority | undefined;
  /** Only of a tier that answers at once. */
  readonly syncAuthority?: SyncAuthority | undefined;
  /** Absent when there is none, or the user wants none. */
  readonly bus: Bus | undefined;
  /** What it does not do that others do, for people: the predicate of a sentence about it. Absent where nothing is missing. */
  readonly limits?: string;
  /** Which server a full key or an epoch is on, as a label: what fails there says nothing of the others. */
  shardOf(what: string | EpochName): string;
  /** What its connection failed of last, for people; `undefined` while there is one. */
  problem(): unknown;
  /** How full it is, if that can be told at once. Must not throw. */
  usage?(): TierUsage | undefined;
  /** Closes all of it. */
  close(): Promise<void>;
}
