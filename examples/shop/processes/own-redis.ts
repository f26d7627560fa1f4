// A Redis of the demo's own: on a free port of this machine, with nothing on disk, to be killed at will.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findServer, NoRedisError } from "./find-server.ts";
import { ping } from "./redis-access.ts";

const HOST = "127.0.0.1";
const STARTS_WITHIN_MS = 10_000;

export class OwnRedis {
  readonly url: string;
  readonly #program: string;
  readonly #port: number;
  readonly #directory: string;
  #server: ChildProcess | undefined;

  private constructor(program: string, port: number) {
    this.url = `redis://${HOST}:${port}`;
    this.#program = program;
    this.#port = port;
    this.#directory = mkdtempSync(join(tmpdir(), "freshtier-shop-redis-"));
    process.once("exit", this.#remove);
  }

  /** Throws a {@link NoRedisError} if there is none to start. */
  static async start(env: NodeJS.ProcessEnv): Promise<OwnRedis> {
    const redis = new OwnRedis(findServer(env), await freePort());
    await redis.start();
    return redis;
  }

  /** Starts it, again after {@link kill}: on the same port, and empty. Resolves when it answers. */
  async start(): Promise<void> {
    const where = ["--bind", HOST, "--port", String(this.#port), "--dir", this.#directory];
    const server = spawn(this.#program, [...where, "--save", "", "--appendonly", "no"], { stdio: "ignore" });
    this.#server = server;
    let failure: string | undefined;
    server.once("error", (error) => (failure = error.message));
    server.once("exit", (code) => (failure = `it ended at once, with ${code}`));
    const deadlineAt = performance.now() + STARTS_WITHIN_MS;
    for (;;) {
      if ((await ping(this.url)) === undefined) return;
      if (performance.now() > deadlineAt) failure ??= "it does not answer";
      if (failure !== undefined) throw new NoRedisError(`${this.#program} cannot be started: ${failure}`);
      await delay(20);
    }
  }

  /** `kill -9`: all that it holds is gone. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null) return;
    const exited = once(server, "exit");
    server.kill("SIGKILL");
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    process.off("exit", this.#remove);
    this.#remove();
  }

  readonly #remove = (): void => {
    this.#server?.kill("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
  };
}

/** Below the range from which systems take ports for outgoing connections, so that none sits on it while it is down. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
