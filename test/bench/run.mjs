// Entry: runs the chosen workloads one after the other and prints what they measured.

import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { CONTROL, GROUPS, isBuilt, limitOf, loadContender, OURS, versions } from "./contenders/index.mjs";
import { readOptions, USAGE } from "./options.mjs";
import { findServer, startServer } from "./redis-server.mjs";
import { summaryTable, workloadTable } from "./report.mjs";
import { makeDirectory } from "./sqlite-files.mjs";
import { loadWorkload } from "./workloads/index.mjs";

const NO_SERVER =
  "**The Redis rows are left out: found neither redis-server nor valkey-server. " +
  "Install one, or set FRESHTIER_REDIS_SERVER to its path.**";

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await main(options);
} catch (error) {
  console.error(error);
  // Processes of contenders may still run, and this one would wait for them; they end when it does.
  process.exit(1);
}

async function main({ workloads: ids, contendersOf, pace, quick, json }) {
  const startedAt = performance.now();
  const workloads = await Promise.all(ids.map(loadWorkload));
  const program = workloads.some(({ group }) => group === "redis") ? findServer() : undefined;
  const machine = { ...describeMachine(), ...(program ? { server: program.version } : {}) };
  console.log(`# freshtier beside the others\n\n${intro(machine, quick)}\n`);
  const outcomes = [];
  for (const group of GROUPS) {
    const rows = workloads.filter((workload) => workload.group === group);
    if (rows.length === 0) continue;
    if (group === "redis" && program === undefined) console.log(`${NO_SERVER}\n`);
    else outcomes.push(...(await runGroup(rows, contendersOf(group), pace, group === "redis" ? program : undefined)));
  }
  console.log(`### Summary\n\n${summaryTable(outcomes)}\n`);
  console.log(`${Math.round((performance.now() - startedAt) / 1_000)} s in all.`);
  if (json) await writeFile(json, `${JSON.stringify({ machine, quick, versions: versions(), outcomes }, null, 2)}\n`);
}

async function runGroup(workloads, ids, pace, program) {
  const outcomes = [];
  const { group } = workloads[0];
  const contenders = await Promise.all(ids.map((id) => loadContender(group, id)));
  const resource = await openResource(group, program);
  try {
    for (const workload of workloads) {
      if (workload.only && !ids.includes(workload.only)) continue;
      const outcome = await runWorkload(workload, contenders, pace, resource);
      outcomes.push(outcome);
      console.log(`${workloadTable(outcome)}\n`);
    }
  } finally {
    await resource?.stop();
  }
  return outcomes;
}

/** What the contenders of a group work on outside their processes. */
async function openResource(group, program) {
  if (group === "sqlite") return makeDirectory();
  if (program === undefined) return undefined;
  const server = await startServer(program.path);
  return { ...server, place: server.url };
}

async function runWorkload(workload, contenders, pace, resource) {
  const reasons = new Map(contenders.map((contender) => [contender, reasonToStayAway(workload, contender)]));
  const present = contenders.filter((contender) => reasons.get(contender) === undefined);
  const rows = await workload.measure(present, pace, resource);
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
  if (notes[workload.id]) return notes[workload.id];
  if (id === limitOf(workload.group)) return "the limit";
  return id === CONTROL ? "the limit again: noise" : undefined;
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

function intro({ node, cpu, cores, platform, server }, quick) {
  const list = Object.entries(versions()).map(([name, version]) => `${name} ${version}`);
  return [
    `Node.js ${node}, ${cpu}, ${cores} cores, ${platform}${server ? `, ${server}` : ""}.`,
    `${list.join(", ")}.`,
    ...(isBuilt() ? [] : [`\n**${OURS} is missing: run \`npm run build\` first.**`]),
    ...(quick ? ["\n**A quick run: it shows that everything works; the numbers mean little.**"] : []),
  ].join("\n");
}
