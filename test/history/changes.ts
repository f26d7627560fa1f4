// The verbs that change something, chosen by chance: what each covers, and the call.

import type { TieredCacheManager } from "../../src/index.ts";
import { allTags, HOT_KEYS, KEYS } from "./population.ts";
import type { KeyPlan } from "./population.ts";

/** A call that is about to be made. */
export interface Change {
  readonly verb: string;
  /** Old values may be served once more, while they are refreshed. */
  readonly isSoft: boolean;
  readonly covered: readonly KeyPlan[];
  /** Takes the versions that the source has of what is covered. */
  readonly call: (versions: readonly number[]) => Promise<{ readonly authority: string }>;
}

/** Cold keys are read much oftener than changed. */
const CHANGES_OF_HOT_KEYS = 0.85;
const OTHERS = KEYS.slice(HOT_KEYS);

/** How often, in a hundred. `clear` comes seldom: it would hide what the others leave undone. */
const WEIGHTS: readonly (readonly [weight: number, make: (plan: KeyPlan, tools: Tools) => Change])[] = [
  [34, (plan, { cache }) => change("delete", [plan], () => cache.delete(plan.name, namespaceOf(plan)))],
  [
    6,
    (plan, { cache }) => {
      const plans = likes(plan);
      return change("deleteMany", plans, () => cache.deleteMany(namesOf(plans), namespaceOf(plan)));
    },
  ],
  [
    18,
    (plan, { cache, valueOf }) =>
      change("set", [plan], ([version]) => cache.set(plan.name, valueOf(plan, version!), setOptionsOf(plan))),
  ],
  [
    2,
    (plan, { cache, valueOf }) => {
      const plans = likes(plan);
      return change("setMany", plans, (versions) =>
        cache.setMany(
          plans.map((one, at) => [one.name, valueOf(one, versions[at]!)] as const),
          setOptionsOf(plan),
        ),
      );
    },
  ],
  [10, (plan, { cache }) => change("markStale", [plan], () => cache.markStale(plan.name, namespaceOf(plan)))],
  [16, (plan, { cache, random }) => byTag("invalidateTags", plan, random, (tags) => cache.invalidateTags(tags))],
  [5, (plan, { cache, random }) => byTag("markTagsStale", plan, random, (tags) => cache.markTagsStale(tags))],
  [6, (plan, { cache }) => byNamespace("clearNamespace", plan, (name) => cache.clearNamespace(name))],
  [2, (plan, { cache }) => byNamespace("markNamespaceStale", plan, (name) => cache.markNamespaceStale(name))],
  [
    0.9,
    (plan, { cache }) => {
      const end = plan.name.slice(-1);
      const plans = KEYS.filter(({ namespace, name }) => namespace === plan.namespace && name.endsWith(end));
      return change("deleteMatching", plans, () => cache.deleteMatching(`*${end}`, namespaceOf(plan)));
    },
  ],
  [0.1, (_plan, { cache }) => change("clear", KEYS, () => cache.clear())],
];

/** What the calls are made with. */
export interface Tools {
  readonly cache: TieredCacheManager;
  readonly random: () => number;
  /** The value to `set` for a version of a key. */
  readonly valueOf: (plan: KeyPlan, version: number) => unknown;
}

/** The next change. */
export function chooseChange(tools: Tools): Change {
  const { random } = tools;
  const plan = random() < CHANGES_OF_HOT_KEYS ? KEYS[Math.floor(random() * HOT_KEYS)]! : pick(OTHERS, random);
  let left = random() * WEIGHTS.reduce((sum, [weight]) => sum + weight, 0);
  const chosen = WEIGHTS.find(([weight]) => (left -= weight) < 0) ?? WEIGHTS[0]!;
  return chosen[1](plan, tools);
}

/** Options of calls that store values of a key. */
export function optionsOf({ namespace, tags, lifetimes }: KeyPlan) {
  return { namespace, tags, ...lifetimes };
}

/** The keys that one call with the same options may be about, this one included. */
export function likes(plan: KeyPlan): readonly KeyPlan[] {
  return KEYS.filter(
    ({ namespace, lifetimes, lateTag, tags }) =>
      namespace === plan.namespace &&
      lifetimes === plan.lifetimes &&
      lateTag === plan.lateTag &&
      tags[0] === plan.tags[0],
  );
}

/** One of them, by chance. */
export function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!;
}

function change(verb: string, covered: readonly KeyPlan[], call: Change["call"]): Change {
  return { verb, covered, call, isSoft: verb.startsWith("mark") };
}

function byTag(
  verb: string,
  plan: KeyPlan,
  random: () => number,
  call: (tags: string[]) => ReturnType<Change["call"]>,
): Change {
  const tag = pick(allTags(plan), random);
  return change(
    verb,
    KEYS.filter((one) => allTags(one).includes(tag)),
    () => call([tag]),
  );
}

function byNamespace(verb: string, plan: KeyPlan, call: (namespace: string) => ReturnType<Change["call"]>): Change {
  const { namespace } = plan;
  return change(
    verb,
    KEYS.filter((one) => one.namespace === namespace),
    () => call(namespace),
  );
}

/** A `set` names all tags: there is no refresh to name the rest. */
function setOptionsOf(plan: KeyPlan) {
  return { ...optionsOf(plan), tags: allTags(plan) };
}

function namespaceOf({ namespace }: KeyPlan) {
  return { namespace };
}

function namesOf(plans: readonly KeyPlan[]): string[] {
  return plans.map(({ name }) => name);
}
