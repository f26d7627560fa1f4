// Another process that holds the lock of a file: for as long as a test wants, or for good if it is killed.

import { fork, type ChildProcess } from "node:child_process";
import { afterEach } from "vitest";
import { buildPrograms } from "./programs.ts";

const holders: ChildProcess[] = [];

/** After each test of the file: ends what holds a lock. */
export function endLocks(): void {
  afterEach(() => {
    for (const holder of holders.splice(0)) holder.kill("SIGKILL");
  });
}

/** Has another process begin an exclusive transaction. Resolves when it has, with what ends it. */
export async function holdLock(path: string): Promise<() => Promise<void>> {
  const { fileOf } = await buildPrograms();
  const holder = fork(fileOf("lock"), [path], { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  holders.push(holder);
  await new Promise((resolve, reject) => {
    holder.once("message", resolve);
    holder.once("exit", () => reject(new Error("the process that is to hold the lock has ended")));
  });
  return async () => {
    const ended = new Promise((resolve) => holder.once("exit", resolve));
    holder.kill("SIGKILL");
    await ended;
  };
}
