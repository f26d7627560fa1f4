// Waiting for a flight: every caller by its own limits; when the last one leaves, the refresh is aborted.

import type { Cancel } from "../contracts/clock.ts";
import type { CallSettings } from "../model/call.ts";
import type { Engine } from "./engine.ts";
import { abandon, timedOut } from "./refresh.ts";
import type { Flight, Landing } from "./flight.ts";

/** How waiting for a flight ended for one caller. */
export type Outcome =
  | { readonly kind: "landed"; readonly landing: Landing }
  | { readonly kind: "failed"; readonly error: unknown }
  /** `softTimeout` has passed and there was something to give; the flight goes on. */
  | { readonly kind: "softTimeout"; readonly answer: { readonly value: unknown } };

const landed = (landing: Landing): Outcome => ({ kind: "landed", landing });
const failed = (error: unknown): Outcome => ({ kind: "failed", error });

/**
 * Joins a flight until it ends, or this caller's limits do.
 * @param fallback what to give when `softTimeout` passes; `undefined` to wait on
 * @throws the reason of the caller's own signal
 */
export async function waitFor(
  engine: Engine,
  flight: Flight,
  settings: CallSettings,
  fallback: () => { readonly value: unknown } | undefined,
): Promise<Outcome> {
  const { signal, hardTimeoutMs, softTimeoutMs = Infinity } = settings;
  flight.join();
  const end = flight.landing.then(landed, failed);
  if (signal === undefined && hardTimeoutMs === Infinity && softTimeoutMs === Infinity) return end;
  const limits = new Limits(engine);
  const leave = (reason: unknown, isFailure: boolean): void => {
    if (flight.leave()) abandon(engine, flight, reason, isFailure);
  };
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      limits.onAbort(signal, (reason) => {
        reject(reason);
        leave(reason, false);
      });
      limits.onTimeout(hardTimeoutMs, () => {
        const error = timedOut(flight.key, hardTimeoutMs);
        resolve(failed(error));
        leave(error, true);
      });
      // The caller goes, but its place stays taken: a refresh that is only slow shall bring its value.
      limits.onTimeout(softTimeoutMs, () => {
        const answer = fallback();
        if (answer !== undefined) resolve({ kind: "softTimeout", answer });
      });
      void end.then(resolve);
    });
  } finally {
    limits.lift();
  }
}

/** The timers and the abort listener of one wait. They keep the process alive: a caller is waiting for them. */
class Limits {
  readonly #engine: Engine;
  readonly #cancels: Cancel[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  onTimeout(delayMs: number, task: () => void): void {
    if (delayMs !== Infinity) this.#cancels.push(this.#engine.clock.schedule(delayMs, task, true));
  }

  onAbort(signal: AbortSignal | undefined, task: (reason: unknown) => void): void {
    if (signal === undefined) return;
    const listener = (): void => task(signal.reason);
    signal.addEventListener("abort", listener, { once: true });
    this.#cancels.push(() => signal.removeEventListener("abort", listener));
  }

  lift(): void {
    for (const cancel of this.#cancels) cancel();
  }
}
