// Lays out what the run on several processes measured. Every number comes from it.
import { count, COLUMN, duration, faster, LABEL, percent, perThousand, printViolations, saved } from "../report.ts";
import type { RunResult } from "../run.ts";
import type { Terminal } from "../terminal.ts";
import type { OriginSummary } from "./latencies.ts";
import type { SharedRunResult } from "./run.ts";
import { BUS_MS } from "./touch.ts";

const ORIGIN_LABELS: Readonly<Record<OriginSummary["origin"], string>> = {
  memory: "memory of the process",
  redis: "Redis",
  database: "the database",
  all: "all of them",
};

export function printSharedComparison(terminal: Terminal, plain: RunResult, cached: SharedRunResult): void {
  const { paint, line } = terminal;
  const row = (label: string, left: string, right: string, remark = ""): void =>
    line(`  ${label.padEnd(LABEL)}${left.padStart(COLUMN)}${right.padStart(COLUMN)}   ${remark}`.trimEnd());
  const heading = (label: string, left: string, right: string): void =>
    line(paint("bold", `  ${label.padEnd(LABEL)}${left.padStart(COLUMN)}${right.padStart(COLUMN)}`));
  const good = (text: string): string => paint("green", text);
  const { p50Ms, p99Ms } = cached.all;

  heading("", "without cache", "with freshtier");
  row("requests replayed", count(plain.requests), count(cached.requests));
  row("latency, p50", duration(plain.p50Ms), duration(p50Ms), good(faster(plain.p50Ms, p50Ms)));
  row("latency, p99", duration(plain.p99Ms), duration(p99Ms), good(faster(plain.p99Ms, p99Ms)));
  row("database queries for pages", count(plain.pageQueries), count(cached.pageQueries));
  row("  per 1,000 requests", perThousand(plain), perThousand(cached), good(saved(plain, cached)));
  line();
  heading("answered from", "latency, p50", "latency, p99");
  for (const { origin, count: answers, p50Ms: half, p99Ms: most } of cached.origins) {
    const share = `${percent(answers / Math.max(1, cached.all.count))} of requests`;
    row(ORIGIN_LABELS[origin], duration(half), duration(most), share);
  }
  line();
  row("prices changed", count(plain.priceChanges), count(cached.priceChanges));
  row("sales of a whole category", count(plain.sales), count(cached.sales), "started or ended");
  row("results kept out of the cache", "", count(cached.fenced), "invalidated while they were loaded");
  row("queries left to another process", "", count(cached.spared), "which had made them already");
}

/** Prints the referee's verdict. */
export function printSharedVerdict(terminal: Terminal, result: SharedRunResult): void {
  const { paint, line } = terminal;
  const { verdict, lost, replayed, pending, undelivered, notBack } = result;
  const { checked, checkedAfterChange, violations, withinBound, longestMs, outOfTouch, longestOutOfTouchMs } = verdict;
  const failed = violations.length > 0;
  const mark = failed ? paint("red", "✘") : paint("green", "✔");
  const found = `${count(violations.length)} invalidated prices served outside the promised bound`;
  line(`  ${mark} ${paint("bold", paint(failed ? "red" : "green", found))} in ${count(checked)} checked requests,`);
  line(`    ${count(checkedAfterChange)} of them for products whose price had changed before.`);
  line("    The bound: the process that invalidates a price may not show the old one again from then on.");
  line(`    The others have ${BUS_MS} ms to hear of it: ${seen(withinBound, longestMs)}.`);
  if (outOfTouch > 0) line(`    Out of touch with Redis, and until back: ${seen(outOfTouch, longestOutOfTouchMs)}.`);
  if (lost > 0) {
    const requests = lost === 1 ? "1 more request was lost" : `${count(lost)} more requests were lost`;
    line(`    ${requests} with ${lost === 1 ? "its" : "their"} process: no answer, nothing to check.`);
  }
  if (replayed > 0) {
    line(`    ${count(replayed)} invalidations were replayed, of which ${count(pending)} had been pending.`);
  }
  if (undelivered > 0) line(`    ${paint("red", `${count(undelivered)} of them never reached Redis.`)}`);
  if (notBack.length > 0) line(`    ${paint("red", `${notBack.join(", ")} did not find back to Redis.`)}`);
  printViolations(terminal, violations);
}

function seen(times: number, longestMs: number): string {
  if (times === 0) return "no old price was seen in that time";
  const how = times === 1 ? "one old price was" : `${count(times)} old prices were`;
  return `${how} seen, the last ${duration(longestMs)} after`;
}
