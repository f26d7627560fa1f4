// Writes of one key, one after the other: a store may answer in any order, and do in any order what it was asked at once.

import type { Instant, Milliseconds } from "../model/duration.ts";

/** The write under way, and those that wait for it. */
interface Line {
  readonly waiting: (() => void)[];
  busySince: Instant;
}

/**
 * Lets one piece of work a key in at a time. A write that nobody waits for any more still holds its place until the
 * store has answered it, since it may take effect any moment: what is done after it must come after it there, too.
 */
export class KeyLines {
  readonly #byKey = new Map<string, Line>();

  /**
   * @param now by whose clock what hangs is told
   * @param lostAfterMs a write that has not been answered for so long never will be
   */
  async run<T>(key: string, now: () => Instant, lostAfterMs: Milliseconds, work: () => Promise<T>): Promise<T> {
    const line = this.#line(key, now(), lostAfterMs);
    if (line.isBusy) {
      await new Promise<void>((resolve) => line.at.waiting.push(resolve));
      line.at.busySince = now();
    }
    try {
      return await work();
    } finally {
      this.#leave(key, line.at);
    }
  }

  #line(key: string, now: Instant, lostAfterMs: Milliseconds): { readonly at: Line; readonly isBusy: boolean } {
    const known = this.#byKey.get(key);
    if (known !== undefined && now - known.busySince < lostAfterMs) return { at: known, isBusy: true };
    const at: Line = { waiting: [], busySince: now };
    this.#byKey.set(key, at);
    return { at, isBusy: false };
  }

  #leave(key: string, line: Line): void {
    const next = line.waiting.shift();
    if (next !== undefined) next();
    else if (this.#byKey.get(key) === line) this.#byKey.delete(key);
  }
}
