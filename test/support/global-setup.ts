// Builds the package once before the tests: examples and release tests run what a user gets.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

const root = fileURLToPath(new URL("../..", import.meta.url));

export default function buildPackage({ config }: TestProject): void {
  // Not `npm run build`: that empties dist first, under the feet of another run of the tests.
  const tsc = ["node_modules/@typescript/native/bin/tsc", "-p", "."];
  const { status, stdout } = spawnSync(process.execPath, tsc, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  // tsc has built all the same: whoever tries one file may go on, `npm test` may not.
  if (config.coverage.enabled) throw new Error(`the build failed\n${stdout}`);
  console.error(stdout);
}
