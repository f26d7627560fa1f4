// A program that is started, says that it is ready, and is stopped by its process id.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

const READY_MS = 20_000;
const STOP_MS = 5_000;

export interface Program {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A program of Node that goes on until it is stopped. */
export class Child {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Starts a program, and resolves with it and what `pattern` finds in its output. Rejects with what it said instead. */
  static async start(program: Program, pattern: RegExp): Promise<[child: Child, found: string]> {
    const running = run(program);
    const child = new Child(running);
    let said = "";
    try {
      const found = await new Promise<string>((resolve, reject) => {
        const fail = (): void => reject(new Error(`${program.args.join(" ")} has not started: ${said}`));
        const timer = setTimeout(fail, READY_MS);
        const look = (chunk: Buffer): void => {
          said += chunk.toString();
          const match = pattern.exec(said);
          if (match !== null) resolve(match[0]);
        };
        running.stdout?.on("data", look);
        running.stderr?.on("data", look);
        running.once("close", fail);
        void running.once("error", fail).once("spawn", () => timer.unref());
      });
      return [child, found];
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (hasEnded(this.#process)) return;
    const ended = once(this.#process, "close");
    this.#process.kill();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** Runs a program to its end, and resolves with its output. Rejects when it fails, or has not ended in time. */
export async function output(program: Program, deadlineMs: number): Promise<string> {
  const running = run(program);
  const [said, complained]: [string[], string[]] = [[], []];
  running.stdout?.setEncoding("utf8").on("data", (chunk: string) => said.push(chunk));
  running.stderr?.setEncoding("utf8").on("data", (chunk: string) => complained.push(chunk));
  const timer = setTimeout(() => running.kill("SIGKILL"), deadlineMs);
  const [code] = (await once(running, "close")) as [number | null];
  clearTimeout(timer);
  if (code === 0) return said.join("");
  const end = code === null ? `did not end within ${deadlineMs} ms` : `ended with ${code}`;
  throw new Error(`${program.args.join(" ")} ${end}: ${complained.join("")}`);
}

function run({ args, cwd, env = {} }: Program): ChildProcess {
  return spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
