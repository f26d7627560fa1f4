// The bus on SQLite: tells one cache what the log says, and knows when it may have missed something.

import type { Bus, BusGap, BusReceiver } from "../contracts/bus.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { LogRow } from "./log.ts";
import type { LogListener, LogReader } from "./log-reader.ts";
import { readMessages } from "./message.ts";

/** What the bus works with. */
export interface SqliteBusParts {
  readonly reader: LogReader;
  readonly clock: Clock;
  /** What full keys of the cache start with: the log is that of all caches of the file. */
  readonly root: string;
  /** Who this process is among those that write to the log. */
  readonly publisher: string;
  readonly divergenceLimitMs: Milliseconds;
  /** Whether writes can be done: tries, if the last one could not. */
  canWrite(): boolean;
}

/** Times that the receiver is told whether the tier answers, per time that a lost bus may go unnoticed; and the longest between two. */
const PROBES_PER_LIMIT = 8;
const MAX_PERIOD_MS: Milliseconds = 250;

/**
 * Live means: the log has been read to its end, and is read on from there. A failure to read is no loss, since what was
 * missed is still there afterwards; only trust runs out meanwhile.
 */
export class SqliteBus implements Bus {
  readonly #parts: SqliteBusParts;
  readonly #periodMs: Milliseconds;
  #receiver: BusReceiver | undefined;
  #leave: () => void = () => undefined;
  #isLive = false;
  #isClosed = false;
  /** When the look under way began. */
  #lookedAt: Instant = -Infinity;
  #trustedUntil: Instant = -Infinity;
  #probeAt: Instant = -Infinity;

  constructor(parts: SqliteBusParts) {
    this.#parts = parts;
    this.#periodMs = Math.min(parts.divergenceLimitMs / PROBES_PER_LIMIT, MAX_PERIOD_MS);
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get trustedUntil(): Instant {
    return this.#isLive ? this.#trustedUntil : -Infinity;
  }

  /** Of the last message of any cache of the file. */
  get lagMs(): Milliseconds | undefined {
    return this.#parts.reader.lagMs;
  }

  start(receiver: BusReceiver): Promise<void> {
    const { reader, clock } = this.#parts;
    this.#receiver = receiver;
    const listener: LogListener = {
      onLook: () => void (this.#lookedAt = clock.now()),
      onRow: (row) => this.#hear(row),
      onRead: () => this.#trust(),
      onFailed: () => this.#probe(false),
      onLost: (reason, gap) => this.#doubt(reason, gap),
    };
    if (!this.#isClosed) this.#leave = reader.join(listener);
    return Promise.resolve();
  }

  catchUp(): void {
    if (!this.#isClosed) this.#parts.reader.look();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#isLive = false;
    this.#leave();
    return Promise.resolve();
  }

  #hear({ root, publisher, message, news }: LogRow): void {
    const { root: ownRoot, publisher: ownPublisher } = this.#parts;
    if (root !== ownRoot) return;
    const isOwn = publisher === ownPublisher;
    const said = typeof message === "string" ? readMessages(message) : message;
    const messages = isOwn ? (news ?? said) : said;
    if (messages === undefined) return this.#doubt("a message could not be read");
    for (const one of messages) {
      // It has perhaps not acted on it.
      if (!this.#tell((receiver) => receiver.onMessage(one, isOwn))) this.#doubt("its receiver failed at a message");
    }
  }

  #trust(): void {
    this.#trustedUntil = this.#lookedAt + this.#parts.divergenceLimitMs;
    if (!this.#isLive && !this.#isClosed) {
      this.#isLive = true;
      this.#tell((receiver) => receiver.onLive());
    }
    this.#probe(true);
  }

  /** Being read is not all that is asked of a file: another process may hold its lock for long. */
  #probe(couldRead: boolean): void {
    if (this.#lookedAt < this.#probeAt) return;
    this.#probeAt = this.#lookedAt + this.#periodMs;
    const answered = couldRead && this.#parts.canWrite();
    this.#tell((receiver) => receiver.onProbe(answered));
  }

  #doubt(reason: string, gap?: BusGap): void {
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#tell((receiver) => receiver.onDoubt(reason, gap));
  }

  /** A receiver must not throw. Answers whether it did not. */
  #tell(what: (receiver: BusReceiver) => void): boolean {
    try {
      if (this.#receiver !== undefined && !this.#isClosed) what(this.#receiver);
      return true;
    } catch {
      return false;
    }
  }
}
