// Before the tests: finds or installs a Redis server, and builds the package, so that they run what a user gets.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { ensureRedisServer } from "./redis/find-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Says in the environment that it has been done: each group of tests would do it again. */
const DONE = "FRESHTIER_TEST_SETUP";

export default function setUp(project: TestProject): void {
  if (process.env[DONE] !== undefined) return;
  ensureRedisServer();
  buildPackage(project);
  process.env[DONE] = "done";
}

function buildPackage({ config }: TestProject): void {
  // Not `npm run build`: that empties dist first, under the feet of another run of the tests.
  const { status, stdout } = spawnSync("npm run build:types && npm run build:code", {
    cwd: root,
    encoding: "utf8",
    shell: true,
  });
  if (status === 0) return;
  // Both have written what they could: whoever tries one file may go on, `npm test` may not.
  if (config.coverage.enabled) throw new Error(`the build failed\n${stdout}`);
  console.error(stdout);
}
