// Word from the system that somebody has written to the file: so that nobody has to look all the time.

import { utimesSync, watch, type FSWatcher } from "node:fs";

/**
 * Watches one file of the database. Not every file system tells of writes, and none tells of all of them for sure: so
 * this only says when to look, and is relied on no further than it has been seen to work.
 */
export class LogWatch {
  readonly #onWritten: () => void;
  #watcher: FSWatcher | undefined;
  #hasTold = false;

  /** @param onWritten may be called many times for one write, or for none */
  constructor(onWritten: () => void) {
    this.#onWritten = onWritten;
  }

  /** Whether it tells of changes to this file: it has told of one. */
  get isProven(): boolean {
    return this.#hasTold;
  }

  /** Watches this file from now on, instead of the one before. @param path `undefined` when there is none */
  follow(path: string | undefined): void {
    this.stop();
    if (path === undefined) return;
    try {
      const watcher = watch(path, { persistent: false }, () => {
        if (this.#watcher !== watcher) return;
        this.#hasTold = true;
        this.#onWritten();
      });
      watcher.on("error", () => this.stop());
      this.#watcher = watcher;
      // To see whether it works: the instant is of no use to anybody else.
      const now = new Date();
      utimesSync(path, now, now);
    } catch {
      // Whoever looks all the time sees it as well.
    }
  }

  stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#hasTold = false;
  }
}
