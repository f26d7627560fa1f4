// The file as the system knows it: which one it is, and moving it aside when it cannot be used.

import { mkdirSync, readlinkSync, realpathSync, renameSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { SqliteDriver } from "./driver.ts";

/** What tells a file from another of the same name; `undefined` when there is none. */
export type FileId = string | undefined;

/** Which file a path leads to now. */
export function fileId(path: string): FileId {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

/**
 * Where a path leads to in the end, though there may be no file yet: SQLite puts the log beside that, and whoever moves the file
 * aside must not move a link to it, by which others would not go.
 */
export function followLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") return path;
  }
  try {
    return followLinks(resolve(realpathSync(dirname(path)), readlinkSync(path)));
  } catch {
    // No link: a new file is made here.
    return path;
  }
}

/**
 * Makes the directory of a path, and those above it. One by one: where nothing can be made, such as below `/proc`,
 * `mkdirSync` with `recursive` never comes to an end.
 */
export function makeDirectory(path: string): void {
  const folder = dirname(path);
  if (fileId(folder) !== undefined) return;
  makeDirectory(folder);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have been faster.
    if (fileId(folder) === undefined) throw error;
  }
}

/**
 * Does something that only one process may do at a time: holds the lock of a second, empty database beside the file,
 * which the system gives back if the process dies. The file of the lock stays: to remove it would take the lock
 * from under others.
 * @throws what SQLite throws when another process holds it
 */
export function exclusively<T>(path: string, Driver: SqliteDriver, work: () => T): T {
  const lock = new Driver(`${path}-lock`);
  try {
    lock.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
    return work();
  } finally {
    lock.close();
  }
}

/**
 * Moves a file that cannot be used out of the way, if it is still the one that was looked at. The file first: a
 * write-ahead log without its file is dropped by whoever makes a new one, while a file without its log would look whole.
 * @param seen which file was found unusable
 * @param state the word for it in the new name
 */
export function moveAside(path: string, seen: FileId, state: string): void {
  if (seen === undefined || fileId(path) !== seen) return;
  const aside = nameAside(path, state);
  renameSync(path, aside);
  for (const end of ["-wal", "-shm"]) if (fileId(path + end) !== undefined) renameSync(path + end, aside + end);
}

/** Moves a log out of the way that is not of its file, and the index of it. */
export function moveLogAside(path: string): void {
  const aside = nameAside(path, "stray");
  for (const end of ["-wal", "-shm"]) if (fileId(path + end) !== undefined) renameSync(path + end, aside + end);
}

function nameAside(path: string, state: string): string {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `${path}.${state}-${stamp}-${process.pid}`;
}
