// Which copies are not to be believed, because dropping them has failed or is still under way.

/** Keys whose copies could not be dropped, and patterns the same; more than these make all copies from before worthless. */
const MAX_DOUBTS = 10_000;

/** Matches the full keys whose copies are to go. */
export type KeyPattern = (fullKey: string) => boolean;

/** The doubts about the copies of one tier. Who restarts the process finds the copies, but does not believe them either. */
export class CopyDoubts {
  readonly #keys = new Set<string>();
  readonly #patterns = new Set<KeyPattern>();
  readonly #onOverflow: () => void;

  /** @param onOverflow too much could not be dropped: which copies are good is not kept any longer, and none so far is to be believed */
  constructor(onOverflow: () => void) {
    this.#onOverflow = onOverflow;
  }

  has(fullKey: string): boolean {
    if (this.#keys.has(fullKey)) return true;
    for (const isMeant of this.#patterns) if (isMeant(fullKey)) return true;
    return false;
  }

  /** An old copy may still be there. */
  add(fullKey: string): void {
    this.#keys.add(fullKey);
    this.#check();
  }

  /** It is not: it has been dropped, or another has taken its place. */
  settle(fullKey: string): void {
    this.#keys.delete(fullKey);
  }

  /** The same of all that match. */
  addPattern(isMeant: KeyPattern): void {
    this.#patterns.add(isMeant);
    this.#check();
  }

  settlePattern(isMeant: KeyPattern): void {
    this.#patterns.delete(isMeant);
  }

  #check(): void {
    if (this.#keys.size <= MAX_DOUBTS && this.#patterns.size <= MAX_DOUBTS) return;
    this.#keys.clear();
    this.#patterns.clear();
    this.#onOverflow();
  }
}
