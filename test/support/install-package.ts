// Installs a package of the distribution where that is allowed: root on Debian and Ubuntu, Homebrew on macOS.

import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

const POLICY = "/usr/sbin/policy-rc.d";

/** What a program is in, by distribution; the first that there is. */
export interface PackageNames {
  readonly debian: readonly string[];
  readonly homebrew: string;
}

/** True if it was installed; false if this process may not install anything, or could not. */
export function installPackage({ debian, homebrew }: PackageNames): boolean {
  if (process.platform === "darwin") return run("brew", ["install", homebrew]);
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  run("apt-get", ["update"]);
  return withoutServices(() => debian.some(aptInstall));
}

function aptInstall(name: string): boolean {
  // Another process of the tests may be at it as well.
  return run("apt-get", ["-o", "DPkg::Lock::Timeout=120", "install", "--yes", "--no-install-recommends", name]);
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
