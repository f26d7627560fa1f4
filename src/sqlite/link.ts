// The connection that the caches of one plan share: opened when it is needed, given up when its file is of no use.

import type { Clock } from "../contracts/clock.ts";
import { CacheError } from "../errors.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { SqliteDatabase, SqliteDriver } from "./driver.ts";
import { failureKind, toCacheError } from "./failure.ts";
import { fileId } from "./file.ts";
import { NO_SUSPICION, openDatabase, type DatabaseFiles, type Suspicion } from "./open-file.ts";
import type { SqliteSettings } from "./settings.ts";
import { SqliteStore } from "./store.ts";

/** Told why a connection has ended, or why there is another one. */
export type LinkListener = (reason: string) => void;

/** Shortest time between two tries to open, unless only a lock was in the way. */
const REOPEN_MS: Milliseconds = 50;

/** Longest that reads alone go without a look whether the file is still the same. */
const VERIFY_MS: Milliseconds = 100;

/** An open connection. */
export interface Opened {
  readonly store: SqliteStore;
  /** Who the authority is. */
  readonly identity: string;
  /** The file that every write goes to first, where there is one. */
  readonly logPath: string | undefined;
}

interface Connection extends Opened {
  readonly database: SqliteDatabase;
  readonly files: DatabaseFiles | undefined;
}

/**
 * What was asked of one connection and what is asked of the next may have gone to different files. So whoever has
 * listened is told of the end of the one before, and of the next before anybody uses it.
 */
export class SqliteLink {
  readonly settings: SqliteSettings;
  readonly #Driver: SqliteDriver | undefined;
  readonly #clock: Clock;
  readonly #lost = new Set<LinkListener>();
  readonly #reconnected = new Set<LinkListener>();
  #connection: Connection | undefined;
  #lastError: unknown;
  #notBefore: Instant = -Infinity;
  #suspicion: Suspicion = NO_SUSPICION;
  /** Why there is to be another connection; `undefined` while there has been none. */
  #lossReason: string | undefined;
  #isClosed = false;
  #generation = 0;
  #verifiedAt: Instant = -Infinity;

  /** @param Driver `undefined` where the user has opened the database */
  constructor(settings: SqliteSettings, Driver: SqliteDriver | undefined, clock: Clock) {
    this.settings = settings;
    this.#Driver = Driver;
    this.#clock = clock;
  }

  /** Counts up when a connection ends and when another one takes its place. Nothing that is asked for crosses that. */
  get generation(): number {
    return this.#generation;
  }

  /** What opening failed of, or what ended the last connection; `undefined` while there is one. */
  get problem(): unknown {
    return this.#connection === undefined ? this.#lastError : undefined;
  }

  /** How much the file holds; `undefined` while it is not open, or cannot be asked. */
  get held(): { readonly entries: number; readonly bytes: number } | undefined {
    try {
      return this.#connection?.store.record;
    } catch {
      return undefined;
    }
  }

  /** Hears of the end of every connection; returns what ends that. */
  onLost(listener: LinkListener): () => void {
    this.#lost.add(listener);
    return () => void this.#lost.delete(listener);
  }

  /** Hears of every connection but the first, before it is used; returns what ends that. */
  onReconnect(listener: LinkListener): () => void {
    this.#reconnected.add(listener);
    return () => void this.#reconnected.delete(listener);
  }

  /**
   * The connection, opened if need be.
   * @throws CacheError `unavailable`, `closed`; what SQLite throws when a lock is in the way
   */
  use(): Opened {
    return this.#connection ?? this.#open();
  }

  /** Makes sure now and then that the path still leads to the file that is open: for who does not do it all the time. */
  verifyNowAndThen(now: Instant): void {
    if (now - this.#verifiedAt >= VERIFY_MS) this.verify();
  }

  /** Makes sure of it now. Costs three questions to the file system. */
  verify(): void {
    this.#verifiedAt = this.#clock.now();
    const { target } = this.settings;
    const files = this.#connection?.files;
    if (files === undefined) return;
    // The path as it was given: a link in it may lead elsewhere now.
    if (target.kind !== "file" || fileId(target.path) !== files.main) {
      this.#suspicion = { ...this.#suspicion, strayLog: files.log };
      this.lose("the file has been replaced or removed");
    } else if (files.log !== undefined && fileId(`${files.path}-wal`) !== files.log) {
      this.#suspicion = { ...this.#suspicion, damaged: files.main };
      this.lose("the write-ahead log of the file has been replaced or removed");
    } else if (files.index !== undefined && fileId(`${files.path}-shm`) !== files.index) {
      // Who opens the file from now on does not see what this connection writes, nor wait for its locks.
      this.#suspicion = { ...this.#suspicion, damaged: files.main };
      this.lose("the index of the write-ahead log has been replaced or removed");
    }
  }

  /** Takes note of a failure; some end the connection. Returns what callers are to be told. */
  note(error: unknown): CacheError {
    const kind = failureKind(error);
    const told = toCacheError(this.settings.name, error);
    if (error instanceof CacheError || (kind !== "damaged" && kind !== "failed")) return told;
    this.#lastError = told;
    if (kind === "damaged") {
      this.#suspicion = { ...this.#suspicion, damaged: this.#connection?.files?.main };
      this.lose("the file is damaged", told);
    } else this.lose("the file could not be used", told);
    return told;
  }

  /** Ends the connection. */
  lose(reason: string, error?: unknown): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    this.#generation++;
    this.#lossReason = reason;
    this.#lastError = error ?? new CacheError("unavailable", `${this.settings.name}: ${reason}`);
    this.#end(connection.database);
    for (const listener of this.#lost) listener(reason);
  }

  /** Closes it for good. A handle that is the user's stays open. */
  close(): void {
    this.#isClosed = true;
    this.#lost.clear();
    this.#reconnected.clear();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) this.#end(connection.database);
  }

  #open(): Opened {
    const { name, target } = this.settings;
    if (this.#isClosed) throw new CacheError("closed", `${name} has been closed`);
    if (this.#clock.now() < this.#notBefore) throw this.#lastError;
    try {
      const { database, files } = openDatabase(target, this.#Driver, name, this.#suspicion);
      const store = new SqliteStore(database);
      const logPath = files?.log === undefined ? undefined : `${files.path}-wal`;
      this.#connection = { database, files, store, identity: store.record.identity, logPath };
    } catch (error) {
      this.#lastError = toOpenError(name, error);
      if (failureKind(error) === "busy") throw error;
      this.#notBefore = this.#clock.now() + REOPEN_MS;
      throw this.#lastError;
    }
    this.#suspicion = NO_SUSPICION;
    const reason = this.#lossReason;
    if (reason !== undefined) {
      this.#generation++;
      for (const listener of this.#reconnected) listener(reason);
    }
    // A listener may have ended it again.
    return this.#connection ?? this.#open();
  }

  /**
   * Some releases of the package keep the system's files open until the statements have been collected as garbage. That
   * harms nothing: no lock is held, and a file that has been moved is left alone.
   */
  #end(database: SqliteDatabase): void {
    if (this.settings.target.kind === "database") return;
    try {
      database.close();
    } catch {
      // Of a file that is of no use nothing more is asked.
    }
  }
}

/** What cannot be opened is away, whatever the reason: it has not answered. */
function toOpenError(name: string, error: unknown): CacheError {
  if (error instanceof CacheError) return error;
  return new CacheError("unavailable", `${name} cannot open its file`, { cause: error });
}
