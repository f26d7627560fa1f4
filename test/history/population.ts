// The keys of a history, and what every process knows of them: namespace, tags, how long values live.

import type { GetOptions } from "../../src/index.ts";

/** A key, always used with the same namespace, tags and lifetimes. */
export interface KeyPlan {
  readonly index: number;
  readonly name: string;
  readonly namespace: string;
  /** Given with every call. */
  readonly tags: readonly string[];
  /** Named by every refresh, and by nobody before. */
  readonly lateTag: string | undefined;
  /** How long a value may be served after it was stored. */
  readonly lifeMs: number;
  /** Whether its refresh fails now and then. */
  readonly isShaky: boolean;
  readonly lifetimes: Pick<GetOptions, "ttl" | "staleWhileRevalidate" | "staleIfError">;
}

/** Keys that live alike, in namespaces and with tags of their own. */
interface Group {
  readonly keys: number;
  /** First letter of its namespaces and tags. */
  readonly letter: string;
  readonly isShaky: boolean;
  readonly lifetimes: KeyPlan["lifetimes"];
  readonly lifeMs: number;
}

const NAMESPACES = 3;
const TAGS = 5;
const LATE_TAGS = 3;
const LASTING = { isShaky: false, lifetimes: { ttl: "10m", staleWhileRevalidate: "10m" }, lifeMs: Infinity } as const;

/** Invalidated all the time: what is wrong shows at once, and is soon put right by another invalidation. */
const HOT: Group = { ...LASTING, letter: "h", keys: 36 };
/** Invalidated now and then: what is wrong there lasts. */
const COLD: Group = { ...LASTING, letter: "c", keys: 72 };
/** So many that each rests long enough between two reads to be past its end. */
const BRIEF: Group = {
  letter: "b",
  keys: 30,
  isShaky: false,
  lifetimes: { ttl: 150, staleWhileRevalidate: 100 },
  lifeMs: 250,
};
const SHAKY: Group = {
  letter: "s",
  keys: 6,
  isShaky: true,
  lifetimes: { ttl: 120, staleWhileRevalidate: 60, staleIfError: 250 },
  lifeMs: 370,
};

/** All keys. */
export const KEYS: readonly KeyPlan[] = [HOT, COLD, BRIEF, SHAKY]
  .flatMap((group) => Array.from({ length: group.keys }, (_, number) => ({ group, number })))
  .map(({ group, number }, index) => planOf(group, number, index));

/** How many of them, from the first, are hot. */
export const HOT_KEYS: number = HOT.keys;

function planOf({ letter, lifetimes, lifeMs, isShaky }: Group, number: number, index: number): KeyPlan {
  return {
    index,
    name: `${letter}${number}`,
    namespace: `${letter}${number % NAMESPACES}`,
    // Not in step with the namespaces
    tags: [`${letter}-tag${number % TAGS}`],
    lateTag: number % 4 === 0 ? `${letter}-late${(number / 4) % LATE_TAGS}` : undefined,
    lifeMs,
    isShaky,
    lifetimes,
  };
}

/** The tags that every stored value of a key carries. */
export function allTags({ tags, lateTag }: KeyPlan): readonly string[] {
  return lateTag === undefined ? tags : [...tags, lateTag];
}
