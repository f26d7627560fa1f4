// Ways to break the engine, one at a time. The exploration must notice each.

import type { Edit } from "./bundle.ts";

/** A broken engine. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

const mutant = (name: string, file: string, find: string, replace: string): Mutant => ({
  name,
  edits: [{ file, find, replace }],
});

const FLIGHTS = "engine/single-flight.ts";

/** Every mutant. */
export const MUTANTS: readonly Mutant[] = [
  mutant("fences no flight", FLIGHTS, "    flight.fenced = true;\n", ""),
  mutant("stores every result", FLIGHTS, "return !this.isOvertaken(flight) && !(", "return true || !("),
  mutant(
    "lets everybody join what is running",
    FLIGHTS,
    "if (flight === undefined || !(this.isOvertaken(flight) || this.#seemsHung(flight))) return flight;",
    "return flight;",
  ),
  mutant("keeps no flights to join", FLIGHTS, "    this.#joinable.set(flight.target.id, flight);\n", ""),
  mutant("overlooks clear()", FLIGHTS, "this.#epochs.clearedAt > begun.asOf", "false"),
  mutant("overlooks namespaces and tags of the call", FLIGHTS, "isTouched(begun)", "false"),
  {
    name: "overlooks tags that a refresh names",
    edits: [
      { file: FLIGHTS, find: " || areNamedTouched;", replace: ";" },
      { file: FLIGHTS, find: "areTagsTouched(tags, flight.asOf)", replace: "false" },
    ],
  },
  {
    name: "awaits between the look at the fence and the store",
    edits: [
      {
        file: "engine/refresh.ts",
        find: "    const durationMs = durationOf(engine, run);\n    arrive(",
        replace:
          "    const durationMs = durationOf(engine, run);\n" +
          "    flight.looked = engine.flights.mayStore(flight, undefined);\n    await null;\n    await null;\n    arrive(",
      },
      {
        file: FLIGHTS,
        find: "return !this.isOvertaken(flight) && !(",
        replace: "return flight.looked || !this.isOvertaken(flight) && !(",
      },
    ],
  },
  mutant("takes flights for newer than every invalidation", "engine/write.ts", "asOf: epochs.now,", "asOf: Infinity,"),
  mutant("set() fences nothing", "engine/write.ts", "  flights.fence(id);\n", ""),
  mutant(
    "delete() fences nothing",
    "engine/invalidate.ts",
    "  memory.delete(id);\n  flights.fence(id);\n",
    "  memory.delete(id);\n",
  ),
  mutant(
    "delete() deletes nothing",
    "engine/invalidate.ts",
    "  memory.delete(id);\n  flights.fence(id);\n",
    "  flights.fence(id);\n",
  ),
  mutant("markStale() fences nothing", "engine/invalidate.ts", "  flights.fence(id);\n  // A rescue", "  // A rescue"),
  mutant(
    "markStale() marks nothing",
    "engine/invalidate.ts",
    "  if (entry !== undefined && !isEnded(entry)) {",
    "  if (false) {",
  ),
  mutant("deleteMatching() fences nothing", "engine/invalidate.ts", "  flights.fenceWhere(", "  void ("),
  mutant("clear() keeps what is stored", "engine/invalidate.ts", "  engine.memory.clear();\n", ""),
  mutant("no tag invalidation happens", "engine/invalidate.ts", "    engine.epochs.bumpTag(tag, soft);\n", ""),
  mutant(
    "no namespace invalidation happens",
    "engine/invalidate.ts",
    "  engine.epochs.bumpNamespace(namespace, soft);\n",
    "",
  ),
  mutant(
    "reads take ended entries for good",
    "model/epoch.ts",
    "return namespaceEpoch.hard > asOf ||",
    "return false &&",
  ),
  mutant(
    "reads take marked entries for fresh",
    "model/epoch.ts",
    "return namespaceEpoch.soft > asOf ||",
    "return false &&",
  ),
  mutant("the fast path looks at no epochs", "manager.ts", "isTouched(entry)", "false"),
  mutant(
    "nobody doubts a flight he joined late",
    "engine/read.ts",
    "isDoubtful: flight.asOf < epochs.now",
    "isDoubtful: false",
  ),
];
