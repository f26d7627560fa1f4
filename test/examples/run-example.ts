// Runs an example the way a reader would, as its own process, and hands back all that it said.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const EXAMPLES = new URL("../../examples/", import.meta.url);

export interface ExampleRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param env what differs from the environment of this process */
export async function runExample(
  file: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ExampleRun> {
  // Node.js 22 says of its SQLite that it is experimental.
  const quiet = "--disable-warning=ExperimentalWarning";
  const child = spawn(process.execPath, [quiet, "--import", "tsx", `examples/${file}`, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [exitCode, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { exitCode, stdout, stderr };
}

export function exampleFiles(): string[] {
  return readdirSync(EXAMPLES).filter((file) => file.endsWith(".ts"));
}
