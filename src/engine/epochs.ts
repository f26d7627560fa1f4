// The epoch table: the generations of the cache, of its namespaces and of its tags, and the logical time they share.

import { Epoch, type EpochKind, type Stamped, type Tick } from "../model/epoch.ts";

/** Something that refers to epochs. */
export type EpochUser = Pick<Stamped, "namespaceEpoch" | "tags">;

/** Everything that still refers to an epoch, asked for when the table is pruned. */
export type EpochUsers = () => Iterable<EpochUser>;

/** Names a table may hold before it is pruned for the first time. */
const FIRST_LIMIT = 10_000;

/**
 * Epochs by name. Names are as many as users invent, so a table that has grown is pruned of those that no entry refers
 * to: what is forgotten counts as invalidated, now and for whoever held on to it.
 */
class NamedEpochs {
  readonly #kind: EpochKind;
  readonly #byName = new Map<string | undefined, Epoch>();
  readonly #users: EpochUsers;
  #floor: Tick = 0;
  #limit: number;

  constructor(kind: EpochKind, users: EpochUsers, limit: number) {
    this.#kind = kind;
    this.#users = users;
    this.#limit = limit;
  }

  get size(): number {
    return this.#byName.size;
  }

  /** The epoch of a name, which the table need not hold and does not hold because of this. */
  peek(name: string | undefined): Epoch {
    return this.#byName.get(name) ?? new Epoch(this.#kind, name, this.#floor);
  }

  of(name: string | undefined): Epoch {
    return this.#byName.get(name) ?? this.all([name])[0]!;
  }

  /** A read in a namespace found nothing. Of a name that nothing else is known of, nothing is kept. */
  noteMiss(name: string | undefined): void {
    const epoch = this.#byName.get(name);
    if (epoch !== undefined) epoch.misses++;
  }

  /** Those that it knows now. */
  known(): Iterable<Epoch> {
    return this.#byName.values();
  }

  /** Epochs of several names. Pruned before the first, never between them: a new one has no users yet. */
  all(names: readonly (string | undefined)[]): Epoch[] {
    const added = names.filter((name) => !this.#byName.has(name)).length;
    if (added > 0 && this.#byName.size + added > this.#limit) this.#prune();
    return names.map((name) => {
      const epoch = this.#byName.get(name) ?? new Epoch(this.#kind, name, this.#floor);
      this.#byName.set(name, epoch);
      return epoch;
    });
  }

  #prune(): void {
    const used = new Set<Epoch>();
    for (const { namespaceEpoch, tags } of this.#users()) {
      used.add(namespaceEpoch);
      tags?.forEach((tag) => used.add(tag));
    }
    for (const [name, epoch] of this.#byName) {
      if (used.has(epoch)) continue;
      this.#byName.delete(name);
      this.#floor = Math.max(this.#floor, epoch.changedAt);
      epoch.bump(Infinity, false);
    }
    this.#limit = Math.max(this.#limit, 2 * this.#byName.size);
  }
}

/** The epochs of one cache. */
export class EpochTable {
  /** That of the whole cache. Entries in memory do not carry it: clearing empties memory. */
  readonly root: Epoch = new Epoch("root", undefined, 0);
  readonly #namespaces: NamedEpochs;
  readonly #tags: NamedEpochs;
  #now: Tick = 0;

  constructor(users: EpochUsers, limit: number = FIRST_LIMIT) {
    this.#namespaces = new NamedEpochs("namespace", users, limit);
    this.#tags = new NamedEpochs("tag", users, limit);
  }

  /** The present tick. What is captured now is newer than every invalidation so far. */
  get now(): Tick {
    return this.#now;
  }

  /** When everything was last cleared. */
  get clearedAt(): Tick {
    return this.root.hard;
  }

  /** Whether everything has been cleared since something was made. */
  hasCleared({ asOf }: Stamped): boolean {
    return this.clearedAt > asOf;
  }

  /** How many names the table holds. */
  get size(): number {
    return this.#namespaces.size + this.#tags.size;
  }

  namespace(name: string | undefined): Epoch {
    return this.#namespaces.of(name);
  }

  /** Those of the namespaces that it knows now. */
  namespaces(): Iterable<Epoch> {
    return this.#namespaces.known();
  }

  /** A read in a namespace found nothing. */
  noteMiss(name: string | undefined): void {
    this.#namespaces.noteMiss(name);
  }

  tags(names: readonly string[]): readonly Epoch[] | undefined {
    return names.length === 0 ? undefined : this.#tags.all([...new Set(names)]);
  }

  tag(name: string): Epoch {
    return this.#tags.of(name);
  }

  /** The epoch of a namespace or a tag, for who only looks: the table does not change. */
  peek(kind: "namespace" | "tag", name: string | undefined): Epoch {
    return (kind === "tag" ? this.#tags : this.#namespaces).peek(name);
  }

  /** Ends, or marks as stale, all that belongs to an epoch from before now. */
  bump(epoch: Epoch, soft: boolean): void {
    epoch.bump(++this.#now, soft);
  }

  /** Makes the present tick newer than all that was captured so far, though nothing of the user's has changed. */
  advance(): Tick {
    return ++this.#now;
  }
}
