// An entry: a value with its envelope, and what it may be used for at an instant.

import type { Instant, Milliseconds } from "./duration.ts";
import { idPrefix, keyOfId } from "./key.ts";
import { isMarkedStale, type Epoch, type Stamped, type Tick } from "./epoch.ts";

/** How often and when an entry was last given out, under `trackAccess`. */
export interface Access {
  hitCount: number;
  lastAccessedAt: Instant | undefined;
}

/** What an entry is made of; every member is required, so that all entries have one hidden class. */
export interface EntryParts extends Stamped {
  readonly value: unknown;
  readonly createdAt: Instant;
  readonly freshUntil: Instant;
  readonly staleUntil: Instant;
  readonly errorUntil: Instant;
  readonly loadMs: Milliseconds;
  readonly access: Access | undefined;
}

/** A value with its envelope, immutable to all that see it but for `access`. A class, because a live entry costs least this way. */
export class Entry implements EntryParts {
  readonly value: unknown;
  readonly createdAt: Instant;
  readonly freshUntil: Instant;
  readonly staleUntil: Instant;
  readonly errorUntil: Instant;
  /** Random, so that two entries made anywhere never share one. */
  readonly version: number;
  /** How long the refresh took that made it; 0 where it was `set`. */
  readonly loadMs: Milliseconds;
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  readonly tags: readonly Epoch[] | undefined;
  readonly access: Access | undefined;
  #promise: Promise<unknown> | undefined;

  constructor(parts: EntryParts, version: number) {
    this.value = parts.value;
    this.createdAt = parts.createdAt;
    this.freshUntil = parts.freshUntil;
    this.staleUntil = parts.staleUntil;
    this.errorUntil = parts.errorUntil;
    this.version = version;
    this.loadMs = parts.loadMs;
    this.asOf = parts.asOf;
    this.namespaceEpoch = parts.namespaceEpoch;
    this.tags = parts.tags;
    this.access = parts.access;
  }

  /** The value as a promise, made once: hits of a hot entry allocate nothing. */
  get promise(): Promise<unknown> {
    return (this.#promise ??= Promise.resolve(this.value));
  }
}

/** A version for a new entry: 32 random bits, which an engine keeps unboxed. */
export function newVersion(random: () => number): number {
  return Math.trunc(random() * 2 ** 32) | 0;
}

/**
 * What an entry may be used for. `fresh`: for everybody. `stale`: while it is refreshed (RFC 5861 section 3).
 * `rescue`: when its refresh fails (RFC 5861 section 4). `expired`: for nothing.
 */
export type EntryState = "fresh" | "stale" | "rescue" | "expired";

/** The state of an entry that no hard invalidation has ended. Windows are half-open: at `freshUntil` it is stale. */
export function stateOf(entry: Entry, now: Instant): EntryState {
  if (now < entry.freshUntil && !isMarkedStale(entry)) return "fresh";
  if (now < entry.staleUntil) return "stale";
  return now < entry.errorUntil ? "rescue" : "expired";
}

/** Key and namespace of a stored entry. */
export function keyOfEntry(id: string, entry: Entry): { key: string; namespace: string | undefined } {
  const namespace = entry.namespaceEpoch.name;
  return { key: keyOfId(idPrefix(namespace), id), namespace };
}
