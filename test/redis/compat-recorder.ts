// Records what a server is asked to do, by clients and by their scripts.

import type { Redis } from "ioredis";
import { bareClient } from "../support/redis/client.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { waitUntil } from "../support/wait-until.ts";

/** One command that a server has run. */
export interface Recorded {
  /** In small letters. */
  readonly name: string;
  readonly args: readonly string[];
  readonly byScript: boolean;
}

/** Records one server. Made by {@link record}. */
export class Recorder {
  readonly commands: Recorded[] = [];
  readonly #server: RedisServer;
  readonly #client: Redis;
  #marks = 0;
  #lastMark = "";

  constructor(server: RedisServer, client: Redis, monitor: NodeJS.EventEmitter) {
    this.#server = server;
    this.#client = client;
    monitor.on("monitor", (_time: string, [name = "", ...args]: string[], source: string) => {
      if (name.toLowerCase() === "echo") this.#lastMark = args[0] ?? "";
      else this.commands.push({ name: name.toLowerCase(), args, byScript: source === "lua" });
    });
  }

  /** Resolves when everything that the server has run by now is recorded. */
  async upToNow(): Promise<void> {
    const mark = `mark ${++this.#marks}`;
    await this.#server.command("ECHO", mark);
    await waitUntil(() => this.#lastMark === mark, { what: "the record is complete" });
  }

  /** What the server has counted, also what no record shows: it keeps some commands to itself. */
  async counted(): Promise<string[]> {
    const stats = await this.#server.info("commandstats");
    return [...stats.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name = ""]) => name);
  }

  stop(): void {
    this.#client.disconnect();
  }
}

/** Begins to record. */
export async function record(server: RedisServer): Promise<Recorder> {
  const client = await bareClient(server, { protocol: 2 }).monitor();
  return new Recorder(server, client, client);
}
