// The mechanisms of the SQLite tier, each with the text that takes it out and the faults that show it soonest.

import type { Mutant } from "./mutants.ts";

/**
 * Nobody falls a minute behind within a short run. So messages are trimmed at once here, and read late: which harms nobody
 * who notices, as a run with these edits alone shows.
 */
export const HASTY_TRIMMING: Mutant["edits"] = [
  { file: "sqlite/log.ts", find: "const KEEP_MS: Milliseconds = 60_000;", replace: "const KEEP_MS = 0;" },
  { file: "sqlite/upkeep.ts", find: "const LOOK_MS: Milliseconds = 1_000;", replace: "const LOOK_MS = 10;" },
  { file: "sqlite/log-reader.ts", find: "const MIN_MS: Milliseconds = 1;", replace: "const MIN_MS = 50;" },
];

/** Every mutant on a SQLite file. */
export const SQLITE_MUTANTS: readonly Mutant[] = [
  {
    // The file stores what a flight brings whose lease has ended.
    name: "the lease check of a fill",
    store: "sqlite",
    edits: [
      {
        file: "sqlite/verbs.ts",
        find: '    if (store.leases.find(fullKey, now)?.token !== token) return { kind: "fenced" };\n',
        replace: "",
      },
    ],
    only: ["stop the process"],
    pace: 0.3,
  },
  {
    // A process hears of nothing that others write to the log.
    name: "the delivery of the log",
    store: "sqlite",
    edits: [
      { file: "sqlite/log-reader.ts", find: "        this.#tell((listener) => listener.onRow(row));\n", replace: "" },
    ],
    only: ["checkpoint"],
    pace: 1,
  },
  {
    // Messages that were trimmed before a process has read them go unnoticed.
    name: "the check for gaps in the log",
    store: "sqlite",
    edits: [
      { file: "sqlite/log-reader.ts", find: "if (row.id - row.messages !== position.id)", replace: "if (false)" },
      ...HASTY_TRIMMING,
    ],
    only: ["checkpoint"],
    pace: 1,
    calm: 20,
  },
  {
    // A process goes on with a file that is no longer where it was.
    name: "the identity of the file",
    store: "sqlite",
    edits: [
      {
        file: "sqlite/link.ts",
        find: "    if (files === undefined) return;\n",
        replace: "    if (files !== null) return;\n",
      },
    ],
    only: ["removed file", "replaced file", "kill the process"],
    pace: 1,
    calm: 40,
  },
];
