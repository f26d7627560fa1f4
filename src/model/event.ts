// The one documented union of everything a cache reports.

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
  | "tier-skipped";

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
    }
  /** A listener threw; its error goes nowhere else. */
  | { readonly type: "listenerError"; readonly error: unknown; readonly event: CacheEvent };

/** The `type` of an event. */
export type CacheEventType = CacheEvent["type"];

/** The event of one type. */
export type CacheEventOf<T extends CacheEventType> = Extract<CacheEvent, { readonly type: T }>;
