// Ways to break the engine that only a model of all of it can notice.

import type { Mutant } from "../interleaving/mutants.ts";

const mutant = (name: string, file: string, find: string, replace: string): Mutant => ({
  name,
  edits: [{ file: `${file}.ts`, find, replace }],
});

/** Every mutant. */
export const MUTANTS: readonly Mutant[] = [
  mutant("an entry is still fresh at freshUntil", "model/entry", "now < entry.freshUntil", "now <= entry.freshUntil"),
  mutant("an entry is still stale at staleUntil", "model/entry", "now < entry.staleUntil", "now <= entry.staleUntil"),
  mutant("rescue has no end", "model/entry", 'now < entry.errorUntil ? "rescue" : "expired"', '"rescue"'),
  mutant("markStale() gives new life", "model/policy", "Math.min(freshMs, ageMs)", "freshMs"),
  mutant("a failure is forgotten", "engine/backoff", "now >= failure.retryAt", "true"),
  mutant("failures are not counted", "engine/backoff", "?.failures ?? 0) + 1", "?.failures ?? 0) * 0 + 1"),
  mutant(
    "undefined leaves the old entry",
    "engine/fill",
    '  engine.memory.delete(target.id);\n  return "undefined";',
    '  return "undefined";',
  ),
  mutant("skip() stores all the same", "engine/fill", "if (notes.skipped)", "if (false)"),
  mutant("notModified() loses the tags", "engine/fill", "notes.notModified ? previous?.tags", "false ? previous?.tags"),
  mutant(
    "setOptions() is ignored",
    "engine/fill",
    "makeDraft(engine, target, notes.settings, value",
    "makeDraft(engine, target, target.settings, value",
  ),
  mutant(
    "a forced caller is given the old value",
    "engine/read",
    "found === undefined || settings.forceRefresh",
    "found === undefined",
  ),
  mutant("a hung refresh hangs everybody", "engine/single-flight", "|| this.#seemsHung(flight)", ""),
  mutant(
    "a background refresh may hang for ever",
    "engine/refresh",
    "  if (!run.flights.some((flight) => flight.background)) return;\n",
    "  return;\n",
  ),
  mutant(
    "a queued refresh starts in vain",
    "engine/refresh",
    "if (run.flights.every((flight) => engine.flights.isOvertaken(flight)))",
    "if (false)",
  ),
  mutant("getMany() refreshes nothing behind", "engine/read-many", "  refreshBehind(engine, behind, refresh);\n", ""),
  mutant(
    "deleteMatching() counts what is gone",
    "engine/remove-matching",
    "if (isUsableAt(entry, clock.now(), engine.settings.call)) usable++;",
    "usable++;",
  ),
  mutant("close() lets refreshes begin", "engine/single-flight", "    this.#isClosed = true;\n", ""),
  mutant("namespaces share their keys", "model/key", "`\\0${namespace.length}:${namespace}:`", '""'),
  mutant("marking stale leaves the back-off", "engine/backoff", "return isTouched(", "return false && isTouched("),
];
