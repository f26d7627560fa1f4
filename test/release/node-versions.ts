// Runs the tests on every supported line of Node, one after the other (npm fetches the versions), and sums up.

import { spawnSync } from "node:child_process";
import { root } from "./entry-points.ts";

const VERSIONS = ["20.19.0", "22", "24", "26"];

const failed = VERSIONS.filter((version) => !passes(version));
process.exitCode = failed.length > 0 ? 1 : 0;

function passes(version: string): boolean {
  // Without a reporter that redraws; the whole output only when it fails.
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=dot", ...process.argv.slice(2)];
  const npx = ["--yes", "--package", `node@${version}`, "node", ...vitest];
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync("npx", npx, { cwd: root, encoding: "utf8", env });
  const tests = /^\s*Tests\s.*$/m.exec(stdout)?.[0].trim() ?? "no summary";
  console.log(`Node ${version.padEnd(8)} ${status === 0 ? "pass" : "FAIL"}  ${tests}`);
  if (status !== 0) console.log(stdout, stderr);
  return status === 0;
}
