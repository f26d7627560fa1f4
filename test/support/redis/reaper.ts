// No server outlives the process that started it, however that one ends.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";

/**
 * Remembers the last line it was sent, and when its input ends, because the process that held the other end is gone,
 * kills the pids named there and removes the directories. Outlives Ctrl-C. An entry is `pid:directory`, or `:directory`
 * if the server is down; entries are separated by tabs.
 */
const SCRIPT = `
trap "" INT TERM HUP
set -f
while IFS= read -r line; do list=$line; done
IFS="	"
for entry in $list; do
  pid=\${entry%%:*}
  if [ -n "$pid" ]; then kill -9 "$pid" 2>/dev/null; fi
  rm -rf "\${entry#*:}"
done
`;

const pids = new Map<string, number | undefined>();
let reaper: ChildProcess | undefined;

/** From now on, the end of this process is the end of that directory and of the server that lives there, if it is up. */
export function guard(directory: string, pid: number | undefined): void {
  reaper ??= startReaper();
  pids.set(directory, pid);
  report();
}

/** That directory has been removed. */
export function unguard(directory: string): void {
  if (pids.delete(directory)) report();
}

function report(): void {
  reaper?.stdin?.write(`${[...pids].map(([directory, pid]) => `${pid ?? ""}:${directory}`).join("\t")}\n`);
}

function startReaper(): ChildProcess {
  const child = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.on("error", ignore);
  child.stdin.on("error", ignore);
  // It must not keep this process alive; a pipe has an unref that its type hides.
  child.unref();
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  process.once("exit", reapNow);
  return child;
}

/** An orderly end does not wait for the reaper. */
function reapNow(): void {
  for (const [directory, pid] of pids) {
    try {
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    } catch {
      // It has gone already.
    }
    rmSync(directory, { recursive: true, force: true });
  }
}

function ignore(): void {
  // What the reaper cannot do, the exit listener does.
}
