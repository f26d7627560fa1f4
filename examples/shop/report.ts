// Lays out what the two runs measured. Every number comes from them.
import type { RunResult } from "./run.ts";
import type { Terminal } from "./terminal.ts";

export const LABEL = 34;
export const COLUMN = 16;
const SHOWN_VIOLATIONS = 3;

export function printComparison(terminal: Terminal, plain: RunResult, cached: RunResult): void {
  const { paint, line } = terminal;
  const row = (label: string, left: string, right: string, remark = ""): void =>
    line(`  ${label.padEnd(LABEL)}${left.padStart(COLUMN)}${right.padStart(COLUMN)}   ${remark}`.trimEnd());
  const good = (text: string): string => paint("green", text);
  const served = cached.served ?? { fresh: 0, stale: 0, miss: 0, fromFile: 0, fenced: 0 };
  const shareOf = (part: number): string => `${percent(part / cached.requests)} of requests`;

  line(paint("bold", `  ${"".padEnd(LABEL)}${"without cache".padStart(COLUMN)}${"with freshtier".padStart(COLUMN)}`));
  row("requests replayed", count(plain.requests), count(cached.requests));
  row("requests per second", rate(plain), rate(cached), good(`${times(perSecond(cached) / perSecond(plain))} as many`));
  row("latency, p50", duration(plain.p50Ms), duration(cached.p50Ms), good(faster(plain.p50Ms, cached.p50Ms)));
  row("latency, p99", duration(plain.p99Ms), duration(cached.p99Ms), good(faster(plain.p99Ms, cached.p99Ms)));
  row("database queries for pages", count(plain.pageQueries), count(cached.pageQueries));
  row("  per 1,000 requests", perThousand(plain), perThousand(cached), good(saved(plain, cached)));
  line();
  row("answered fresh", "", count(served.fresh), shareOf(served.fresh));
  row("answered stale, refreshed behind", "", count(served.stale), shareOf(served.stale));
  row("missed, waited for the database", "", count(served.miss), shareOf(served.miss));
  row("found in SQLite, not in memory", "", count(served.fromFile), shareOf(served.fromFile));
  line();
  row("prices changed", count(plain.priceChanges), count(cached.priceChanges));
  row("sales of a whole category", count(plain.sales), count(cached.sales), "started or ended");
  row("queries outdated on arrival", "", count(cached.verdict.outdatedOnArrival), "the price changed on their way");
  row("results kept out of the cache", "", count(served.fenced), "invalidated while they were loaded");
}

/** Prints what the cache has brought along from the last run, and what that was worth. */
export function printStart({ paint, line }: Terminal, { start }: RunResult): void {
  const { kept, unannounced, firstReads } = start;
  const { reads, hits } = firstReads ?? { reads: 0, hits: 0 };
  const first = `${count(hits)} of the first ${count(reads)} reads were hits.`;
  if (kept === 0) {
    line(`  ${paint("bold", "Cold start:")} no entries from a last run; ${first}`);
    line(paint("dim", "    Run it again: prices and cache are kept, and the next run starts warm."));
    return;
  }
  line(
    `  ${paint("bold", "Warm start:")} ${paint("green", `${count(kept)} entries`)} found from the last run; ${first}`,
  );
  line(`    ${count(unannounced)} prices had changed since; the cache was told of them before the shop opened.`);
}

/** Prints the referee's verdict. */
export function printVerdict(terminal: Terminal, { verdict }: RunResult): void {
  const { paint, line } = terminal;
  const { checked, checkedAfterChange, violations } = verdict;
  const failed = violations.length > 0;
  const mark = failed ? paint("red", "✘") : paint("green", "✔");
  const found = paint(failed ? "red" : "green", `${count(violations.length)} invalidated prices served`);
  line(`  ${mark} ${paint("bold", found)} in ${count(checked)} checked requests,`);
  line(`    ${count(checkedAfterChange)} of them for products whose price had changed before.`);
  printViolations(terminal, violations);
}

/** The first few of them. */
export function printViolations({ paint, line }: Terminal, violations: readonly string[]): void {
  for (const violation of violations.slice(0, SHOWN_VIOLATIONS)) line(`    ${paint("red", violation)}`);
  if (violations.length > SHOWN_VIOLATIONS) line(`    … and ${count(violations.length - SHOWN_VIOLATIONS)} more`);
}

export function count(value: number): string {
  return value.toLocaleString("en");
}

function perSecond({ requests, elapsedMs }: RunResult): number {
  return (requests * 1000) / elapsedMs;
}

function rate(result: RunResult): string {
  return count(Math.round(perSecond(result)));
}

type Queries = Pick<RunResult, "pageQueries" | "requests">;

function queriesPerRequest({ pageQueries, requests }: Queries): number {
  return pageQueries / requests;
}

export function perThousand(result: Queries): string {
  return count(Math.round(queriesPerRequest(result) * 1000));
}

export function saved(plain: Queries, cached: Queries): string {
  return `${percent(1 - queriesPerRequest(cached) / queriesPerRequest(plain))} saved`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function times(factor: number): string {
  return `${factor.toFixed(1)} ×`;
}

export function faster(plainMs: number, cachedMs: number): string {
  const factor = plainMs / cachedMs;
  if (factor < 1.05) return "";
  return factor < 1000 ? `${times(factor)} faster` : "over 1,000 × faster";
}

export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 1 ? `${(ms * 1000).toFixed(1)} µs` : `${ms.toFixed(1)} ms`;
}
