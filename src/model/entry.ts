// An entry: a value with its envelope, and what it may be used for at an instant.

import type { Instant, Milliseconds } from "./duration.ts";
import { capSpans, staleSpans, type Spans } from "./policy.ts";
import { idPrefix, keyOfId } from "./key.ts";
import { isEnded, isMarkedStale, type Epoch, type Stamped, type Tick } from "./epoch.ts";

/** How often and when an entry was last given out, under `trackAccess`. */
export interface Access {
  hitCount: number;
  lastAccessedAt: Instant | undefined;
}

/**
 * A value with its envelope, immutable to all that see it but for `access`. Spans count from `createdAt`: whole numbers,
 * which an engine keeps unboxed, so that an entry takes half the memory it would with four instants.
 */
export class Entry implements Stamped, Spans {
  readonly value: unknown;
  readonly createdAt: Instant;
  readonly freshMs: Milliseconds;
  readonly staleMs: Milliseconds;
  readonly errorMs: Milliseconds;
  /** That of the frame which the authority holds of it; `undefined` for a copy the authority has not confirmed. */
  readonly version: string | undefined;
  /** How long the refresh took that made it; 0 where it was `set`. */
  readonly loadMs: Milliseconds;
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  readonly tags: readonly Epoch[] | undefined;
  readonly access: Access | undefined;
  #promise: Promise<unknown> | undefined;

  constructor(
    value: unknown,
    createdAt: Instant,
    { freshMs, staleMs, errorMs }: Spans,
    { asOf, namespaceEpoch, tags }: Stamped,
    loadMs: Milliseconds,
    version: string | undefined,
    access: Access | undefined,
  ) {
    this.value = value;
    this.createdAt = createdAt;
    this.freshMs = freshMs;
    this.staleMs = staleMs;
    this.errorMs = errorMs;
    this.version = version;
    this.loadMs = loadMs;
    this.asOf = asOf;
    this.namespaceEpoch = namespaceEpoch;
    this.tags = tags;
    this.access = access;
  }

  get freshUntil(): Instant {
    return this.createdAt + this.freshMs;
  }

  get staleUntil(): Instant {
    return this.createdAt + this.staleMs;
  }

  get errorUntil(): Instant {
    return this.createdAt + this.errorMs;
  }

  /** The value as a promise, made once: hits of a hot entry allocate nothing. */
  get promise(): Promise<unknown> {
    return (this.#promise ??= Promise.resolve(this.value));
  }
}

/** The same entry, stale from `now` on at the latest. */
export function staleFrom(now: Instant, entry: Entry): Entry {
  const { value, createdAt, loadMs, version, access } = entry;
  return new Entry(value, createdAt, staleSpans(entry, now - createdAt), entry, loadMs, version, access);
}

/**
 * What an entry may be used for. `fresh`: for everybody. `stale`: while it is refreshed (RFC 5861 section 3).
 * `rescue`: when its refresh fails (RFC 5861 section 4). `expired`: for nothing.
 */
export type EntryState = "fresh" | "stale" | "rescue" | "expired";

/** The state of an entry, which a hard invalidation ends before its time. Windows are half-open: at `freshUntil` it is stale. */
export function stateOf(entry: Entry, now: Instant): EntryState {
  if (isEnded(entry)) return "expired";
  if (now < entry.freshUntil && !isMarkedStale(entry)) return "fresh";
  if (now < entry.staleUntil) return "stale";
  return now < entry.errorUntil ? "rescue" : "expired";
}

/** The same entry, good for nothing from an age on. */
export function cappedTo(entry: Entry, maxAgeMs: Milliseconds): Entry {
  if (entry.errorMs <= maxAgeMs) return entry;
  const { value, createdAt, loadMs, version, access } = entry;
  return new Entry(value, createdAt, capSpans(entry, maxAgeMs), entry, loadMs, version, access);
}

/** Whether an entry has reached the age at which a call uses it no more. */
export function isTooOld(
  { createdAt }: { readonly createdAt: Instant },
  now: Instant,
  maxAgeMs: Milliseconds,
): boolean {
  // A clock elsewhere may put its creation in the future.
  return Math.max(0, now - createdAt) >= maxAgeMs;
}

/** Whether an entry is fresh or stale, and has not reached an age. */
export function isUsable(entry: Entry, now: Instant, maxAgeMs: Milliseconds): boolean {
  const state = stateOf(entry, now);
  return (state === "fresh" || state === "stale") && !isTooOld(entry, now, maxAgeMs);
}

/** Key and namespace of a stored entry. */
export function keyOfEntry(id: string, entry: Entry): { key: string; namespace: string | undefined } {
  const namespace = entry.namespaceEpoch.name;
  return { key: keyOfId(idPrefix(namespace), id), namespace };
}
