// Ways to break the engine, one at a time. The exploration must notice each.

import type { EpochKind } from "../../src/model/epoch.ts";
import type { Edit } from "../support/bundle.ts";

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
const APPLY_HERE = "engine/apply-here.ts";

/** Where tags, namespaces and everything come to an end. */
const BUMP = "    epochs.bump(epoch, soft);\n";
const bumpAllBut = (kind: EpochKind): string => `    if (epoch.kind !== "${kind}") epochs.bump(epoch, soft);\n`;

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
        find: "    const arriving = arrive(",
        replace:
          "    flight.looked = engine.flights.mayStore(flight, undefined);\n    await null;\n    await null;\n" +
          "    const arriving = arrive(",
      },
      {
        file: FLIGHTS,
        find: "return !this.isOvertaken(flight) && !(",
        replace: "return flight.looked || !this.isOvertaken(flight) && !(",
      },
    ],
  },
  mutant("takes flights for newer than every invalidation", "engine/draft.ts", "asOf: epochs.now,", "asOf: Infinity,"),
  mutant("set() fences nothing", "engine/setting.ts", "  flights.fence(target.id, number);\n", ""),
  mutant(
    "delete() fences nothing",
    APPLY_HERE,
    "  flights.fence(id, number);\n",
    "  if (soft) flights.fence(id, number);\n",
  ),
  mutant("delete() deletes nothing", APPLY_HERE, "  else memory.delete(id);\n", ""),
  mutant(
    "markStale() fences nothing",
    APPLY_HERE,
    "  flights.fence(id, number);\n",
    "  if (!soft) flights.fence(id, number);\n",
  ),
  mutant("markStale() marks nothing", APPLY_HERE, "  if (isEnded(entry)) return;\n", "  return;\n"),
  mutant("deleteMatching() fences nothing", "engine/remove-matching.ts", "  flights.fenceWhere(", "  void ("),
  mutant("clear() keeps what is stored", APPLY_HERE, "    if (epoch === epochs.root && !soft) memory.clear();\n", ""),
  mutant("clear() ends what is stored alone", APPLY_HERE, BUMP, bumpAllBut("root")),
  mutant("no tag invalidation happens", APPLY_HERE, BUMP, bumpAllBut("tag")),
  mutant("no namespace invalidation happens", APPLY_HERE, BUMP, bumpAllBut("namespace")),
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
  mutant(
    "the fast path looks at no epochs",
    "fast-path.ts",
    "isTouched(entry) || !this.#clock.isAhead(entry.freshUntil)) return undefined;",
    "!this.#clock.isAhead(entry.freshUntil)) return undefined;",
  ),
  mutant(
    "nobody doubts a flight he joined late",
    "engine/ride.ts",
    "isDoubtful: running.asOf < epochs.now",
    "isDoubtful: false",
  ),
];
