// Markdown tables: one per workload, and the summary.

import { CONTROL, LIMIT, limitOf, OURS, SAME_PAYLOAD } from "./contenders/index.mjs";

/** @param {object} outcome `{ workload, rows, absent }` */
export function workloadTable({ workload, rows, absent }) {
  const extras = [...new Set(rows.flatMap((row) => Object.keys(row.extra ?? {})))];
  const noted = rows.some((row) => row.note);
  const header = ["", workload.unit, "quartiles", "× limit", "quartiles", ...extras, ...(noted ? ["note"] : [])];
  const body = sortedRows(workload, rows).map((row) => [
    labelOf(workload, row),
    amount(row.value.median),
    `${amount(row.value.low)} – ${amount(row.value.high)}`,
    row.ratio.median.toFixed(2),
    `${row.ratio.low.toFixed(2)} – ${row.ratio.high.toFixed(2)}`,
    ...extras.map((name) => row.extra?.[name] ?? ""),
    ...(noted ? [row.note ?? ""] : []),
  ]);
  return [
    `### ${workload.title}`,
    "",
    `\`${workload.id}\`, limit: ${workload.limit}. Target: ${targetOf(workload)}.`,
    "",
    table(header, body),
    ...(absent.length > 0
      ? ["", `Not in this table: ${absent.map(({ name, why }) => `${name} (${why})`).join(", ")}.`]
      : []),
  ].join("\n");
}

/** @param {readonly object[]} outcomes */
export function summaryTable(outcomes) {
  const header = ["workload", "freshtier × limit", "target", "", "best rival × limit", "its name", "control"];
  return table(
    header,
    outcomes.flatMap((outcome) => [summaryRow(outcome), ...bytesRow(outcome)]),
  );
}

function summaryRow({ workload, rows }) {
  const ours = judgedRatio(workload, rows, OURS);
  const rival = bestRival(workload, rows);
  const control = rows.find((row) => row.id === CONTROL);
  return [
    `\`${workload.id}\``,
    ours === undefined ? "–" : ours.toFixed(2),
    targetOf(workload),
    verdict(workload, ours),
    rival ? rival.judged.toFixed(2) : "–",
    rival?.name ?? "–",
    control ? control.ratio.median.toFixed(2) : "–",
  ];
}

/** Memory has a second target, in bytes, whatever the size of the values. */
function bytesRow({ workload, rows }) {
  if (workload.bytesTarget === undefined) return [];
  const bytes = (row) => (row ? `${row.bytesAboveLimit.toFixed(0)} B` : "–");
  const ours = rows.find((row) => row.id === OURS);
  const [rival] = rows
    .filter(({ id }) => id !== OURS && id !== LIMIT)
    .sort((a, b) => a.bytesAboveLimit - b.bytesAboveLimit);
  const met = ours && ours.bytesAboveLimit <= workload.bytesTarget ? "reached" : "missed";
  const target = `≤ ${workload.bytesTarget} B`;
  return [
    [
      `\`${workload.id}\`, above lru-cache`,
      bytes(ours),
      target,
      ours ? met : "",
      bytes(rival),
      rival?.name ?? "–",
      "–",
    ],
  ];
}

/** What counts for the target. Where sizes are compared: the worst of them; where every round counts: the worst round. */
function judgedRatio(workload, rows, id) {
  const own = rows.filter((row) => row.id === id);
  if (own.length === 0) return undefined;
  if (workload.compares === "sizes") {
    const medians = own.map((row) => row.value.median);
    return Math.max(...medians) / Math.min(...medians);
  }
  return workload.worstCounts ? own[0].worst : own[0].ratio.median;
}

function bestRival(workload, rows) {
  if (workload.hasRivals === false) return undefined;
  const notRivals = [OURS, limitOf(workload.group), CONTROL, SAME_PAYLOAD];
  const names = new Map(rows.filter(({ id }) => !notRivals.includes(id)).map(({ id, name }) => [id, name]));
  const sign = workload.better === "higher" ? -1 : 1;
  const [best] = [...names]
    .map(([id, name]) => ({ name, judged: judgedRatio(workload, rows, id) }))
    .sort((a, b) => sign * (a.judged - b.judged));
  return best;
}

function labelOf(workload, { name, size }) {
  if (size === undefined) return name;
  const entries = `${size.toLocaleString("en")} ${size === 1 ? "entry" : "entries"}`;
  return workload.only ? entries : `${name}, ${entries}`;
}

function verdict({ target, better }, ratio) {
  if (target === undefined || ratio === undefined) return "";
  return (better === "higher" ? ratio >= target : ratio <= target) ? "reached" : "missed";
}

function targetOf({ target, better }) {
  return target === undefined ? "none" : `${better === "higher" ? "≥" : "≤"} ${target} ×`;
}

function sortedRows(workload, rows) {
  if (workload.compares === "sizes") return rows;
  const sign = workload.better === "higher" ? -1 : 1;
  return [...rows].sort((a, b) => sign * (a.ratio.median - b.ratio.median));
}

function amount(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}

function table(header, rows) {
  const lines = [header, header.map((_, i) => (i === 0 ? "---" : "--:")), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
