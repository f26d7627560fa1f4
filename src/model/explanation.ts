// What `cache.explain` tells: where a key is, in which state and why, and what reading it would do now.

import type { SharedEpoch } from "../contracts/authority.ts";
import type { BreakerState } from "./breaker.ts";
import type { Instant, Milliseconds } from "./duration.ts";
import type { EntryState } from "./entry.ts";
import type { EpochKind } from "./epoch.ts";
import type { FrameDamage } from "./event.ts";

/** Where a key is now, and why it is as it is. All instants are by the clock of the cache. */
export interface KeyExplanation {
  readonly key: string;
  readonly namespace: string | undefined;
  /** The key in tiers outside the process. */
  readonly fullKey: string;
  /** When it was so. */
  readonly at: Instant;
  /** What `get(key)` and `get(key, refresh)` would do, and why: one sentence. */
  readonly summary: string;
  readonly outlook: Outlook;
  /** In the order in which they are read. Empty where the cache is disabled. */
  readonly tiers: readonly TierExplanation[];
  readonly lease: LeaseExplanation;
  /** The refresh of the key that is under way in this process. */
  readonly refresh: RunningRefresh | undefined;
  /** What became of the last refreshes of the entry that would be used, if they failed. */
  readonly backoff: BackoffExplanation | undefined;
  /** How this process hears of what others do; `undefined` where there is no shared tier. */
  readonly bus: BusExplanation | undefined;
}

/** What reading would do. */
export interface Outlook {
  /** The tier whose entry would be used; `undefined` for none. */
  readonly tier: string | undefined;
  /** The state of that entry; never `"expired"`. */
  readonly state: EntryState | undefined;
  /** Whether `get(key)` gives a value. */
  readonly isServed: boolean;
  /**
   * What `get(key, refresh)` does. `serve`: gives the value. `serveAndRefresh`: gives it, and refreshes behind.
   * `refreshOrServe`: waits for a refresh, and gives the old value if that fails, or takes longer than `softTimeout`.
   * `refresh`: waits for a refresh. Early refreshes, which chance decides, are left out.
   */
  readonly plan: "serve" | "serveAndRefresh" | "refreshOrServe" | "refresh";
}

/**
 * Whether a tier has something under the key. `damaged`: bytes that are no entry, or whose value cannot be read.
 * `unknown`: it did not answer, or is not asked now; `reasons` say why.
 */
export type Presence = "present" | "absent" | "damaged" | "unknown";

/** What one tier has of a key. */
export interface TierExplanation {
  readonly tier: string;
  /** `shared`: that of all processes, whose word counts. `copies`: copies of what that holds, on this host. */
  readonly role: "memory" | "copies" | "shared";
  readonly presence: Presence;
  /** Why it is as it is, each in words: what ended it, what made it stale, why it is or is not believed. */
  readonly reasons: readonly string[];
  /** What is there; `undefined` unless it is present, or damaged only in its value. */
  readonly entry: EntryExplanation | undefined;
  /** Why bytes are no entry. */
  readonly damage: FrameDamage | undefined;
  /** The breaker of the server that the key is on; `undefined` in memory, and where there has been no call yet. */
  readonly breaker: BreakerExplanation | undefined;
}

/** An entry in a tier. */
export interface EntryExplanation {
  /** What it may be used for, with all that was invalidated or marked stale since taken into account. */
  readonly state: EntryState;
  /** Whether it is used as it is. If not, it is suspect: the authority is asked first. */
  readonly isTrusted: boolean;
  readonly createdAt: Instant;
  readonly freshUntil: Instant;
  readonly staleUntil: Instant;
  readonly errorUntil: Instant;
  /** That of the frame in the shared tier; `undefined` for a copy that the authority has not confirmed. */
  readonly version: string | undefined;
  /** How long the refresh took that made it; 0 where it was `set`. */
  readonly loadMs: Milliseconds;
  readonly tags: readonly string[];
  /** All that it belongs to: everything (`root`), its namespace, its tags. */
  readonly epochs: readonly EpochExplanation[];
  /** Of the frame; in memory as it was measured, which is done with `maxBytes` only. */
  readonly bytes: number | undefined;
  /** How its value became bytes; `undefined` in memory. */
  readonly payload: PayloadExplanation | undefined;
}

/** A generation that an entry belongs to. */
export interface EpochExplanation {
  readonly kind: EpochKind;
  /** Of the namespace or the tag. */
  readonly name: string | undefined;
  /** What has happened to it since the entry was made: `hard` ends the entry, `soft` makes it stale. */
  readonly change: "none" | "soft" | "hard" | "unknown";
  /**
   * The generation that the entry is of: opaque, and compared for equality alone. In memory and copies those of this
   * process, as numbers that rise; in the shared tier those of the authority.
   */
  readonly made: SharedEpoch;
  /** The present one; `undefined` when it is not known, or there is none any more. */
  readonly present: SharedEpoch | undefined;
  /** When it was changed last, as the authority says. */
  readonly changedAt: Instant | undefined;
}

/** How a value became bytes. */
export interface PayloadExplanation {
  readonly codec: { readonly id: number; readonly name: string };
  /** `"unknown"` where it cannot be told, because the value cannot be decrypted. */
  readonly compression: string | undefined;
  /** The id of the key that it is encrypted with. */
  readonly encryptionKey: number | undefined;
}

/** Who is refreshing the key, as far as the shared tier knows. */
export interface LeaseExplanation {
  /** `unknown`: it did not answer, or cannot tell. */
  readonly holder: "this process" | "another process" | "nobody" | "unknown";
  readonly token: string | undefined;
  /** It is renewed while the refresh runs. */
  readonly remainingMs: Milliseconds | undefined;
}

/** A refresh of the key in this process. */
export interface RunningRefresh {
  readonly isBackground: boolean;
  /** When it was called; `undefined` while it waits for its turn, or for another process. */
  readonly since: Instant | undefined;
  /** How many callers wait for it. */
  readonly callers: number;
  /** Whether who calls now shares it. If not, something was invalidated since it began, or it seems to hang. */
  readonly isJoinable: boolean;
}

/** Failed refreshes in a row. */
export interface BackoffExplanation {
  readonly failures: number;
  /** What the last one threw. */
  readonly error: unknown;
  /** Until then the old value is given without another try. */
  readonly until: Instant;
  readonly isActive: boolean;
}

/** The breaker of one server. */
export interface BreakerExplanation {
  readonly server: string;
  readonly state: BreakerState;
  /** Failed calls in a row. */
  readonly failures: number;
  /** When it may be asked again; `undefined` while it may. */
  readonly retryAt: Instant | undefined;
}

/** How this process hears of what others do. */
export interface BusExplanation {
  /** Whether every message is sure to arrive, and everything that this process has ended has ended there. */
  readonly isLive: boolean;
  /** Since when it is as it is. */
  readonly since: Instant;
  /** Why it is not live. */
  readonly reason: string | undefined;
  /** How long its last message took. */
  readonly lagMs: Milliseconds | undefined;
  /** Invalidations that the shared tier has not got yet. */
  readonly pending: number;
}
