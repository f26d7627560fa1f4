// Finds the Redis or Valkey server that the tests start, or brings it, or says what to install.

import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { installRedisServer } from "./install-server.ts";

const NAMES = ["redis-server", "valkey-server"];

/** Where package managers put servers that are on nobody's PATH. */
const PLACES = [
  ...["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/snap/bin"],
  ...["/opt/homebrew/bin", "/opt/homebrew/opt/redis/bin", "/opt/homebrew/opt/valkey/bin"],
  ...["/usr/local/opt/redis/bin", "/usr/local/opt/valkey/bin", "/home/linuxbrew/.linuxbrew/bin", "/opt/local/bin"],
];

const HOW_TO_INSTALL =
  "install redis-server or valkey-server, 6.2 or newer (Debian, Ubuntu: apt-get install redis-server; " +
  "macOS: brew install redis), or set FRESHTIER_REDIS_SERVER to its path";

/** A server program and what it is. */
export interface ServerProgram {
  readonly path: string;
  readonly product: "redis" | "valkey";
  readonly major: number;
  readonly minor: number;
}

/** What may differ from machine to machine; tests replace it. */
export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly places: readonly string[];
  /** Installs a server if it may; false if it may not or could not. */
  readonly install: () => boolean;
}

const THIS_MACHINE: Machine = { env: process.env, places: PLACES, install: installRedisServer };

let found: ServerProgram | undefined;

/**
 * The path of a server, which is installed first if there is none and this process may install it. For the global
 * set-up. Throws one line that says what to install; takes a few milliseconds when the server is there.
 */
export function ensureRedisServer(machine: Machine = THIS_MACHINE): string {
  let program = lookFor(machine);
  if (program === undefined && machine.install()) program = lookFor(machine);
  if (program === undefined) throw new Error(`the tests need a Redis server and found none: ${HOW_TO_INSTALL}`);
  return program.path;
}

/** The server that tests start; looked for once. Installs nothing. */
export function redisServer(): ServerProgram {
  found ??= lookFor(THIS_MACHINE);
  if (found === undefined) throw new Error(`the tests need a Redis server and found none: ${HOW_TO_INSTALL}`);
  return found;
}

function lookFor({ env, places }: Machine): ServerProgram | undefined {
  const wanted = env["FRESHTIER_REDIS_SERVER"];
  if (wanted !== undefined && wanted !== "") return chosen(wanted);
  const folders = [...(env["PATH"] ?? "").split(delimiter), ...places].filter((folder) => folder !== "");
  for (const name of NAMES) {
    for (const folder of folders) {
      const path = join(folder, name);
      const program = isExecutable(path) ? inspect(path) : undefined;
      if (program !== undefined && isNewEnough(program)) return program;
    }
  }
  return undefined;
}

/** Whoever chooses a server gets that one or an error, not another. */
function chosen(path: string): ServerProgram {
  const program = isExecutable(path) ? inspect(path) : undefined;
  if (program === undefined) throw new Error(`FRESHTIER_REDIS_SERVER must be the path of a server, got ${path}`);
  if (isNewEnough(program)) return program;
  const version = `${program.major}.${program.minor}`;
  throw new Error(`FRESHTIER_REDIS_SERVER must be Redis 6.2 or newer, got ${version} at ${path}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function inspect(path: string): ServerProgram | undefined {
  const { stdout, status } = spawnSync(path, ["--version"], { encoding: "utf8", timeout: 10_000 });
  // "Redis server v=7.0.15 sha=…", "Valkey server v=8.0.2 sha=…"
  const [, major, minor] = /\bv=(\d+)\.(\d+)/.exec(status === 0 ? stdout : "") ?? [];
  if (major === undefined || minor === undefined) return undefined;
  const product = /valkey/i.test(stdout) || path.endsWith("valkey-server") ? "valkey" : "redis";
  return { path, product, major: Number(major), minor: Number(minor) };
}

function isNewEnough({ major, minor }: ServerProgram): boolean {
  return major > 6 || (major === 6 && minor >= 2);
}
