// The seam to the tier that all processes share and whose word counts: leases, conditional fills, epochs, its clock.

import type { Instant, Milliseconds } from "../model/duration.ts";

/** What an attempt to become the one who refreshes a key came to. */
export type Acquired =
  /** The lease is ours. */
  | { readonly kind: "granted"; readonly token: string }
  /** Somebody else has it, for at most this long unless it is renewed. */
  | { readonly kind: "held"; readonly remainingMs: Milliseconds }
  /** The entry is not the one the caller knows: somebody has refreshed it. */
  | { readonly kind: "changed"; readonly frame: Uint8Array };

/** A generation of the cache, a namespace or a tag, as the authority knows it: opaque, compared for equality alone. */
export interface SharedEpoch {
  readonly hard: string;
  readonly soft: string;
}

/** What an invalidation is aimed at. */
export type EpochName =
  | { readonly kind: "root" }
  | { readonly kind: "namespace"; readonly name: string }
  | { readonly kind: "tag"; readonly name: string };

/** Besides holding frames, keeps processes from refreshing, storing and believing what they should not. */
export interface Authority {
  /** The present instant by its own clock, which all processes go by. */
  now(): Promise<Instant>;
  /** Takes the lease of a key, unless its frame differs in version from `knownVersion`. */
  acquire(fullKey: string, knownVersion: string | undefined, leaseMs: Milliseconds): Promise<Acquired>;
  /** Prolongs a lease. Answers whether it was still ours. */
  renew(fullKey: string, token: string, leaseMs: Milliseconds): Promise<boolean>;
  /** Gives a lease back, if it is still ours. */
  release(fullKey: string, token: string): Promise<void>;
  /** Stores a frame if the lease is still ours, and drops the lease. Answers whether it was stored. */
  fill(fullKey: string, token: string, frame: Uint8Array, lifetimeMs: Milliseconds): Promise<boolean>;
  /** Stores a frame in place of any other and drops the lease, whoever has it. Refused after `deadline`. */
  set(fullKey: string, frame: Uint8Array, lifetimeMs: Milliseconds, deadline: Instant): Promise<void>;
  /** Drops frame and lease. Refused after `deadline`. Answers whether there was a frame. */
  invalidate(fullKey: string, deadline: Instant): Promise<boolean>;
  /** Current epochs, minted where there are none. */
  epochs(names: readonly EpochName[]): Promise<readonly SharedEpoch[]>;
  /** Begins a new generation. Refused after `deadline`. */
  bump(name: EpochName, soft: boolean, deadline: Instant): Promise<void>;
}
