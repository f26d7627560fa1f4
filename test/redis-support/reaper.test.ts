// Whatever becomes of a test process, its servers do not outlive it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";

const fixture = fileURLToPath(new URL("orphan-fixture.ts", import.meta.url));

async function startFixture(ending: "never" | "by itself") {
  const child = spawn(process.execPath, ["--import", "tsx", fixture, ending], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const [pid, ...directories] = String(line).trim().split(" ");
  expect(directories).toHaveLength(2);
  return { child, exited, pid: Number(pid), directories };
}

async function expectGone(pid: number, directories: readonly string[]): Promise<void> {
  const what = "the server and both directories are gone";
  await waitUntil(() => !directories.some((directory) => existsSync(directory)) && !isAlive(pid), { what });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.concurrent("ends with a process that forgot to stop it", async () => {
  const { exited, pid, directories } = await startFixture("by itself");
  await expect(exited).resolves.toEqual([0, null]);
  await expectGone(pid, directories);
});

test.concurrent.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("ends with a process that got %s", async (signal) => {
  const { child, exited, pid, directories } = await startFixture("never");
  expect(isAlive(pid)).toBe(true);
  child.kill(signal);
  await exited;
  await expectGone(pid, directories);
});
