// The table of values in the documentation, made of the list that the tests go by.

import { fileURLToPath } from "node:url";
import { KINDS, type Fate } from "./value-table.ts";

/** The page it stands on. */
export const VALUES_PAGE: string = fileURLToPath(new URL("../../src/codec/README.md", import.meta.url));

const WORDS: Readonly<Record<Fate, string>> = {
  carried: "as it is",
  refused: "refused",
  copied: "equal copies",
};

/** The table, in Markdown, as prettier aligns it. */
export function tableOfValues(): string {
  const head = ["value", "`msgpack`, `v8`", "`json`"];
  const rows = KINDS.map(({ kind, graph, json }) => [kind, WORDS[graph], WORDS[json]]);
  rows.push(["instances of taught classes", "as it is", "as it is"]);
  rows.push(["other class instances, functions, symbols, `URL`, promises, shared memory", "refused", "refused"]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
