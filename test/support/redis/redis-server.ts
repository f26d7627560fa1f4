// One server of a test: what can be done to it and asked of it.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../wait-until.ts";
import { openConnection } from "./resp-connection.ts";
import type { RespConnection } from "./resp-connection.ts";
import type { Reply } from "./resp.ts";
import type { ServerProcess } from "./server-process.ts";

const READY_MS = 15_000;

/** Undoes a fault or a setting. */
export type Undo = () => Promise<void>;

/** The command line for a port and a directory. */
export type ArgsFor = (port: number, directory: string) => string[];

/** A server of a test. Made by {@link startRedis}. */
export class RedisServer {
  readonly host = "127.0.0.1";
  readonly port: number;
  readonly password: string | undefined;
  readonly #process: ServerProcess;
  readonly #argsFor: ArgsFor;

  constructor(process: ServerProcess, port: number, password: string | undefined, argsFor: ArgsFor) {
    this.#process = process;
    this.port = port;
    this.password = password;
    this.#argsFor = argsFor;
  }

  /** `redis://127.0.0.1:port`, with the password if it has one. */
  get url(): string {
    const login = this.password === undefined ? "" : `:${encodeURIComponent(this.password)}@`;
    return `redis://${login}${this.host}:${this.port}`;
  }

  /** Its process id; undefined while it is down. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Where it keeps its files. */
  get directory(): string {
    return this.#process.directory;
  }

  /** What it has written, for the message of a failure. */
  log(): string {
    return this.#process.log();
  }

  /** Starts it again after {@link kill9}, with what is on disk; resolves when it answers. */
  async start(): Promise<void> {
    this.#process.start(this.#argsFor(this.port, this.directory));
    let reason: unknown;
    await waitUntil(
      async () => {
        if (this.pid === undefined) return true;
        reason = await this.command("PING").catch((error: unknown) => error);
        return reason === "PONG" && (await this.#isWhoAnswers());
      },
      { deadlineMs: READY_MS, what: `the server on port ${this.port} answers` },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)} (${String(reason)})\n${this.log()}`, { cause: error });
    });
    if (this.pid === undefined) throw new Error(`the server on port ${this.port} ended at once\n${this.log()}`);
  }

  /** Kills it and removes its directory. Once is enough, more is harmless. */
  async stop(): Promise<void> {
    await this.#process.kill();
    this.#process.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** `kill -9`: what is not on disk is lost. */
  async kill9(): Promise<void> {
    await this.#process.kill();
  }

  /** `SIGSTOP`: connections stay open, new ones are accepted by the system, nothing is answered. */
  pause(): void {
    this.#process.signal("SIGSTOP");
  }

  /** `SIGCONT`: it answers what was sent to it meanwhile. */
  resume(): void {
    this.#process.signal("SIGCONT");
  }

  /**
   * Ends it and starts it on the same port, with its data or `empty`. Settings made at run time are lost. A server that
   * was killed before comes back with what it had written to disk.
   */
  async restart({ empty = false }: { readonly empty?: boolean } = {}): Promise<void> {
    this.resume();
    if (!empty && this.pid !== undefined) await this.command("SAVE");
    await this.#process.kill();
    if (empty) this.#dropData();
    await this.start();
  }

  /**
   * A connection of its own, which is not the library's under test. Close it. With another password, for a server whose
   * password was changed.
   */
  connect(password: string | undefined = this.password): Promise<RespConnection> {
    return openConnection({ port: this.port, password });
  }

  /** Sends one command on a connection of its own. Rejects with a `RespError` if the server says so. */
  async command(...args: readonly (string | number | Buffer)[]): Promise<Reply> {
    const connection = await this.connect();
    try {
      return await connection.send(...args);
    } finally {
      connection.close();
    }
  }

  /** A section of `INFO`. */
  async info(section: string): Promise<string> {
    return String(await this.command("INFO", section));
  }

  /** Changes settings; the undo puts the old values back. */
  async config(settings: Readonly<Record<string, string | number>>): Promise<Undo> {
    const before: [string, string][] = [];
    for (const [name, value] of Object.entries(settings)) {
      const reply = await this.command("CONFIG", "GET", name);
      const old = Array.isArray(reply) ? reply[1] : undefined;
      if (typeof old !== "string") throw new Error(`this server has no setting ${name}`);
      before.unshift([name, old]);
      await this.command("CONFIG", "SET", name, value);
    }
    return async () => {
      for (const [name, value] of before) await this.command("CONFIG", "SET", name, value);
    };
  }

  /** Another server may have been faster to listen on the port, and this one is just about to end for it. */
  async #isWhoAnswers(): Promise<boolean> {
    const [, pid] = /^process_id:(\d+)/m.exec(await this.info("server")) ?? [];
    return Number(pid) === this.pid;
  }

  #dropData(): void {
    for (const name of ["dump.rdb", "appendonly.aof", "appendonlydir"])
      rmSync(join(this.directory, name), { recursive: true, force: true });
  }
}
