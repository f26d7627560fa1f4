// The one documented union of everything a cache reports.

import type { BreakerState } from "./breaker.ts";
import type { Instant, Milliseconds } from "./duration.ts";

interface OfKey {
  /** The key as the user wrote it. */
  readonly key: string;
  readonly namespace: string | undefined;
}

/** Why the result of a refresh was not stored. */
export type NotStoredReason =
  /** An invalidation or a `set` came while it ran: the fence. */
  | "invalidated"
  /** It was `undefined`, which is a miss. */
  | "undefined"
  /** The refresh called `skip()`. */
  | "skipped"
  /** `validate` refused it. */
  | "invalid"
  /** Its lifetimes are all zero. */
  | "no-lifetime"
  /** The memory tier has no room for it at all, or cannot tell its size. */
  | "too-large"
  /** The call skipped the tier. */
  | "tier-skipped"
  /** A tag that the refresh itself named is so new that nobody can tell whether it was invalidated meanwhile. */
  | "unknown-tag";

/** Why bytes in a tier are no entry: a miss. */
export type FrameDamage =
  /** Some other program wrote them. */
  | "foreign"
  /** A release that knows more than this one wrote them. */
  | "unknown-format"
  | "truncated"
  /** Not what was written, or written for another key. */
  | "checksum"
  /** Its instants are out of order or range. */
  | "instants"
  | "malformed"
  /** Its value was written by a codec that this cache does not have. */
  | "unknown-codec"
  /** It holds an instance of a class that the codec has not been taught. */
  | "unknown-extension"
  /** Its value was compressed by what this cache, or this Node.js, does not have. */
  | "unknown-compression"
  /** Its value would be larger than `maxDecompressedBytes`. */
  | "too-large"
  /** Its value was encrypted with a key that this cache does not have. */
  | "unknown-key"
  /** Its value was not encrypted with the key that it names, for this entry: somebody has changed or moved it. */
  | "authentication"
  /** Its value is not encrypted, and this cache takes only what is. */
  | "unencrypted"
  /** The codec could not read its value. */
  | "payload";

/** What the authority said of a copy that was not to be believed without asking. */
export type Verified =
  /** It still holds just that. */
  | "confirmed"
  /** It holds another entry, which took the place of the copy. */
  | "replaced"
  /** It holds none that may be used: nor may the copy. */
  | "gone";

/** Everything a cache reports, told apart by `type`. */
export type CacheEvent =
  /** A fresh value was served. */
  | (OfKey & { readonly type: "hit"; readonly tier: string })
  /** A stale value was served. */
  | (OfKey & { readonly type: "stale"; readonly tier: string })
  /** A value past its stale window was served, because its refresh failed (or failed a moment ago). */
  | (OfKey & { readonly type: "rescue"; readonly tier: string; readonly error: unknown })
  /** No tier had a usable value. */
  | (OfKey & { readonly type: "miss" })
  /** A refresh function is about to be called. */
  | (OfKey & { readonly type: "refreshStart"; readonly background: boolean })
  /** A refresh resolved. `notStored` says why its value was not kept; `undefined` means it was. */
  | (OfKey & {
      readonly type: "refreshEnd";
      readonly background: boolean;
      readonly durationMs: Milliseconds;
      readonly notStored: NotStoredReason | undefined;
    })
  /** A refresh failed. `retryAt` is the end of the back-off where an old value is at hand. */
  | (OfKey & {
      readonly type: "refreshFail";
      readonly background: boolean;
      readonly error: unknown;
      readonly retryAt: Instant | undefined;
    })
  /** A background refresh was not begun, because too many are waiting. The stale value was served. */
  | (OfKey & { readonly type: "refreshRefused" })
  /** The fence kept a refresh from storing a value that an invalidation had overtaken. */
  | (OfKey & { readonly type: "fillRejected" })
  /** `validate` refused a value. */
  | (OfKey & { readonly type: "invalid"; readonly reason: string })
  /** A value was written by `set`. */
  | (OfKey & { readonly type: "set" })
  /** The memory tier dropped an entry for lack of room. */
  | (OfKey & { readonly type: "evict"; readonly tier: string })
  /** Something was invalidated; `soft` turned entries stale instead of ending them. */
  | {
      readonly type: "invalidate";
      readonly target: "key" | "tag" | "namespace" | "all";
      /** The key, tag or namespace; `undefined` for all. */
      readonly name: string | undefined;
      /** The namespace of a key. */
      readonly namespace: string | undefined;
      readonly soft: boolean;
      /** Another process did it. */
      readonly remote: boolean;
    }
  /** A tier did not answer in time, or failed. Nothing else fails for that. */
  | { readonly type: "tierError"; readonly tier: string; readonly operation: string; readonly error: unknown }
  /** A tier that kept failing is not asked for a while, or is asked again. One breaker for each server. */
  | {
      readonly type: "breaker";
      readonly tier: string;
      readonly server: string;
      readonly state: BreakerState;
      readonly reason: string;
    }
  /** Messages of other processes may be missing: copies in memory are verified before use. */
  | { readonly type: "busLost"; readonly tier: string; readonly reason: string }
  /** From now on they arrive. */
  | { readonly type: "busLive"; readonly tier: string }
  /**
   * Messages of other processes are missing: `missing` of them, as far as that is known. `busLost` follows. A SQLite file
   * counts those of all its caches together.
   */
  | {
      readonly type: "busGap";
      readonly tier: string;
      readonly missing: number | undefined;
      readonly reason: string;
    }
  /**
   * A copy that may have missed an invalidation was checked with the authority before it was used, and that answered.
   * `tier` is the one that held the copy.
   */
  | (OfKey & { readonly type: "suspectVerified"; readonly tier: string; readonly outcome: Verified })
  /** Invalidations that a tier had not got, or may have lost, have been done again. */
  | { readonly type: "pendingReplayed"; readonly tier: string; readonly count: number }
  /** The cache was closed before a tier got these. What it held of them ends by its lifetimes only. */
  | { readonly type: "pendingLost"; readonly tier: string; readonly count: number }
  /** Bytes in a tier were no entry of the key. */
  | (OfKey & { readonly type: "damagedFrame"; readonly tier: string; readonly reason: FrameDamage })
  /** A listener threw; its error goes nowhere else. */
  | { readonly type: "listenerError"; readonly error: unknown; readonly event: CacheEvent };

/** The `type` of an event. */
export type CacheEventType = CacheEvent["type"];

/** The event of one type. */
export type CacheEventOf<T extends CacheEventType> = Extract<CacheEvent, { readonly type: T }>;
