// Entry: runs the chosen workloads one after the other and prints what they measured.

import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { CONTROL, isBuilt, LIMIT, loadContender, OURS, versions } from "./contenders/index.mjs";
import { readOptions, USAGE } from "./options.mjs";
import { summaryTable, workloadTable } from "./report.mjs";
import { loadWorkload } from "./workloads/index.mjs";

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await main(options);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

async function main({ workloads, contenders: ids, pace, quick, json }) {
  const startedAt = performance.now();
  const contenders = await Promise.all(ids.map(loadContender));
  const machine = describeMachine();
  console.log(`# freshtier beside the others\n\n${intro(machine, quick)}\n`);
  const outcomes = [];
  for (const id of workloads) {
    const workload = await loadWorkload(id);
    if (workload.only && !ids.includes(workload.only)) continue;
    const outcome = await runWorkload(workload, contenders, pace);
    outcomes.push(outcome);
    console.log(`${workloadTable(outcome)}\n`);
  }
  console.log(`### Summary\n\n${summaryTable(outcomes)}\n`);
  console.log(`${Math.round((performance.now() - startedAt) / 1_000)} s in all.`);
  if (json) await writeFile(json, `${JSON.stringify({ machine, quick, versions: versions(), outcomes }, null, 2)}\n`);
}

async function runWorkload(workload, contenders, pace) {
  const reasons = new Map(contenders.map((contender) => [contender, reasonToStayAway(workload, contender)]));
  const present = contenders.filter((contender) => reasons.get(contender) === undefined);
  const rows = await workload.measure(present, pace);
  const byId = new Map(contenders.map((contender) => [contender.id, contender]));
  return {
    workload,
    rows: rows.map((row) => ({
      ...row,
      name: byId.get(row.id).name,
      note: noteOf(workload, byId.get(row.id)),
    })),
    absent: contenders.flatMap((contender) => {
      const why = reasons.get(contender);
      return why === undefined || workload.only || contender.id === CONTROL ? [] : [{ name: contender.name, why }];
    }),
  };
}

function noteOf(workload, { id, notes }) {
  if (id === LIMIT) return "the limit";
  if (id === CONTROL) return "the limit again: noise";
  return notes[workload.id];
}

function reasonToStayAway({ needs, only }, contender) {
  if (only && contender.id !== only) return "not its row";
  return needs.map((need) => contender.lacks[need]).find((reason) => reason !== undefined);
}

function describeMachine() {
  const cores = cpus();
  return {
    node: process.version,
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    platform: `${process.platform} ${process.arch}`,
  };
}

function intro({ node, cpu, cores, platform }, quick) {
  const list = Object.entries(versions()).map(([name, version]) => `${name} ${version}`);
  return [
    `Node.js ${node}, ${cpu}, ${cores} cores, ${platform}.`,
    `${list.join(", ")}.`,
    ...(isBuilt() ? [] : [`\n**${OURS} is missing: run \`npm run build\` first.**`]),
    ...(quick ? ["\n**A quick run: it shows that everything works; the numbers mean little.**"] : []),
  ].join("\n");
}
