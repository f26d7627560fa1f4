// Whose copies on this host are believed: by the run of the program that has made them.

import { randomBytes } from "../model/random.ts";

/** A run vouches for the copies that bear its name, since it knows what it has heard since. */
export class CopyRuns {
  #own = newRun();
  #believesOwnAlone = false;

  /** Of this process, and of no other. */
  get own(): string {
    return this.#own;
  }

  isOwn(run: string): boolean {
    return run === this.#own;
  }

  /** Whether a copy of it counts at all. */
  isBelieved(run: string): boolean {
    return !this.#believesOwnAlone || this.isOwn(run);
  }

  /** Some copies so far were to be dropped, and nobody knows any more which: from now on they all count as none. */
  beginAnew(): void {
    this.#own = newRun();
    this.#believesOwnAlone = true;
  }
}

function newRun(): string {
  return randomBytes(8).toString("hex");
}
