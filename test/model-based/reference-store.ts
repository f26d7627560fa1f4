// The reference model's memory: entries with their instants, and every invalidation there ever was, with its logical time.

import { assertNever } from "../../src/errors.ts";
import { START, textOf, TTL, type Id, type Setup } from "./command.ts";

/** Something made of data as of a logical time: an entry, or a refresh in progress. */
export interface Dated {
  readonly id: Id;
  readonly tags: readonly string[];
  readonly asOf: number;
}

/** A value with its lifetimes, and how the refreshes that were to replace it went. */
export interface ReferenceEntry extends Dated {
  readonly value: unknown;
  readonly createdAt: number;
  freshUntil: number;
  readonly staleUntil: number;
  readonly errorUntil: number;
  failures: number;
  retryAt: number;
  /** As of when the youngest refresh was that failed. */
  failedAsOf: number;
}

/** What an invalidation is about. */
export type Scope =
  | { readonly of: "keys"; readonly includes: (id: Id) => boolean }
  | { readonly of: "tag"; readonly name: string }
  | { readonly of: "namespace"; readonly name: string | undefined }
  | { readonly of: "all" };

interface Invalidation {
  readonly at: number;
  readonly scope: Scope;
  readonly soft: boolean;
}

/** Entries by id, judged only when they are looked at. */
export class ReferenceStore {
  now: number = START;
  readonly #setup: Setup;
  readonly #entries = new Map<string, ReferenceEntry>();
  readonly #invalidations: Invalidation[] = [];

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** The logical time: how many invalidations there were. What begins now is newer than all of them. */
  get time(): number {
    return this.#invalidations.length;
  }

  invalidate(scope: Scope, soft: boolean): void {
    this.#invalidations.push({ at: this.time + 1, scope, soft });
  }

  /** The entry, unless it is of no use to anybody: ended, or past its last instant. */
  find(id: Id): ReferenceEntry | undefined {
    const entry = this.#entries.get(textOf(id));
    return entry === undefined || this.isEnded(entry) || this.now >= entry.errorUntil ? undefined : entry;
  }

  /** What an entry that was found may be used for. */
  state(entry: ReferenceEntry): "fresh" | "stale" | "rescue" {
    if (this.now < entry.freshUntil && !this.isMarkedStale(entry)) return "fresh";
    return this.now < entry.staleUntil ? "stale" : "rescue";
  }

  /** The entry that a read without a refresh sees. */
  visible(id: Id): ReferenceEntry | undefined {
    const entry = this.find(id);
    return entry === undefined || this.state(entry) === "rescue" ? undefined : entry;
  }

  put({ id, tags, asOf }: Dated, value: unknown, ttl: number = TTL): void {
    const { staleWhileRevalidate, staleIfError } = this.#setup;
    const freshUntil = this.now + ttl;
    this.#entries.set(textOf(id), {
      id,
      tags,
      asOf,
      value,
      createdAt: this.now,
      freshUntil,
      staleUntil: freshUntil + staleWhileRevalidate,
      errorUntil: freshUntil + Math.max(staleWhileRevalidate, staleIfError),
      failures: 0,
      retryAt: -Infinity,
      failedAsOf: 0,
    });
  }

  delete(id: Id): void {
    this.#entries.delete(textOf(id));
  }

  /** An entry marked by key starts over as a stale one: a back-off is forgotten. */
  markStale(id: Id): void {
    const entry = this.find(id);
    if (entry === undefined) return;
    const freshUntil = Math.min(entry.freshUntil, this.now);
    this.#entries.set(textOf(id), { ...entry, freshUntil, failures: 0, retryAt: -Infinity });
  }

  /** Notes that a refresh as of `asOf`, which was to replace an entry, has failed: 1 s, doubled each time, at most 60 s. */
  backOff(entry: ReferenceEntry, asOf: number): void {
    entry.failures++;
    entry.retryAt = this.now + Math.min(1_000 * 2 ** (entry.failures - 1), 60_000);
    entry.failedAsOf = Math.max(entry.failedAsOf, asOf);
  }

  /** Whether an entry is left alone after a failure. Who invalidates it, however softly, wants a try at once. */
  isBackingOff(entry: ReferenceEntry): boolean {
    return this.now < entry.retryAt && !this.isOvertaken({ ...entry, asOf: entry.failedAsOf });
  }

  isMarkedStale(thing: Dated): boolean {
    return this.#since(thing).some(({ scope, soft }) => soft && covers(scope, thing));
  }

  /** Whether any invalidation, hard or soft, has come since. */
  isOvertaken(thing: Dated): boolean {
    return this.#since(thing).some(({ scope }) => covers(scope, thing));
  }

  /** Whether more than single keys was invalidated since. */
  hasWiderInvalidationSince(thing: Dated): boolean {
    return this.#since(thing).some(({ scope }) => scope.of !== "keys");
  }

  /** Whether one of the tags was invalidated since `asOf`. */
  areTagsTouched(tags: readonly string[], asOf: number): boolean {
    return this.#invalidations.some(({ at, scope }) => at > asOf && scope.of === "tag" && tags.includes(scope.name));
  }

  /** Whether an invalidation has ended it. */
  isEnded(thing: Dated): boolean {
    return this.#since(thing).some(({ scope, soft }) => !soft && covers(scope, thing));
  }

  #since({ asOf }: Dated): readonly Invalidation[] {
    return this.#invalidations.slice(asOf);
  }
}

function covers(scope: Scope, { id, tags }: Dated): boolean {
  switch (scope.of) {
    case "keys":
      return scope.includes(id);
    case "tag":
      return tags.includes(scope.name);
    case "namespace":
      return scope.name === id.namespace;
    case "all":
      return true;
    default:
      return assertNever(scope);
  }
}
