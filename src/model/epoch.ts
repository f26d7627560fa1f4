// Epochs: what lets a whole namespace, a tag or the cache be invalidated at once, whatever it holds.

/**
 * Logical time of a process: how many invalidations of namespaces, tags or everything it has seen.
 * Wall clocks play no part in invalidation.
 */
export type Tick = number;

/** What an epoch is of. */
export type EpochKind = "root" | "namespace" | "tag";

/** A generation as the tier that all processes share knows it, and when this process asked for it. */
export interface KnownEpoch {
  /** Opaque, and compared for equality alone. */
  readonly hard: string;
  readonly soft: string;
  readonly asOf: Tick;
  /** When the answer came, as a number of the order in which things happened. */
  readonly number: number;
}

/** The generation of the whole cache, of one namespace or of one tag. */
export class Epoch {
  readonly kind: EpochKind;
  readonly name: string | undefined;
  /** Entries from before this tick are gone. */
  hard: Tick;
  /** Entries from before this tick are stale. */
  soft: Tick = 0;
  /** The later of the two: a memory hit compares this alone. */
  changedAt: Tick;
  /** What the shared tier said last; it counts while nothing has changed since it was asked. */
  known: KnownEpoch | undefined;
  // Of a namespace, for statistics: reads that its entries have served, and reads that found none.
  hits = 0;
  misses = 0;

  constructor(kind: EpochKind, name: string | undefined, hard: Tick) {
    this.kind = kind;
    this.name = name;
    this.hard = hard;
    this.changedAt = hard;
  }

  /** Starts a new generation at `tick`; `soft` leaves the entries of the old one usable as stale ones. */
  bump(tick: Tick, soft: boolean): void {
    if (soft) this.soft = tick;
    else this.hard = tick;
    this.changedAt = tick;
  }
}

/** Something made of data as of a tick, and the epochs it belongs to: an entry, or a flight. */
export interface Stamped {
  readonly asOf: Tick;
  readonly namespaceEpoch: Epoch;
  readonly tags: readonly Epoch[] | undefined;
}

/** Whether one of its epochs has changed since, in either way. */
export function isTouched(made: Stamped): boolean {
  const { asOf, tags } = made;
  return made.namespaceEpoch.changedAt > asOf || (tags !== undefined && areTagsTouched(tags, asOf));
}

/** Whether one of the tags has changed since `asOf`. */
export function areTagsTouched(tags: readonly Epoch[], asOf: Tick): boolean {
  // By index: every hit of a tagged entry comes here.
  for (let index = 0; index < tags.length; index++) if ((tags[index] as Epoch).changedAt > asOf) return true;
  return false;
}

/** Whether a hard invalidation has ended it. */
export function isEnded({ asOf, namespaceEpoch, tags }: Stamped): boolean {
  return namespaceEpoch.hard > asOf || (tags?.some((tag) => tag.hard > asOf) ?? false);
}

/** Whether a soft invalidation has made it stale. */
export function isMarkedStale({ asOf, namespaceEpoch, tags }: Stamped): boolean {
  return namespaceEpoch.soft > asOf || (tags?.some((tag) => tag.soft > asOf) ?? false);
}
