// What can happen to a SQLite file that no program of ours has done.

import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { openBare } from "../sqlite/bare.ts";
import type { Harm } from "./vandal-protocol.ts";

const PAGE = 4_096;
const LOCK_MS = 5_000;
/** No page of SQLite begins so. */
const FILLER = 0x55;

/**
 * Does it. Nothing of this process may have the file open: whoever closes a file gives up the locks that SQLite holds there.
 * @param other a file of the library that holds nothing of this cache
 * @param choice in [0, 1): how, and how much of it
 */
export function harmFile(path: string, other: string, harm: Harm, choice: number): void {
  switch (harm) {
    case "removed file":
      return remove(choice < 0.5 ? [path] : [path, `${path}-wal`, `${path}-shm`]);
    case "removed log":
      return remove([choice < 0.5 ? `${path}-wal` : `${path}-shm`]);
    case "replaced file":
      return replace(path, other, choice);
    case "overwritten file":
      return overwrite(path, other, choice);
    case "truncated log":
      return truncateLog(`${path}-wal`, choice);
  }
}

/** Empties the log of a file into it, and waits for the lock. */
export function checkpoint(path: string): void {
  if (!existsSync(path)) return;
  const database = openBare(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${LOCK_MS}; PRAGMA wal_checkpoint(TRUNCATE)`);
  } finally {
    database.close();
  }
}

function remove(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true });
}

/** Another file takes its place at once: an empty one, one of the library, or no database. */
function replace(path: string, other: string, choice: number): void {
  const next = `${path}.next`;
  if (choice < 1 / 3) writeFileSync(next, "");
  else if (choice < 2 / 3) copyFileSync(other, next);
  else writeFileSync(next, "no database ".repeat(2_000));
  renameSync(next, path);
}

/** The same file says something else: from some page on, whether its log has been emptied into it or not; or all of it. */
function overwrite(path: string, other: string, choice: number): void {
  if (!existsSync(path)) return;
  if (choice < 0.2) return writeOver(path, 0, readFileSync(other));
  if (choice < 0.6) checkpoint(path);
  const pages = Math.ceil(statSync(path).size / PAGE);
  const from = Math.floor(choice * 1_000) % Math.max(1, Math.min(pages, 8));
  writeOver(path, from * PAGE, Buffer.alloc((pages - from) * PAGE, FILLER));
}

function writeOver(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  try {
    writeSync(file, bytes, 0, bytes.length, at);
  } finally {
    closeSync(file);
  }
}

function truncateLog(path: string, choice: number): void {
  if (existsSync(path)) truncateSync(path, Math.floor(statSync(path).size * choice));
}
