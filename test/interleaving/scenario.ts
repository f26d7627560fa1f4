// What is explored: which verb meets which flights, and how far apart the steps lie.

import { VERBS, type Verb } from "./verbs.ts";

/** How much the cache gets done between two steps: so many turns of the microtask queue, or all there is to do. */
export type Gap = number | "rest";

/** One situation; all its interleavings are run. */
export interface Scenario {
  readonly verb: Verb;
  /** With a stale entry the flights run in the background, without one in the foreground. */
  readonly before: "nothing" | "stale entry" | "stale entry, foreground only";
  /** How the second reader reads. */
  readonly second: "get" | "get of a view" | "getMany" | "get by force";
  /** When a refresh reads the database: when it is called, or after its first wait. */
  readonly reads: "at once" | "after a wait";
  /** What becomes of the first reader's refresh. */
  readonly first: "succeeds" | "fails";
  readonly gap: Gap;
}

const PLAIN: Omit<Scenario, "verb"> = {
  before: "nothing",
  second: "get",
  reads: "after a wait",
  first: "succeeds",
  gap: "rest",
};

const VARIATIONS: readonly Partial<Scenario>[] = [
  {},
  // The places between two microtasks, where a cache that awaits in the wrong place can be overtaken.
  ...[0, 1, 2, 3, 5].map((gap) => ({ gap })),
  { first: "fails" },
  { reads: "at once" },
  { second: "getMany" },
  { second: "get of a view" },
  { second: "get by force" },
  { gap: 2, second: "getMany" },
];

const SITUATIONS: readonly Omit<Scenario, "verb">[] = [
  ...VARIATIONS.flatMap((variation) => [
    { ...PLAIN, ...variation },
    { ...PLAIN, ...variation, before: "stale entry" as const },
  ]),
  { ...PLAIN, before: "stale entry, foreground only" },
  { ...PLAIN, before: "stale entry, foreground only", first: "fails" },
];

/** Everything that is explored: every situation with every verb. */
export const SCENARIOS: readonly Scenario[] = SITUATIONS.flatMap((situation) =>
  VERBS.map((verb) => ({ ...situation, verb })),
);

/** Whether it makes no difference which reader is which: half of the orders are then like the other half. */
export function isSymmetric({ second, first }: Scenario): boolean {
  return second === "get" && first === "succeeds";
}
