// Notices when the event loop of this process stands still: nothing can hear an invalidation then.
import { instant, type Span } from "./protocol.ts";

const LOOK_EVERY_MS = 10;
const WORTH_TELLING_MS = 10;

/** Reports every stretch of time in which the event loop did not turn as it should. */
export class StallWatch {
  readonly #report: (span: Span) => void;
  readonly #timer: NodeJS.Timeout;
  #dueAt = instant() + LOOK_EVERY_MS;

  constructor(report: (span: Span) => void) {
    this.#report = report;
    this.#timer = setInterval(() => {
      this.look();
      this.#dueAt = instant() + LOOK_EVERY_MS;
    }, LOOK_EVERY_MS).unref();
  }

  /** Reports a stall that is just over and not noticed yet. */
  look(): void {
    const now = instant();
    if (now - this.#dueAt < WORTH_TELLING_MS) return;
    this.#report([this.#dueAt, now]);
    this.#dueAt = now;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
