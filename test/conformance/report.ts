// A verdict as Markdown.

import type { Deviation } from "./deviations.ts";
import { matches } from "./deviations.ts";
import type { Count, Failure, Verdict } from "./verdict.ts";

/** Counts, what deviates on purpose and why, what else does not pass, and what is wrong with that. */
export function report(title: string, verdict: Verdict, deviations: readonly Deviation[]): string {
  const { ours, others, all, onPurpose, unexplained, problems } = verdict;
  const row = ({ name, required, optimal }: Count): string[] => [name, String(required), String(optimal)];
  const parts = [
    `# Conformance of the proxy\n\n${title}, beside what it carries of others.`,
    table(["", `required (of ${all.required})`, `optimal (of ${all.optimal})`], [ours, ...others].map(row)),
    "## Not passed on purpose",
    table(["tests", "why", "see"], rowsOf(onPurpose, deviations)),
  ];
  if (unexplained.length > 0) {
    const rows = unexplained.map(({ test, reason }) => [`\`${test.id}\` (${test.kind})`, `${test.name}: ${reason}`]);
    parts.push("## Not passed", table(["test", "reason"], rows));
  }
  if (problems.length > 0) parts.push("## Wrong", problems.map((problem) => `- ${problem}`).join("\n"));
  return parts.join("\n\n");
}

/** One row for each deviation that was met. */
function rowsOf(failures: readonly Failure[], deviations: readonly Deviation[]): string[][] {
  return deviations.flatMap(({ tests, because, see }) => {
    const met = failures.filter(({ test }) => tests.some((pattern) => matches(pattern, test.id)));
    const names = met.map(({ test }) => `\`${test.id}\`${test.kind === "required" ? "" : " (optimal)"}`);
    return met.length === 0 ? [] : [[names.join(", "), because, see]];
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
