// Waiting for a flight: every caller by its own limits; when the last one leaves, the refresh is aborted.

import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { Engine, Target } from "./engine.ts";
import type { Flight, Landing } from "./flight.ts";
import { abandon, leaveBehind, timedOut } from "./refresh.ts";

/** How waiting for a flight ended for one caller. */
export type Outcome =
  | Landing
  /** `softTimeout` has passed and there was something to give; the flight goes on. */
  | { readonly kind: "softTimeout"; readonly answer: { readonly value: unknown } };

/**
 * Joins a flight until it ends, or this caller's limits do.
 * @param fallback what to give when `softTimeout` passes; `undefined` to wait on
 * @throws the reason of the caller's own signal
 */
export function waitFor(
  engine: Engine,
  flight: Flight,
  { settings }: Target,
  fallback: () => { readonly value: unknown } | undefined,
): Promise<Outcome> {
  const { signal, hardTimeoutMs, softTimeoutMs = Infinity } = settings;
  flight.join();
  if (signal === undefined && hardTimeoutMs === Infinity && softTimeoutMs === Infinity) return flight.landing;
  const limits = new Limits(engine.clock);
  const leave = (reason: unknown, isFailure: boolean): void => {
    if (flight.leave()) abandon(engine, flight, reason, isFailure);
  };
  const outcome = new Promise<Outcome>((resolve, reject) => {
    limits.onAbort(signal, (reason) => {
      reject(reason);
      leave(reason, false);
    });
    limits.onTimeout(hardTimeoutMs, () => {
      const error = timedOut(flight.target.key, hardTimeoutMs);
      resolve({ kind: "failed", error, isGivenUp: false });
      leave(error, true);
    });
    // The caller goes, but its place stays taken for a while: a refresh that is only slow shall bring its value.
    limits.onTimeout(softTimeoutMs, () => {
      const answer = fallback();
      if (answer === undefined) return;
      resolve({ kind: "softTimeout", answer });
      leaveBehind(engine, flight);
    });
    void flight.landing.then(resolve);
  });
  return outcome.finally(() => limits.lift());
}

/** The timers and the abort listener of one wait. They keep the process alive: a caller is waiting for them. */
class Limits {
  readonly #clock: Clock;
  readonly #cancels: Cancel[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  onTimeout(delayMs: Milliseconds, task: () => void): void {
    if (delayMs !== Infinity) this.#cancels.push(this.#clock.schedule(delayMs, task, true));
  }

  onAbort(signal: AbortSignal | undefined, task: (reason: unknown) => void): void {
    if (signal === undefined) return;
    const listener = (): void => task(signal.reason);
    // The refresh has been called already, and may have aborted it.
    if (signal.aborted) listener();
    signal.addEventListener("abort", listener, { once: true });
    this.#cancels.push(() => signal.removeEventListener("abort", listener));
  }

  lift(): void {
    for (const cancel of this.#cancels) cancel();
  }
}
