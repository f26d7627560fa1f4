// Work that nobody waits for, but the cache: tracked, caught, and finished by `close()`.

/** Promises with an owner. */
export class Tasks {
  readonly #running = new Set<Promise<void>>();

  /** Owns a promise. @param onError is told of what it fails of */
  own(work: Promise<unknown>, onError: (error: unknown) => void): void {
    const end = (): void => void this.#running.delete(task);
    const task: Promise<void> = work.then(end, (error: unknown) => {
      end();
      onError(error);
    });
    this.#running.add(task);
  }

  /** Knows of a promise that somebody else waits for, so that `close()` waits for it too. */
  track<T>(work: Promise<T>): Promise<T> {
    this.own(work, () => undefined);
    return work;
  }

  /** Resolves when all that is running now has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
