// One cache's use of the connection it shares.

import type { EpochName } from "../contracts/authority.ts";
import { CacheError } from "../errors.ts";
import type { Clock } from "../contracts/clock.ts";
import { failureKind } from "./failure.ts";
import type { SqliteLink } from "./link.ts";
import type { SqliteWriter } from "./writer.ts";
import type { Transaction, Work } from "./write-queue.ts";

/** What a client works with. */
export interface SqliteClientParts {
  readonly link: SqliteLink;
  readonly writer: SqliteWriter;
  readonly clock: Clock;
}

/** Reads are done at once; writes in the next transaction, or, where nobody can wait, at once as well. */
export class SqliteClient {
  readonly #parts: SqliteClientParts;
  /** A handle that is the user's is left as it was after every read. */
  readonly #mayShare: boolean;
  #isClosed = false;

  constructor(parts: SqliteClientParts) {
    this.#parts = parts;
    this.#mayShare = parts.link.settings.target.kind === "file";
  }

  /**
   * Reads at once, unless a write of this process about the same thing waits: then it takes its turn.
   * @param about the full key, or {@link EPOCHS}
   * @throws CacheError `unavailable`, `refused`, `closed`
   */
  async read<T>(about: readonly string[], work: Work<T>): Promise<T> {
    const { link, writer } = this.#parts;
    this.#checkOpen();
    if (about.some((one) => writer.isAbout(one))) return writer.write(READ, work);
    try {
      return this.#readNow(work);
    } catch (error) {
      // Somebody is making the file: he who writes waits for that.
      if (failureKind(error) === "busy") return writer.write(READ, work);
      throw link.note(error);
    }
  }

  /**
   * The same, of what this process hears of when it changes: as it was at some instant of this turn of the event loop, and
   * within the last millisecond. Answers without a promise where it can.
   * Rejects with a CacheError `unavailable`, `refused` or `closed`.
   */
  readShared<T>(about: string, work: Work<T>): T | Promise<T> {
    const { link, writer } = this.#parts;
    if (this.#isClosed) return Promise.reject(this.#closed());
    if (writer.isAbout(about)) return writer.write(READ, work);
    try {
      return this.#readNow(work, this.#mayShare);
    } catch (error) {
      if (failureKind(error) === "busy") return writer.write(READ, work);
      return Promise.reject(link.note(error));
    }
  }

  /** Writes in the next transaction. @throws CacheError `unavailable`, `refused`, `closed` */
  write<T>(about: string, work: Work<T>): Promise<T> {
    return this.#isClosed ? Promise.reject(this.#closed()) : this.#parts.writer.write(about, work);
  }

  /**
   * The same of several that are done alike. Answers what it came to for each, or what that one alone has failed of.
   * @param keys what each is about
   */
  writeAll<I, T>(
    keys: readonly string[],
    items: readonly I[],
    work: (transaction: Transaction, items: readonly I[]) => T,
  ): Promise<readonly (T | Error)[]> {
    return this.#isClosed ? Promise.reject(this.#closed()) : this.#parts.writer.writeAll(keys, items, work);
  }

  /** Reads before it returns, and waits for no lock. @throws CacheError `unavailable`, `refused`, `closed` */
  readSync<T>(about: readonly string[], work: Work<T>): T {
    const { link, writer } = this.#parts;
    this.#checkOpen();
    if (about.some((one) => writer.isAbout(one))) return writer.writeSync(READ, work);
    try {
      return this.#readNow(work);
    } catch (error) {
      throw link.note(error);
    }
  }

  /** Writes before it returns, and waits for no lock. @throws CacheError `unavailable`, `refused`, `closed` */
  writeSync<T>(about: string, work: Work<T>): T {
    this.#checkOpen();
    return this.#parts.writer.writeSync(about, work);
  }

  /** Refuses everything from now on. */
  close(): void {
    this.#isClosed = true;
  }

  #readNow<T>(work: Work<T>, isShared = false): T {
    const { link, clock } = this.#parts;
    const { generation } = link;
    const now = clock.now();
    link.verifyNowAndThen(now);
    const { store } = link.use();
    if (link.generation !== generation) {
      throw new CacheError("unavailable", `${link.settings.name} changed its file while it was asked`);
    }
    if (isShared) store.look.join(now);
    else store.look.end();
    return work({ store, now: store.now });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw this.#closed();
  }

  #closed(): CacheError {
    return new CacheError("closed", `${this.#parts.link.settings.name} has been closed`);
  }
}

/** What a change of epochs is about. No full key is empty. */
export const EPOCHS = "";
const READ = "\0read";

/** What a read of these is about. */
export function aboutOf(fullKey: string, unknown: readonly EpochName[]): readonly string[] {
  return unknown.length === 0 ? [fullKey] : [fullKey, EPOCHS];
}
