// Installs the distribution's Redis where that is allowed: root on Debian and Ubuntu, Homebrew on macOS.

import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

const POLICY = "/usr/sbin/policy-rc.d";

/** True if a server was installed; false if this process may not install one, or could not. */
export function installRedisServer(): boolean {
  if (process.platform === "darwin") return run("brew", ["install", "redis"]);
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  run("apt-get", ["update"]);
  // Debian has one or the other, or both.
  return withoutServices(() => aptInstall("redis-server") || aptInstall("valkey-server"));
}

function aptInstall(name: string): boolean {
  return run("apt-get", ["install", "--yes", "--no-install-recommends", name]);
}

/** Packages of servers start them; a policy that says no, for as long as the installation takes, prevents it. */
function withoutServices<T>(install: () => T): T {
  if (existsSync(POLICY)) return install();
  writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(POLICY, { force: true });
  }
}

function run(program: string, args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Standard output belongs to the reporter of the tests.
  const { status } = spawnSync(program, args, { env, stdio: ["ignore", "ignore", "inherit"], timeout: 300_000 });
  return status === 0;
}
