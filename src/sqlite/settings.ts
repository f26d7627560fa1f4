// Options of the SQLite tier after one validation: frozen and complete.

import { resolve } from "node:path";
import { badInput } from "../errors.ts";
import type { BreakerSettings } from "../model/breaker.ts";
import { resolveBreaker } from "../model/breaker-options.ts";
import { checkBoolean, checkInteger, checkObject } from "../model/check.ts";
import { durationOr, positiveOr, type Milliseconds } from "../model/duration.ts";
import { PAYLOAD_NAMES, resolvePayload, type PayloadSettings } from "../model/payload-options.ts";
import type { SqliteDatabase } from "./driver.ts";
import type { SqliteTierOptions } from "./options.ts";

/** Defaults of the SQLite tier. */
export const SQLITE_DEFAULTS = {
  path: "cache.db",
  name: "sqlite",
  enabled: true,
  // Unbounded: `Infinity`.
  maxEntries: undefined,
  maxBytes: 1_073_741_824,
  maxAge: "forever",
  timeout: 100,
  vacuumInterval: 600_000,
  cleanupOnStart: false,
  bus: true,
  divergenceLimit: 2_000,
  breaker: true,
} as const;

/** Where the entries are. */
export type SqliteTarget =
  /** A file, by its absolute path. */
  | { readonly kind: "file"; readonly path: string }
  /** The memory of this process, for one plan alone. */
  | { readonly kind: "memory" }
  /** A handle that is the user's. */
  | { readonly kind: "database"; readonly database: SqliteDatabase };

/** Settings of an open SQLite tier. */
export interface SqliteSettings {
  readonly name: string;
  readonly enabled: boolean;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly maxAgeMs: Milliseconds;
  readonly timeoutMs: Milliseconds;
  readonly vacuumIntervalMs: Milliseconds;
  readonly cleanupOnStart: boolean;
  readonly bus: boolean;
  readonly divergenceLimitMs: Milliseconds;
  readonly breaker: boolean | BreakerSettings;
  readonly payload: PayloadSettings;
  readonly target: SqliteTarget;
}

const KNOWN = [
  ...(["path", "database", "name", "enabled", "maxEntries", "maxBytes", "maxAge", "timeout"] as const),
  ...(["vacuumInterval", "cleanupOnStart", "bus", "divergenceLimit", "breaker"] as const),
  ...PAYLOAD_NAMES,
];

/** Checks options of `sqliteTier`. @throws CacheError `invalid_option` */
export function resolveSqliteOptions(options: SqliteTierOptions, field: string): SqliteSettings {
  checkObject<SqliteTierOptions>(options, KNOWN, field);
  const defaults = SQLITE_DEFAULTS;
  return Object.freeze({
    name: checkText(options.name ?? defaults.name, `${field}.name`),
    enabled: checkBoolean(options.enabled, defaults.enabled, `${field}.enabled`),
    maxEntries: checkBound(options.maxEntries, Infinity, `${field}.maxEntries`),
    maxBytes: checkBound(options.maxBytes, defaults.maxBytes, `${field}.maxBytes`),
    maxAgeMs: durationOr(options.maxAge, Infinity, `${field}.maxAge`),
    timeoutMs: positiveOr(options.timeout, defaults.timeout, `${field}.timeout`),
    vacuumIntervalMs: positiveOr(options.vacuumInterval, defaults.vacuumInterval, `${field}.vacuumInterval`),
    cleanupOnStart: checkBoolean(options.cleanupOnStart, defaults.cleanupOnStart, `${field}.cleanupOnStart`),
    bus: checkBoolean(options.bus, defaults.bus, `${field}.bus`),
    divergenceLimitMs: positiveOr(options.divergenceLimit, defaults.divergenceLimit, `${field}.divergenceLimit`),
    breaker: resolveBreaker(options.breaker, defaults.breaker, `${field}.breaker`),
    payload: resolvePayload(options, field),
    target: Object.freeze(resolveTarget(options, field)),
  });
}

function resolveTarget({ path, database }: SqliteTierOptions, field: string): SqliteTarget {
  if (database !== undefined) {
    if (path !== undefined) {
      throw badInput("invalid_option", `${field}.path`, "absent when database is given, which has its own", path);
    }
    return { kind: "database", database: checkDatabase(database, `${field}.database`) };
  }
  const text = checkText(path ?? SQLITE_DEFAULTS.path, `${field}.path`);
  if (text === ":memory:") return { kind: "memory" };
  if (text.includes("\0") || text.startsWith("file:")) {
    throw badInput("invalid_option", `${field}.path`, 'a path of the file system, or ":memory:"', path);
  }
  // Now: the process may change its directory later.
  return { kind: "file", path: resolve(text) };
}

function checkDatabase(value: unknown, field: string): SqliteDatabase {
  const has = (name: string): boolean => typeof (value as Record<string, unknown>)[name] === "function";
  if (typeof value === "object" && value !== null && has("prepare") && has("exec")) return value as SqliteDatabase;
  throw badInput("invalid_option", field, "a DatabaseSync, of node:sqlite or of a package with its interface", value);
}

function checkText(value: unknown, field: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw badInput("invalid_option", field, "a non-empty string", value);
}

/** A whole number of at least one, or `Infinity`. */
function checkBound(value: unknown, fallback: number, field: string): number {
  return value === Infinity ? Infinity : checkInteger(value, 1, fallback, field);
}
