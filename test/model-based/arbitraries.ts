// Where the commands of the model test come from.

import fc from "fast-check";
import {
  KEYS,
  NAMESPACES,
  PATTERNS,
  TAGS,
  type CallOptions,
  type Command,
  type Ending,
  type Id,
  type Script,
  type Setup,
} from "./command.ts";

const tags = fc.oneof(fc.constant([]), fc.subarray([...TAGS]));
const someTags = fc.subarray([...TAGS], { minLength: 1 });
const ttl = fc.constantFrom(undefined, undefined, undefined, 0, 250);
const nth = fc.nat(5);

const options: fc.Arbitrary<CallOptions> = fc.record({
  tags,
  ttl,
  forceRefresh: fc.constantFrom(false, false, false, false, true),
});

const ending: fc.Arbitrary<Ending> = fc.record({
  kind: fc.constantFrom(
    "value",
    "value",
    "value",
    "null",
    "undefined",
    "skip",
    "notModified",
    "fails",
    "fails",
    "fails",
  ),
  lateTags: tags,
  ttl,
});

const script: fc.Arbitrary<Script> = fc.oneof(fc.constant("hangs" as const), ending);

/** Odd amounts, and those that end exactly at, just before and just after the instants of an entry. */
const ms = fc.oneof(
  fc.constantFrom(1, 249, 250, 499, 500, 501, 999, 1_000, 1_001, 1_500, 1_999, 2_000, 2_999, 3_000, 3_001),
  fc.nat(4_000),
);

/** Commands about some keys of some namespaces. */
function commandsOn(key: fc.Arbitrary<string>, namespace: fc.Arbitrary<string | undefined>): fc.Arbitrary<Command[]> {
  const id: fc.Arbitrary<Id> = fc.record({ key, namespace });
  const keys = fc.array(key, { minLength: 1, maxLength: 4 });
  const pattern = fc.constantFrom(...Object.keys(PATTERNS));
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant("get" as const), id, options, script }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("getMany" as const), namespace, keys, options, script }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("settle" as const), nth, ending }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("nameTags" as const), nth, tags: someTags }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("advance" as const), ms }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("set" as const), id, options }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("setMany" as const), namespace, keys, options }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("peek", "peekSync", "delete", "markStale"), id }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("peekMany", "deleteMany"), namespace, keys }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("invalidateTags", "markTagsStale"), tags: someTags }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("clearNamespace", "markNamespaceStale"), namespace }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("clear", "cleanupExpired") }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("deleteMatching" as const), namespace, pattern }) },
  );
  return fc.array(command, { minLength: 1, maxLength: 60, size: "max" });
}

const RARER: readonly Command["do"][] = [
  ...["getMany", "settle", "nameTags", "set", "setMany", "peek", "peekSync", "peekMany"],
  ...["delete", "deleteMany", "deleteMatching", "markStale", "invalidateTags", "markTagsStale"],
  ...["clearNamespace", "markNamespaceStale", "clear", "cleanupExpired"],
] as Command["do"][];

/**
 * Sequences of commands. Where all meet on one key or two, and where some kinds of command are left out, what is rare
 * elsewhere becomes common ("swarm testing": Groce, Zhang, Eide, Chen, Regehr, ISSTA 2012).
 */
export const commands: fc.Arbitrary<Command[]> = fc
  .tuple(
    fc.subarray([...RARER]),
    fc.oneof(
      commandsOn(fc.constant("a"), fc.constant(undefined)),
      commandsOn(fc.constantFrom("a", "b"), fc.constant(undefined)),
      commandsOn(fc.constantFrom("a", "a", ...KEYS), fc.constantFrom(undefined, ...NAMESPACES)),
    ),
  )
  .map(([kinds, all]) => all.filter(({ do: kind }) => kind === "get" || kind === "advance" || kinds.includes(kind)));

/** Ways to set a cache up. */
export const setup: fc.Arbitrary<Setup> = fc.record({
  staleWhileRevalidate: fc.constantFrom(500, 500, 0),
  staleIfError: fc.constantFrom(0, 2_000, 10_000, 10_000),
  backgroundRefresh: fc.constantFrom(true, true, false),
  refreshConcurrency: fc.constantFrom(50, 1),
});
