// Import time: a new process that imports what the contender needs for a memory cache, and nothing else.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LIMIT } from "../contenders/index.mjs";
import { shuffled, spread } from "../statistics.mjs";

const run = promisify(execFile);
const cwd = fileURLToPath(new URL("..", import.meta.url));

// The first import of a process also starts the module loader, which is not the library's doing and would bring all
// ratios nearer to 1. An application has paid for it already.
const WARM_LOADER = 'await import("./settings.mjs");';

export const workload = {
  id: "import",
  title: "Import",
  limit: '`import "lru-cache"`',
  target: 3,
  needs: ["import"],
  unit: "ms, once Node.js and its module loader run",
  better: "lower",
  measure,
};

async function measure(contenders, pace) {
  // Once without counting: the first read of a file comes from the disk.
  for (const contender of contenders) await importOnce(contender, WARM_LOADER);
  const rounds = [];
  for (let round = 0; round < pace.importRounds; round++) rounds.push(await oneRound(contenders));
  return contenders.map(({ id, imports }) => {
    const first = spread(rounds.map((round) => round[id].first));
    const firstRatio = spread(rounds.map((round) => round[id].first / round[LIMIT].first));
    return {
      id,
      value: spread(rounds.map((round) => round[id].later)),
      ratio: spread(rounds.map((round) => round[id].later / round[LIMIT].later)),
      extra: {
        "as the very first import": `${first.median.toFixed(2)} ms, ${firstRatio.median.toFixed(2)} ×`,
        imports: imports.map((name) => (name.startsWith("file:") ? "freshtier" : name)).join(", "),
      },
    };
  });
}

async function oneRound(contenders) {
  const byId = {};
  for (const contender of shuffled(contenders)) {
    byId[contender.id] = { later: await importOnce(contender, WARM_LOADER), first: await importOnce(contender, "") };
  }
  return byId;
}

async function importOnce({ imports }, before) {
  const code = `
    ${before}
    const from = performance.now();
    ${imports.map((name) => `await import(${JSON.stringify(name)});`).join("\n")}
    process.stdout.write(String(performance.now() - from));
    process.exit();`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], { cwd });
  return Number(stdout);
}
