// The process of one server in a temporary directory of its own: start, signals, end.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redisServer } from "./find-server.ts";
import { guard, unguard } from "./reaper.ts";

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<void>;
}

/** A server that may be down. */
export class ServerProcess {
  /** Where it keeps its files, until {@link remove}. */
  readonly directory: string = mkdtempSync(join(tmpdir(), "freshtier-redis-"));
  #running: Running | undefined;

  constructor() {
    guard(this.directory, undefined);
  }

  /** Its process id; undefined while it is down. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** What it has written, all starts together. */
  log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  get #logFile(): string {
    return join(this.directory, "server.log");
  }

  /** Starts it; it is not ready yet. */
  start(args: readonly string[]): void {
    if (this.#running !== undefined) throw new Error(`the server is running already, as process ${this.#running.pid}`);
    const log = openSync(this.#logFile, "a");
    const child = spawn(redisServer().path, args, { cwd: this.directory, stdio: ["ignore", log, log] });
    closeSync(log);
    const { pid } = child;
    if (pid === undefined) throw new Error(`${redisServer().path} does not start`);
    const exited = new Promise<void>((resolve) => {
      child.once("exit", () => {
        guard(this.directory, undefined);
        this.#running = undefined;
        resolve();
      });
    });
    guard(this.directory, pid);
    // A test that forgot it ends all the same, and the server with it.
    child.unref();
    this.#running = { child, pid, exited };
  }

  /** Sends a signal to it if it is up. */
  signal(name: NodeJS.Signals): void {
    this.#running?.child.kill(name);
  }

  /** Kills it, stopped or not. Resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.#running === undefined) return;
    const { child, exited } = this.#running;
    child.ref();
    child.kill("SIGKILL");
    await exited;
  }

  /** Removes its directory. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
    unguard(this.directory);
  }
}
