// One look at the file for the reads of one turn of the event loop: a third of a read is taking its lock and giving it back.

import type { Instant, Milliseconds } from "../model/duration.ts";

/** How old what a read sees may be: less than a message takes. Within one turn code of the user's may run for any time. */
const MAX_AGE_MS: Milliseconds = 1;

/**
 * The second read of a turn begins a transaction, which the others use: whoever reads but once pays nothing for it. It is over
 * when what runs now, and all that awaits it, is done, so that the file is never kept from anybody while nothing runs.
 *
 * What they see is as of its beginning. So it is for those alone who hear of what has changed since: see `SqliteClient`.
 */
export class SharedLook {
  readonly #begin: () => void;
  readonly #end: () => void;
  #isWatched = false;
  #isOpen = false;
  #since: Instant = -Infinity;

  /** @param begin begins a transaction @param end ends it; must not throw */
  constructor(begin: () => void, end: () => void) {
    this.#begin = begin;
    this.#end = end;
  }

  /** To be called before a read. @throws what SQLite throws */
  join(now: Instant): void {
    if (this.#isOpen && now - this.#since < MAX_AGE_MS) return;
    this.end();
    if (this.#isWatched) {
      this.#begin();
      this.#isOpen = true;
      this.#since = now;
    } else {
      this.#isWatched = true;
      // It comes once what runs now, and all that awaits it, is done.
      process.nextTick(this.#endTurn);
    }
  }

  /** What is read from now on is read anew. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#end();
  }

  readonly #endTurn = (): void => {
    this.#isWatched = false;
    this.end();
  };
}
