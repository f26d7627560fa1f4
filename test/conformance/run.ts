// Entry: measures the reverse proxy of examples with the public suite of tests for HTTP caches, and prints what came of it.

import { parseArgs } from "node:util";
import { DEVIATIONS } from "./deviations.ts";
import { measure } from "./measure.ts";
import { report } from "./report.ts";
import { loadSuite } from "./suite.ts";
import { judge, together } from "./verdict.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { suite: text, redis: { type: "boolean", default: false }, "set-cookie": text },
});
const { redis: hasRedis, "set-cookie": setCookie } = values;
const suite = await loadSuite(values.suite);
const startedAt = performance.now();
const isUsual = suite.isPackaged && setCookie === undefined;
let results = await measure(suite, { hasRedis, setCookie });
let verdict = judge(suite, results, DEVIATIONS, isUsual);
if (verdict.problems.length > 0) {
  console.error(`Once more, because ${verdict.problems.join("; ")}.`);
  results = together(results, await measure(suite, { hasRedis, setCookie }), DEVIATIONS);
  verdict = judge(suite, results, DEVIATIONS, isUsual);
}
const seconds = Math.round((performance.now() - startedAt) / 1_000);
const how = `${hasRedis ? "memory and Redis" : "memory"}, Node.js ${process.version}, ${seconds} s`;
console.log(report(`${suite.title} (${how})`, verdict, DEVIATIONS));
process.exitCode = verdict.problems.length === 0 ? 0 : 1;
