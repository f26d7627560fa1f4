// What a server is asked, command by command and in order, as its MONITOR tells it.

import { connect, type Socket } from "node:net";
import type { Script } from "../../src/redis/script.ts";
import { EPOCH, BUMP, NOW } from "../../src/redis/epoch-scripts.ts";
import { ACQUIRE, RELEASE, RENEW } from "../../src/redis/lease-scripts.ts";
import { FILL, MARK_STALE, REMOVE, SET } from "../../src/redis/write-scripts.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { waitUntil } from "../support/wait-until.ts";

const SCRIPTS: Readonly<Record<string, Script>> = {
  NOW,
  EPOCH,
  BUMP,
  ACQUIRE,
  RENEW,
  RELEASE,
  FILL,
  SET,
  REMOVE,
  MARK_STALE,
};
/** By digest, and, as a script is sent the first time, by its source. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(SCRIPTS).flatMap(([name, { sha, lua }]) => [
    [sha, name],
    [lua, name],
  ]),
);

/** A probe of a bus, or word that goes with a script: no question about an entry. */
const NOISE = new Set(["PUBLISH", "ECHO", "PING", "HELLO", "CLIENT", "INFO", "SUBSCRIBE", "COMMAND"]);

/** Watches a server. Made by {@link watch}; close it. */
export class Monitor {
  readonly #server: RedisServer;
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #rest = "";
  #marks = 0;

  constructor(server: RedisServer, socket: Socket) {
    this.#server = server;
    this.#socket = socket;
    socket.setEncoding("latin1").on("data", (chunk) => this.#take(String(chunk)));
    socket.on("error", () => undefined);
    socket.write("MONITOR\r\n");
  }

  /** True once it has begun. */
  get isWatching(): boolean {
    return this.#lines.includes("+OK");
  }

  /**
   * What was asked since the last call: the command, or the name of the script, and the key it is about. Without the
   * commands that scripts call, and without probes of the bus.
   */
  async commands(): Promise<string[]> {
    const mark = `mark-${++this.#marks}`;
    await this.#server.command("ECHO", mark);
    const end = await waitUntil(() => this.#lines.findIndex((line) => line.includes(mark)) + 1, {
      what: "the monitor has come so far",
    });
    return this.#lines.splice(0, end).flatMap((line) => read(line) ?? []);
  }

  /** What has been told so far and not been taken by {@link commands}: asks nothing of the server. */
  get seen(): string[] {
    return this.#lines.flatMap((line) => read(line) ?? []);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split("\r\n");
    this.#rest = lines.pop() ?? "";
    this.#lines.push(...lines);
  }
}

/** Starts to watch a server. */
export async function watch(server: RedisServer): Promise<Monitor> {
  const monitor = new Monitor(server, connect({ host: server.host, port: server.port }));
  await waitUntil(() => monitor.isWatching, { what: "the monitor has begun" });
  return monitor;
}

/** `+1700000000.123456 [0 127.0.0.1:1234] "GET" "shop:v:{:k}"`; from scripts `[0 lua]`. */
function read(line: string): string | undefined {
  const [, source, rest] = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/.exec(line) ?? [];
  if (source === undefined || rest === undefined || source === "lua") return undefined;
  const [first = "", ...words] = Array.from(rest.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word = ""]) => word);
  const command = first.toUpperCase();
  if (NOISE.has(command)) return undefined;
  const [about = "", , key] = words;
  if (command !== "EVALSHA" && command !== "EVAL") return [command, about].join(" ").trim();
  // Escaped as JSON does it: scripts have nothing else to escape.
  const name = NAMES.get(JSON.parse(`"${about}"`) as string);
  return `${name ?? "unknown script"} ${key}`;
}
