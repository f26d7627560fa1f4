// Starts a real server for a test: loopback only, a free port, a directory of its own, controlled by its process id.

import { waitUntil } from "../wait-until.ts";
import { redisServer } from "./find-server.ts";
import { freePort } from "./free-port.ts";
import { RedisServer } from "./redis-server.ts";
import type { ArgsFor } from "./redis-server.ts";
import { ServerProcess } from "./server-process.ts";

const START_ATTEMPTS = 5;
const SYNCHRONIZED_MS = 15_000;

/** How to start a server. */
export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default: none. */
  readonly password?: string;
  /** Such as `"10mb"`. Default: no bound. */
  readonly maxmemory?: string;
  /** The server to replicate. Resolves with its data of that moment; what comes later comes later (`WAIT` for it). */
  readonly replicaOf?: { readonly port: number; readonly password?: string | undefined };
  /** Keeps an append-only file, which survives `kill9()`. Default: nothing is written to disk. */
  readonly appendonly?: boolean;
  /** More options, as on the command line: `["--hz", "100"]`. */
  readonly args?: readonly string[];
}

/** What differs between a server and a sentinel. */
export interface Launch {
  readonly port?: number | undefined;
  readonly password?: string | undefined;
  /** Writes configuration files if the program wants some. */
  readonly argsFor: ArgsFor;
}

/** Starts a server; resolves when it answers. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { port, password, replicaOf } = options;
  const server = await launch({ port, password, argsFor: (free) => serverArgs(free, options) });
  if (replicaOf !== undefined) await synchronized(server);
  return server;
}

/** Starts whatever the command line says; resolves when it answers. */
export async function launch({ port, password, argsFor }: Launch): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const program = new ServerProcess();
    const server = new RedisServer(program, port ?? (await freePort()), password, argsFor);
    try {
      await server.start();
      return server;
    } catch (error) {
      const log = program.log();
      await server.stop();
      // Another process may have taken the port since it was found free.
      if (port !== undefined || attempt === START_ATTEMPTS || !log.includes("already in use")) throw error;
    }
  }
}

/** Resolves when a replica is in touch with its master and has its data. */
export async function synchronized(replica: RedisServer): Promise<void> {
  const linked = async (): Promise<boolean> => /^master_link_status:up\r?$/m.test(await replica.info("replication"));
  await waitUntil(linked, {
    deadlineMs: SYNCHRONIZED_MS,
    what: `the replica on port ${replica.port} has its master's data`,
  });
}

function serverArgs(port: number, { password, maxmemory, replicaOf, appendonly, args }: RedisOptions): string[] {
  const withPassword = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value]);
  return [
    ...["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--tcp-backlog", "128"],
    ...["--appendonly", appendonly === true ? "yes" : "no", "--repl-diskless-sync-delay", "0"],
    // Before 7.0 DEBUG is always on, and the option unknown.
    ...(redisServer().major >= 7 ? ["--enable-debug-command", "yes"] : []),
    ...withPassword("--requirepass", password),
    ...withPassword("--masterauth", replicaOf?.password ?? password),
    ...(maxmemory === undefined ? [] : ["--maxmemory", maxmemory]),
    ...(replicaOf === undefined ? [] : ["--replicaof", "127.0.0.1", String(replicaOf.port)]),
    ...(args ?? []),
  ];
}
