// What goes wrong with a server in production, by name, each with its undo.

import { waitUntil } from "../wait-until.ts";
import { loading } from "./fault-loading.ts";
import type { RedisServer, Undo } from "./redis-server.ts";
import { RespError } from "./resp.ts";

/** Brings a fault about. Resolves when it is there; the undo, when the server is as before. */
export type Fault = (server: RedisServer) => Promise<Undo>;

export { loading };

const PAUSE_MS = 60_000;
const BUSY_AFTER_MS = 20;
const WRONG_PASSWORD = "changed meanwhile";

/** SIGSTOP: connections stay open and nothing is answered. */
export async function hang(server: RedisServer): Promise<Undo> {
  server.pause();
  return async () => {
    server.resume();
    await server.command("PING");
  };
}

/** `kill -9`. The undo starts it again, with what was on disk: nothing, unless it keeps an append-only file. */
export async function crash(server: RedisServer): Promise<Undo> {
  await server.kill9();
  return () => server.start();
}

/** `kill -9`, and its data is lost even if it was on disk. */
export async function crashAndLoseData(server: RedisServer): Promise<Undo> {
  await server.kill9();
  return () => server.restart({ empty: true });
}

/** `CLIENT PAUSE ALL`: accepts connections and answers nothing. Ends by itself after a minute. */
export async function pauseAll(server: RedisServer): Promise<Undo> {
  // Only connections that monitor may still speak during the pause: without one it could not be ended.
  const connection = await server.connect();
  await connection.send("MONITOR");
  await server.command("CLIENT", "PAUSE", PAUSE_MS, "ALL");
  return async () => {
    await connection.send("CLIENT", "UNPAUSE");
    connection.close();
  };
}

/** `CLIENT PAUSE WRITE`: reads are answered, writes and scripts that may write are not. Ends by itself after a minute. */
export async function pauseWrites(server: RedisServer): Promise<Undo> {
  await server.command("CLIENT", "PAUSE", PAUSE_MS, "WRITE");
  return () => done(server.command("CLIENT", "UNPAUSE"));
}

/** `DEBUG SLEEP`: answers nothing for so long. Cannot be ended; the undo waits for the end. Default 300 ms. */
export async function sleep(server: RedisServer, ms = 300): Promise<Undo> {
  const connection = await server.connect();
  // A connection that the server has not taken yet would be read after commands that are sent later by others.
  await connection.send("PING");
  const slept = connection.send("DEBUG", "SLEEP", ms / 1_000).finally(() => {
    connection.close();
  });
  // The undo has the error.
  slept.catch(() => undefined);
  return () => done(slept);
}

/** `CLIENT KILL TYPE pubsub`: subscribers are cut off, once. */
export async function killSubscribers(server: RedisServer): Promise<Undo> {
  await server.command("CLIENT", "KILL", "TYPE", "pubsub");
  return nothingToUndo;
}

/** `CLIENT KILL TYPE normal`: all clients that do not subscribe are cut off, once. */
export async function killClients(server: RedisServer): Promise<Undo> {
  await server.command("CLIENT", "KILL", "TYPE", "normal");
  return nothingToUndo;
}

/** `maxmemory 1` and `noeviction`: reads and deletes go on, writes that need memory fail with `OOM`. */
export function memoryFull(server: RedisServer): Promise<Undo> {
  return server.config({ "maxmemory-policy": "noeviction", maxmemory: 1 });
}

/** `min-replicas-to-write` above what there is: writes fail with `NOREPLICAS`. */
export async function tooFewReplicas(server: RedisServer): Promise<Undo> {
  const replicas = Number(/^connected_slaves:(\d+)/m.exec(await server.info("replication"))?.[1]);
  return server.config({ "min-replicas-to-write": replicas + 1 });
}

/** `REPLICAOF 127.0.0.1 1`: a replica of nobody; reads go on, writes fail with `READONLY`. For a master, not of a cluster. */
export async function readOnly(server: RedisServer): Promise<Undo> {
  await server.command("REPLICAOF", "127.0.0.1", 1);
  return () => done(server.command("REPLICAOF", "NO", "ONE"));
}

/** A script that does not end: everything fails with `BUSY` until the undo kills it. */
export async function busyScript(server: RedisServer): Promise<Undo> {
  // Its name in every version; since 7.0 it is also called busy-reply-threshold.
  const restore = await server.config({ "lua-time-limit": BUSY_AFTER_MS });
  const connection = await server.connect();
  // Rejected when the script is killed.
  connection.send("EVAL", "while true do end", 0).catch(() => undefined);
  await answers(server, "BUSY");
  return async () => {
    // NOTBUSY: another undo was faster.
    await server.command("SCRIPT", "KILL").catch(ignoreCode("NOTBUSY"));
    await answers(server, "PONG");
    connection.close();
    await restore();
  };
}

/** `SCRIPT FLUSH`: `EVALSHA` fails with `NOSCRIPT`, once a script. */
export async function flushScripts(server: RedisServer): Promise<Undo> {
  await server.command("SCRIPT", "FLUSH");
  return nothingToUndo;
}

/** `FLUSHALL`: everything is gone. */
export async function flushAll(server: RedisServer): Promise<Undo> {
  await server.command("FLUSHALL");
  return nothingToUndo;
}

/** The password changes and everyone is cut off: who comes back is refused (`WRONGPASS`, `NOAUTH`). */
export async function wrongPassword(server: RedisServer): Promise<Undo> {
  const connection = await server.connect();
  await connection.send("CONFIG", "SET", "requirepass", WRONG_PASSWORD);
  await connection.send("CLIENT", "KILL", "TYPE", "pubsub");
  await connection.send("CLIENT", "KILL", "TYPE", "normal");
  connection.close();
  return async () => {
    const again = await server.connect(WRONG_PASSWORD);
    await again.send("CONFIG", "SET", "requirepass", server.password ?? "");
    again.close();
  };
}

/** `maxclients 1` and everyone is cut off: who comes back is refused (`max number of clients reached`). */
export async function noMoreClients(server: RedisServer): Promise<Undo> {
  const connection = await server.connect();
  // This connection is the one that the limit allows, and the only one that can lift it.
  const reply = await connection.send("CONFIG", "GET", "maxclients");
  await connection.send("CONFIG", "SET", "maxclients", 1);
  await connection.send("CLIENT", "KILL", "TYPE", "pubsub");
  await connection.send("CLIENT", "KILL", "TYPE", "normal");
  const undo = ["CONFIG", "SET", "maxclients", String(Array.isArray(reply) ? reply[1] : 10_000)];
  return async () => {
    // If another fault has killed it, there is room for one now.
    await connection
      .send(...undo)
      .catch(() => waitUntil(() => server.command(...undo), { what: "the limit is lifted" }));
    connection.close();
  };
}

/** All of them, by name; each needs nothing but a server. */
export const FAULTS = {
  hang,
  crash,
  crashAndLoseData,
  pauseAll,
  pauseWrites,
  sleep,
  killSubscribers,
  killClients,
  memoryFull,
  tooFewReplicas,
  readOnly,
  busyScript,
  flushScripts,
  flushAll,
  wrongPassword,
  noMoreClients,
  loading,
} as const satisfies Readonly<Record<string, Fault>>;

async function answers(server: RedisServer, expected: string): Promise<void> {
  const ask = (): Promise<unknown> =>
    server.command("PING").catch((error: unknown) => (error instanceof RespError ? error.code : undefined));
  await waitUntil(async () => (await ask()) === expected, { what: `PING is answered with ${expected}` });
}

function ignoreCode(code: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof RespError && error.code === code)) throw error;
  };
}

async function done(reply: Promise<unknown>): Promise<void> {
  await reply;
}

async function nothingToUndo(): Promise<void> {
  // It is over as soon as it has happened.
}
