// What a failure of SQLite means for the tier.

import { CacheError } from "../errors.ts";

/**
 * - `busy`: another process is at it; the same may succeed in a moment.
 * - `refused`: SQLite answers, and will not do it: the disk is full, the file read-only, the value too big.
 * - `damaged`: the file cannot be trusted any more, or is no database.
 * - `statement`: this statement alone is at fault.
 * - `failed`: the connection is of no use any more: the file cannot be read, written or opened.
 */
export type FailureKind = "busy" | "refused" | "damaged" | "statement" | "failed";

/** Primary result codes (https://sqlite.org/rescode.html), as far as they are no reason to give the connection up. */
const KINDS: Readonly<Record<number, FailureKind>> = {
  1: "statement",
  3: "refused",
  5: "busy",
  6: "busy",
  8: "refused",
  11: "damaged",
  13: "refused",
  15: "busy",
  18: "refused",
  19: "statement",
  20: "statement",
  21: "failed",
  23: "refused",
  25: "statement",
  26: "damaged",
};
/** The file, or its write-ahead log, ends before what it is said to hold: somebody has cut it off. */
const IOERR_SHORT_READ = 522;
/** A write found that the file is not where it was. */
const READONLY_DBMOVED = 1032;
const FULL = 13;

/** The kind of what SQLite, or the code around it, has thrown. */
export function failureKind(error: unknown): FailureKind {
  const code = resultCode(error);
  if (code === READONLY_DBMOVED) return "failed";
  if (code === IOERR_SHORT_READ) return "damaged";
  if (code !== undefined) return KINDS[code & 0xff] ?? "failed";
  // A handle that its owner has closed.
  if (error instanceof Error && /not open/i.test(error.message)) return "failed";
  return "statement";
}

/** Whether there was no room. */
export function isFull(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === FULL;
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

/** The error that callers of the tier see. @param label of the tier */
export function toCacheError(label: string, error: unknown): CacheError {
  if (error instanceof CacheError) return error;
  const kind = failureKind(error);
  if (kind === "refused") return new CacheError("refused", `${label} refused a command`, { cause: error });
  const what = kind === "busy" ? "is locked by another process" : "failed";
  return new CacheError("unavailable", `${label} ${what}`, { cause: error });
}
