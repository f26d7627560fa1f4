// Runs the tests of everything about Redis against each server named on the command line, and sums up:
// npx tsx test/redis/compat-servers.ts /usr/bin/redis-server /opt/valkey-8/valkey-server

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const FOLDERS = ["test/contract", "test/redis", "test/redis-support"];

const servers = process.argv.slice(2);
if (servers.length === 0) throw new Error("usage: compat-servers.ts <path of a server>…");
const failed = servers.filter((path) => !passes(path));
process.exitCode = failed.length > 0 ? 1 : 0;

function passes(path: string): boolean {
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=dot", ...FOLDERS];
  const env = { ...process.env, FRESHTIER_REDIS_SERVER: path, NO_COLOR: "1", FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, vitest, { cwd: root, encoding: "utf8", env });
  const tests = /^\s*Tests\s.*$/m.exec(stdout)?.[0].trim() ?? "no summary";
  console.log(`${versionOf(path).padEnd(16)} ${status === 0 ? "pass" : "FAIL"}  ${tests}  ${path}`);
  // The whole output only when it fails.
  if (status !== 0) console.log(stdout, stderr);
  return status === 0;
}

/** Such as `Redis 7.0.15`. */
function versionOf(path: string): string {
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  const [, product, version] = /(\w+) server v=([\d.]+)/.exec(stdout ?? "") ?? [];
  return product === undefined ? "unknown" : `${product} ${version}`;
}
