// One transaction: does what it is given within it, keeps the store in bounds, and says what that came to. Waits for nothing.

import { CacheError } from "../errors.ts";
import { failureKind, isFull } from "./failure.ts";
import type { SqliteLink } from "./link.ts";
import type { LogRow } from "./log.ts";
import type { SqliteStore } from "./store.ts";
import type { Job, Transaction } from "./write-queue.ts";

/** What is done at the end of each transaction, to keep the store in bounds. */
export type Upkeep = (transaction: Transaction) => void;

/** What a try to write came to. */
export type Tried =
  | { readonly kind: "done"; readonly results: readonly unknown[] }
  /** Somebody else writes now. */
  | { readonly kind: "busy"; readonly error: unknown }
  /** The file cannot be written to. */
  | { readonly kind: "broken"; readonly error: CacheError }
  /** One of the jobs is at fault, or all of them together. */
  | { readonly kind: "failed"; readonly error: unknown };

/** Of a job what a transaction needs. */
type Part = Pick<Job, "work" | "generation">;

/** What a write comes to that was meant for another connection. */
export const CROSSED: unique symbol = Symbol("crossed");

/** Entries that are pushed out when the disk is full. */
const ROOM_ENTRIES = 64;

/** The transactions of one file, on whichever connection its link has. */
export class Transactor {
  readonly #link: SqliteLink;
  readonly #upkeep: Upkeep;
  readonly #onWritten: (rows: readonly LogRow[]) => void;
  /** Whether the last try has failed of the file, or of the lock for too long. */
  isStuck = false;

  /** @param onWritten called after each transaction, with what it has written to the log */
  constructor(link: SqliteLink, upkeep: Upkeep, onWritten: (rows: readonly LogRow[]) => void) {
    this.#link = link;
    this.#upkeep = upkeep;
    this.#onWritten = onWritten;
  }

  /** Whether writes can be done. If the last one could not, the lock is tried; nothing is written. */
  probe(): boolean {
    if (!this.isStuck) return true;
    try {
      const { store } = this.#link.use();
      store.begin();
      store.rollBack();
      this.isStuck = false;
    } catch (error) {
      // Who refuses has answered.
      this.isStuck = failureKind(error) !== "refused";
      this.#link.note(error);
    }
    return !this.isStuck;
  }

  /** Does them, all or none: once more, where it fails because the disk is full and room can be made. */
  run(jobs: readonly Part[]): Tried {
    const tried = this.#transact(jobs);
    if (tried.kind !== "failed" || !isFull(tried.error)) return tried;
    // What has been pushed out leaves room inside the file.
    return this.#makeRoom() ? this.#transact(jobs) : tried;
  }

  #transact(jobs: readonly Part[]): Tried {
    let store: SqliteStore | undefined;
    try {
      this.#link.verify();
      const opened = this.#link.use();
      opened.store.begin();
      store = opened.store;
      const { identity } = store.record;
      if (identity !== opened.identity) throw new Replaced();
      const transaction = { store, now: store.now };
      const { generation } = this.#link;
      const results = jobs.map((job) => (job.generation === generation ? job.work(transaction) : CROSSED));
      this.#upkeep(transaction);
      const rows = store.commit();
      this.isStuck = false;
      this.#onWritten(rows);
      return { kind: "done", results };
    } catch (error) {
      store?.rollBack();
      return this.#judge(error);
    }
  }

  #judge(error: unknown): Tried {
    if (error instanceof Replaced) {
      this.#link.lose(error.message);
      return { kind: "busy", error };
    }
    if (error instanceof CacheError) return this.#broken(error);
    const kind = failureKind(error);
    if (kind === "busy") return { kind, error };
    if (kind === "damaged" || kind === "failed") return this.#broken(this.#link.note(error));
    return { kind: "failed", error };
  }

  #broken(error: CacheError): Tried {
    this.isStuck = true;
    return { kind: "broken", error };
  }

  /** Pushes some entries out. Answers whether it could. */
  #makeRoom(): boolean {
    const { generation } = this.#link;
    const tried = this.#transact([{ generation, work: ({ store }) => store.entries.removeOldest(ROOM_ENTRIES) }]);
    return tried.kind === "done" && (tried.results[0] as number) > 0;
  }
}

/** The file says that it is another authority than it was when it was opened. */
class Replaced extends Error {
  constructor() {
    super("the file begins anew");
  }
}
