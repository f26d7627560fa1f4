// The seam to the tier that all processes share and whose word counts: leases, conditional fills, epochs, its clock.

import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Spans } from "../model/policy.ts";

/** A generation of the cache, a namespace or a tag as the authority knows it: opaque, compared for equality alone. */
export interface SharedEpoch {
  readonly hard: string;
  readonly soft: string;
}

/** What has epochs. */
export type EpochName =
  | { readonly kind: "root" }
  | { readonly kind: "namespace"; readonly name: string | undefined }
  | { readonly kind: "tag"; readonly name: string };

/** What a read brings. */
export interface ReadReply {
  readonly frame: Uint8Array | undefined;
  /** The epochs asked for along with it, in their order; minted where there were none. */
  readonly epochs: readonly SharedEpoch[];
}

/** What an attempt to become the one who refreshes a key came to. */
export type Acquired =
  /** The lease is ours. */
  | { readonly kind: "granted" }
  /** Somebody else has it, for at most this long unless it is renewed. */
  | { readonly kind: "held"; readonly remainingMs: Milliseconds }
  /** The entry is not the one the caller knows: somebody has refreshed it, or it has gone (`frame` is `undefined`). */
  | { readonly kind: "changed"; readonly frame: Uint8Array | undefined };

/** What a conditional or final write came to. */
export type Written =
  /** Stored; its instants count from `createdAt`, by the authority's clock. */
  | { readonly kind: "stored"; readonly createdAt: Instant }
  /** The lease is no longer ours: an invalidation, a `set` or another process came between. */
  | { readonly kind: "fenced" }
  /** The deadline had passed when the authority came to it. Nothing was done. */
  | { readonly kind: "late" };

/** What an authority has of a key, for people. */
export interface Inspected {
  /** When it looked, by its own clock. */
  readonly now: Instant;
  readonly frame: Uint8Array | undefined;
  readonly lease: { readonly token: string; readonly remainingMs: Milliseconds } | undefined;
}

/** An epoch, and when it was minted or bumped last. */
export type DatedEpoch = SharedEpoch & { readonly since: Instant };

/** A frame on its way: to be stored in place of any other. */
export interface NewFrame {
  readonly fullKey: string;
  readonly frame: Uint8Array;
  /** That of the frame, as text. */
  readonly version: string;
  readonly spans: Spans;
}

/**
 * Besides holding frames, keeps processes from refreshing, storing and believing what they should not. Every method
 * rejects when the authority does not answer in time. Writes carry a deadline by the authority's clock and are refused
 * after it, so that a command which "timed out" cannot take effect later.
 */
export interface Authority {
  /** The present instant by its own clock, which all processes go by. */
  now(): Promise<Instant>;
  /**
   * Who it is, so that after a reconnect it can be told from one that has not got, or has lost, what it acknowledged: a
   * restart or a failover makes it another. `undefined` when it does not tell.
   */
  identity(): Promise<string | undefined>;
  /**
   * The frame of a key and the epochs that the caller does not know, in one round trip. What is there already may be
   * returned as it is, without a promise; a failure is a rejection.
   */
  read(fullKey: string, unknown: readonly EpochName[]): ReadReply | Promise<ReadReply>;
  /** Epochs, minted where there are none, and when each was minted or bumped last. */
  epochs(names: readonly EpochName[]): Promise<readonly (SharedEpoch & { readonly since: Instant })[]>;
  /** Takes the lease of a key, unless its frame differs in version from `knownVersion` (`undefined`: none is known). */
  acquire(fullKey: string, token: string, knownVersion: string | undefined, leaseMs: Milliseconds): Promise<Acquired>;
  /** Prolongs a lease. Answers whether it was still ours. */
  renew(fullKey: string, token: string, leaseMs: Milliseconds): Promise<boolean>;
  /** Gives a lease back, if it is still ours. */
  release(fullKey: string, token: string): Promise<void>;
  /** Full keys that start with `prefix` and have a lease, in no order; one may come twice. */
  leases(prefix: string): AsyncIterable<string>;
  /** Stores a frame if the lease is still ours, writes its instants, drops the lease, and tells the bus. */
  fill(fullKey: string, token: string, frame: Uint8Array, spans: Spans, deadline: Instant): Promise<Written>;
  /** Drops frame and lease if the lease is still ours: there is no value any more. Tells the bus. */
  discard(fullKey: string, token: string, deadline: Instant): Promise<"done" | "fenced" | "late">;
  /** Stores a frame in place of any other, writes its instants, drops the lease whoever has it, and tells the bus. */
  set(fullKey: string, frame: Uint8Array, spans: Spans, deadline: Instant): Promise<Written>;
  /**
   * Several of `set`, in their order, by an authority on one server to which that is less work. The frames are its own from now on: it
   * may write into them. Answers of each what it came to, or what it alone has failed of. The bus need not tell the process
   * itself of what is stored, since that is the answer.
   */
  setMany?(sets: readonly NewFrame[], deadline: Instant): Promise<readonly (Written | Error)[]>;
  /** Drops frame and lease, and tells the bus. `existed` is `undefined` when the deadline had passed. */
  remove(fullKey: string, deadline: Instant): Promise<{ readonly existed: boolean | undefined }>;
  /** Makes a frame stale from now on, drops the lease, and tells the bus. Answers whether it was in time. */
  markStale(fullKey: string, deadline: Instant): Promise<boolean>;
  /** Tells the bus that all entries of a namespace whose keys match a pattern are gone. Answers whether it was in time. */
  announce(namespace: string | undefined, pattern: string, deadline: Instant): Promise<boolean>;
  /** Begins a new generation, and tells the bus. Answers whether it was in time. */
  bump(name: EpochName, soft: boolean, deadline: Instant): Promise<boolean>;
  /**
   * Frame and lease of a key as they are. Changes nothing, and notes no use of the entry, as far as that is its own to
   * decide. Where it is absent, `cache.explain` reads the frame and does not know of leases.
   */
  inspect?(fullKey: string): Promise<Inspected>;
  /**
   * Epochs as they are: `undefined` where there is none, which is not minted. Where it is absent, `cache.explain` goes by
   * what its process knows.
   */
  inspectEpochs?(names: readonly EpochName[]): Promise<readonly (DatedEpoch | undefined)[]>;
}

/**
 * What an authority that need not be waited for adds, for callers who cannot wait: as the methods of {@link Authority} of
 * the same names, in one order with them. Where those reject, these throw.
 */
export interface SyncAuthority {
  now(): Instant;
  read(fullKey: string, unknown: readonly EpochName[]): ReadReply;
  epochs(names: readonly EpochName[]): readonly (SharedEpoch & { readonly since: Instant })[];
  set(fullKey: string, frame: Uint8Array, spans: Spans, deadline: Instant): Written;
  remove(fullKey: string, deadline: Instant): { readonly existed: boolean | undefined };
}
