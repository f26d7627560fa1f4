// A process that holds the lock of a file, empties its log, and harms it: as any other program of the host may.

import { TieredCacheManager } from "../../src/index.ts";
import type { SqliteDatabase } from "../../src/sqlite/driver.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { openBare } from "../sqlite/bare.ts";
import { checkpoint, harmFile } from "./harm.ts";
import type { FromVandal, ToVandal, VandalTask } from "./vandal-protocol.ts";

const LOCK_MS = 5_000;
const path = process.argv[2] ?? "";
const other = `${path}.other`;
let lock: SqliteDatabase | undefined;

process.on("message", ({ id, task }: ToVandal) => {
  try {
    perform(task);
    tell({ id, error: undefined });
  } catch (error) {
    tell({ id, error: error instanceof Error ? `${error.stack}` : String(error) });
  }
});
process.on("disconnect", () => process.exit(0));
void makeOther().then(() => tell({ id: 0, error: undefined }));

function perform(task: VandalTask): void {
  switch (task.what) {
    case "lock":
      return hold(task.mode);
    case "release":
      lock?.close();
      lock = undefined;
      return;
    case "checkpoint":
      return checkpoint(path);
    case "harm":
      return harmFile(path, other, task.harm, task.choice);
  }
}

function hold(mode: "IMMEDIATE" | "EXCLUSIVE"): void {
  const database = openBare(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${LOCK_MS}; BEGIN ${mode}; DELETE FROM log WHERE id = -1`);
    lock = database;
  } catch {
    // The file is being made, or is damaged: then nobody is kept from anything.
    database.close();
  }
}

/** A file of the library, with another cache in it. */
async function makeOther(): Promise<void> {
  const cache = new TieredCacheManager({ name: "other", tiers: [sqliteTier({ path: other, timeout: LOCK_MS })] });
  await cache.set("k", 1);
  await cache.close();
}

function tell(message: FromVandal): void {
  if (process.connected) process.send?.(message, () => undefined);
}
