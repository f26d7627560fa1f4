// A server that reads its data from disk: everything fails with LOADING.

import { waitUntil } from "../wait-until.ts";
import type { RedisServer, Undo } from "./redis-server.ts";
import { RespError } from "./resp.ts";

/** Out of the way of what tests store. */
const DATABASE = 15;
const KEYS = 2_000;
const KEY_BYTES = 1_024;
const SLOW = {
  // Answers come between blocks of so many bytes, which compression would fill with many keys.
  "loading-process-events-interval-bytes": KEY_BYTES,
  rdbcompression: "no",
  // Microseconds a key
  "key-load-delay": 2_000,
};

/**
 * `DEBUG RELOAD`, slowed down: the server saves its data, drops it and loads it again, and meanwhile everything fails with
 * `LOADING`, for some seconds or until the undo. The data is the same afterwards. Not for a node of a cluster.
 */
export async function loading(server: RedisServer): Promise<Undo> {
  const restore = await server.config(SLOW);
  // Without something to load it would not take time.
  const connection = await server.connect();
  await connection.send("SELECT", DATABASE);
  await connection.send("DEBUG", "POPULATE", KEYS, "padding", KEY_BYTES);
  const reloaded = connection.send("DEBUG", "RELOAD");
  // The undo has the error.
  reloaded.catch(() => undefined);
  await waitUntil(async () => (await codeOf(server)) === "LOADING", { what: "the server is loading" });
  return async () => {
    await restore();
    await reloaded;
    await connection.send("FLUSHDB");
    connection.close();
  };
}

async function codeOf(server: RedisServer): Promise<string | undefined> {
  try {
    await server.command("GET", "padding");
    return undefined;
  } catch (error) {
    return error instanceof RespError ? error.code : undefined;
  }
}
