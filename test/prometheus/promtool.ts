// Prometheus' own checks, by its promtool, which is installed where there is none.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackage } from "../support/install-package.ts";

const HOW_TO_INSTALL = "install promtool (Debian, Ubuntu: apt-get install prometheus; macOS: brew install prometheus)";

/** Makes sure that there is one. @throws what to install where it cannot be */
export function ensurePromtool(): void {
  if (isThere()) return;
  installPackage({ debian: ["prometheus"], homebrew: "prometheus" });
  if (!isThere()) throw new Error(`these tests need promtool and found none: ${HOW_TO_INSTALL}`);
}

function isThere(): boolean {
  return spawnSync("promtool", ["--version"]).status === 0;
}

/** What `promtool check metrics` has to say against a text, which is nothing for a good one. */
export function checkMetrics(text: string): string {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  const said = `${stdout}${stderr}`.trim();
  return status === 0 ? said : `exit ${status}: ${said}`;
}

/** What `promtool check rules` has to say against a file of rules: errors, or nothing. */
export function checkRules(yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), "freshtier-rules-"));
  try {
    writeFileSync(join(folder, "rules.yml"), yaml);
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", "rules.yml"], {
      cwd: folder,
      encoding: "utf8",
    });
    return status === 0 ? "" : `${stdout}${stderr}`.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
