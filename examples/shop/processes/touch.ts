// How well one shop process could hear of invalidations, and from when on it had to know of one.
import type { Instant, Span, Touched } from "./protocol.ts";

/** Another process may serve what was invalidated for so long: the message's way, on a busy machine. */
export const BUS_MS = 250;
/** So long a process that has lost the bus may go on as before, not counting the time when it cannot reach Redis. */
export const DIVERGENCE_MS = 2_000;

interface Outage {
  readonly lostAt: Instant;
  /** `Infinity` while its breaker is open. */
  reachableAt: Instant;
  /** `Infinity` while it lasts. */
  backAt: Instant;
}

/** The instant after which a request must not get what was invalidated. */
export interface Bound {
  readonly until: Instant;
  /** Whether it is later than usual because the process had lost the bus. */
  readonly isOutage: boolean;
}

export class Touch {
  readonly #stalls: Span[] = [];
  readonly #outages: Outage[] = [];
  #isBreakerOpen = false;
  #replayed = 0;

  /** Invalidations done again, each of them counted once per time. */
  get replayed(): number {
    return this.#replayed;
  }

  get isOut(): boolean {
    return this.#current !== undefined;
  }

  note(at: Instant, touched: Touched): void {
    const current = this.#current;
    switch (touched.what) {
      case "lost":
        if (current === undefined)
          this.#outages.push({ lostAt: at, reachableAt: this.#isBreakerOpen ? Infinity : at, backAt: Infinity });
        return;
      case "live":
        if (current !== undefined) current.backAt = at;
        return;
      case "breaker":
        this.#isBreakerOpen = touched.isOpen;
        if (current !== undefined) current.reachableAt = touched.isOpen ? Infinity : at;
        return;
      case "replayed":
        this.#replayed += touched.count;
        return;
      case "stalled":
        this.#stalls.push(touched.span);
    }
  }

  /** From when on this process had to know what another one had invalidated by `at`. */
  boundFor(at: Instant): Bound {
    const until = this.#delayed(at, at + BUS_MS);
    // A loss may be noticed as late as `divergenceLimit` after it.
    const noticedBy = this.#delayed(at, at + DIVERGENCE_MS);
    let latest = until;
    for (const { lostAt, reachableAt, backAt } of this.#outages) {
      if (lostAt > noticedBy || backAt < at) continue;
      latest = Math.max(latest, Math.min(backAt, reachableAt + DIVERGENCE_MS));
    }
    return { until: latest, isOutage: latest > until };
  }

  get #current(): Outage | undefined {
    const last = this.#outages.at(-1);
    return last?.backAt === Infinity ? last : undefined;
  }

  /** The instant, put off by all the time between in which the process stood still. */
  #delayed(from: Instant, to: Instant): Instant {
    let until = to;
    for (const [stalledAt, goesOnAt] of this.#stalls) {
      if (goesOnAt > from && stalledAt < until) until += goesOnAt - stalledAt;
    }
    return until;
  }
}
