// What the SQLite workloads have in common: the cache of a contender, on a file of its own.

import { join } from "node:path";
import { STALE_MS, TTL_MS } from "../settings.mjs";

/** @param {string} directory for the files of all contenders */
export function createCache(contender, directory) {
  const file = join(directory, `${contender.id}-${process.pid}.db`);
  return contender.create({ file, ttlMs: TTL_MS, staleMs: STALE_MS });
}
