// What the store is doing for a URL: who asks for it meanwhile waits, and so does `close()`.

/** Work in progress, by key. It has an owner here: what fails is reported, and rejects nowhere. */
export class Work {
  readonly #running = new Map<string, Set<Promise<void>>>();
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Begins at once. Resolves when it is done, whatever came of it. */
  run(key: string, task: () => Promise<void>): Promise<void> {
    const running = this.#running.get(key) ?? new Set();
    this.#running.set(key, running);
    const work: Promise<void> = task()
      .catch(this.#report)
      .finally(() => {
        running.delete(work);
        if (running.size === 0) this.#running.delete(key);
      });
    running.add(work);
    return work;
  }

  /** Resolves when all that is running for a key now is done; `undefined` where nothing is. */
  settled(key: string): Promise<unknown> | undefined {
    const running = this.#running.get(key);
    return running && Promise.all(running);
  }

  /** Resolves when all that is running now is done. */
  async idle(): Promise<void> {
    await Promise.all([...this.#running.values()].flatMap((running) => [...running]));
  }
}
