// Reads what processes write to the log: looks every few milliseconds whether another connection has written anything.

import type { BusGap } from "../contracts/bus.ts";
import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import { failureKind } from "./failure.ts";
import type { Opened, SqliteLink } from "./link.ts";
import type { LogRow } from "./log.ts";
import { LogWatch } from "./log-watch.ts";
import type { SqliteStore } from "./store.ts";

/** One who is told what the log says. Nothing it does may throw. */
export interface LogListener {
  /** The log is about to be read. */
  onLook(): void;
  onRow(row: LogRow): void;
  /** All that had been written when the look began has been told. */
  onRead(): void;
  /** The log could not be read. Nothing is lost by that: it is read on from where it was. */
  onFailed(): void;
  /** Rows have been lost, or may have been. @param gap where it is seen that some have */
  onLost(reason: string, gap?: BusGap): void;
}

/**
 * Between two looks: where the system tells of writes; where it does not, while processes are writing, and while nobody
 * has written for a while. A timer of 12 ms takes about one per cent of a core by itself.
 */
const WATCHED_MS: Milliseconds = 100;
const BUSY_MS: Milliseconds = 4;
const IDLE_MS: Milliseconds = 12;
const QUIET_MS: Milliseconds = 500;
/** Looks per time that a process which cannot read may believe its copies. */
const LOOKS_PER_LIMIT = 8;
/** However often the system tells of writes. */
const MIN_MS: Milliseconds = 1;
/** Rows that are read at once. */
const STEP_ROWS = 100;
/** Messages of this connection that are kept until they are told. */
const MAX_OWN = 1_000;
/** Who is further behind than so many messages begins anew instead. */
const MAX_MESSAGES = 5_000;

/** What tells one connection from the next, and how far its log has been read. */
interface Position {
  readonly generation: number;
  id: number;
  dataVersion: number;
}

/** One for all caches that share a connection. A look that finds nothing costs three questions to the file system, and one to SQLite. */
export class LogReader {
  /** How long the last message that has been read took to come, whoever wrote it. */
  lagMs: Milliseconds | undefined;
  readonly #link: SqliteLink;
  readonly #clock: Clock;
  readonly #listeners = new Set<LogListener>();
  #position: Position | undefined;
  readonly #watch: LogWatch;
  /** What this connection has written since the last look. */
  #own: LogRow[] = [];
  #ownMessages = 0;
  /** Whether it has written something that is to be read. */
  #isNudged = false;
  #isNudgeScheduled = false;
  #lookedAt: Instant = -Infinity;
  #cancelSoon: Cancel | undefined;
  #activeAt: Instant = -Infinity;
  #cancel: Cancel | undefined;
  #isClosed = false;
  #isLooking = false;

  constructor(link: SqliteLink, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
    this.#watch = new LogWatch(() => this.#lookSoon());
    link.onLost((reason) => this.#lose(reason));
  }

  /** Tells this one from now on; returns what ends that. */
  join(listener: LogListener): () => void {
    this.#listeners.add(listener);
    if (this.#cancel === undefined) this.#lookLater();
    return () => void this.#listeners.delete(listener);
  }

  /** This connection has written: its own rows are to be told as well, soon. */
  nudge(rows: readonly LogRow[]): void {
    this.#activeAt = this.#clock.now();
    if (this.#isNoNews(rows)) return;
    for (const row of rows) this.#ownMessages += row.messages;
    // They are in the log as well.
    if (this.#listeners.size === 0 || this.#ownMessages > MAX_OWN) this.#isNudged = true;
    else this.#own.push(...rows);
    if (this.#isNudgeScheduled || this.#listeners.size === 0) return;
    this.#isNudgeScheduled = true;
    setImmediate(() => {
      this.#isNudgeScheduled = false;
      if (!this.#isClosed) this.#look();
    });
  }

  /** Whether a row follows on what has been read, and is for nobody but who has written it, and knows it. */
  #isNoNews([row, another]: readonly LogRow[]): boolean {
    const position = this.#position;
    if (row === undefined || another !== undefined || row.news?.length !== 0 || this.#listeners.size !== 1)
      return false;
    if (position?.generation !== this.#link.generation || position.id !== row.id - row.messages) return false;
    position.id = row.id;
    return true;
  }

  /** Reads what has been written until now, for who cannot wait; not from within what a listener does, who is told next. */
  look(): void {
    if (!this.#isClosed && !this.#isLooking && this.#listeners.size > 0) this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancelSoon?.();
    this.#watch.stop();
    this.#listeners.clear();
  }

  #lookLater(): void {
    this.#cancel = this.#clock.schedule(this.#periodMs, () => {
      this.#cancel = undefined;
      if (this.#isClosed || this.#listeners.size === 0) return;
      this.#lookLater();
      this.#look();
    });
  }

  get #periodMs(): Milliseconds {
    if (this.#watch.isProven) return Math.min(WATCHED_MS, this.#link.settings.divergenceLimitMs / LOOKS_PER_LIMIT);
    return this.#clock.now() - this.#activeAt > QUIET_MS ? IDLE_MS : BUSY_MS;
  }

  /** The system tells of a write several times, and of our own ones too. */
  #lookSoon(): void {
    if (this.#cancelSoon !== undefined || this.#isClosed || this.#listeners.size === 0) return;
    const waitMs = Math.max(0, this.#lookedAt + MIN_MS - this.#clock.now());
    this.#cancelSoon = this.#clock.schedule(waitMs, () => {
      this.#cancelSoon = undefined;
      if (!this.#isClosed) this.#look();
    });
  }

  #look(): void {
    this.#isLooking = true;
    try {
      this.#lookNow();
    } finally {
      this.#isLooking = false;
    }
  }

  #lookNow(): void {
    this.#lookedAt = this.#clock.now();
    for (const listener of this.#listeners) listener.onLook();
    try {
      this.#link.verify();
      if (!this.#read(this.#link.use())) return;
    } catch (error) {
      if (failureKind(error) !== "busy") this.#link.note(error);
      return this.#tell((listener) => listener.onFailed());
    }
    this.#tell((listener) => listener.onRead());
  }

  /** Answers whether it has been read: the file may turn out to be another one. */
  #read({ store, identity, logPath }: Opened): boolean {
    // What is read after a message must not be from before it.
    store.look.end();
    const { generation } = this.#link;
    const { dataVersion } = store;
    // Of a new connection nothing is known: everything until now counts as lost, and has been said to be.
    if (this.#position?.generation !== generation) {
      this.#position = { generation, id: store.log.newest, dataVersion };
      this.#watch.follow(logPath);
    } else if (this.#hasMore(store, dataVersion, this.#position) || !this.#tellOwn(this.#position)) {
      if (store.record.identity !== identity) {
        this.#link.lose("the file begins anew");
        return false;
      }
      if (dataVersion !== this.#position.dataVersion) this.#activeAt = this.#clock.now();
      this.#position.dataVersion = dataVersion;
      this.#readRows(store, this.#position);
    }
    this.#isNudged = false;
    this.#own = [];
    this.#ownMessages = 0;
    return true;
  }

  /** Whether there is more to read than what this connection has written, and keeps, or may be. */
  #hasMore({ log }: SqliteStore, dataVersion: number, position: Position): boolean {
    if (this.#isNudged || dataVersion !== position.dataVersion) return true;
    // The version says nothing of others who use the same handle, such as another tier: it is the user's.
    return this.#link.settings.target.kind === "database" && log.newest !== position.id + this.#ownMessages;
  }

  /**
   * Where nobody else has written, what this connection has written is all that there is to read, and is known. Answers
   * whether that is so.
   */
  #tellOwn(position: Position): boolean {
    for (const row of this.#own) {
      if (position.id !== row.id - row.messages) return false;
      position.id = row.id;
      this.#tell((listener) => listener.onRow(row));
    }
    return true;
  }

  #readRows(store: SqliteStore, position: Position): void {
    const furthest = position.id + MAX_MESSAGES;
    while (position.id < furthest) {
      const rows = store.log.after(position.id, STEP_ROWS);
      for (const row of rows) {
        if (row.id - row.messages !== position.id)
          return this.#skip(store, position, "messages have been trimmed before they were read", row);
        position.id = row.id;
        this.lagMs = Math.max(0, store.now - row.at);
        this.#tell((listener) => listener.onRow(row));
      }
      if (rows.length === STEP_ROWS) continue;
      if (store.log.newest !== position.id) this.#skip(store, position, "the log is not the one it was");
      return;
    }
    this.#skip(store, position, "too many messages have come at once");
  }

  /**
   * What lies before the end is not read; what comes from now on is.
   * @param next the first row that is there
   */
  #skip(store: SqliteStore, position: Position, reason: string, next?: LogRow): void {
    const { newest } = store.log;
    const lost = (next === undefined ? newest : next.id - next.messages) - position.id;
    // A log that is shorter than it was says nothing of what it has held since.
    const gap = { missing: lost > 0 ? lost : undefined };
    this.#tell((listener) => listener.onLost(reason, gap));
    position.id = newest;
  }

  #lose(reason: string): void {
    this.#position = undefined;
    this.#watch.stop();
    this.#tell((listener) => listener.onLost(reason));
  }

  #tell(what: (listener: LogListener) => void): void {
    for (const listener of this.#listeners) what(listener);
  }
}
