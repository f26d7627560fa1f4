// Spans of refreshes, and of waiting for them: made where a tracer is configured, and nowhere else.

import type { TraceSpan } from "../contracts/tracer.ts";
import { assertNever } from "../errors.ts";
import type { NotStoredReason } from "../model/event.ts";
import type { Engine, Target } from "./engine.ts";
import { RefreshRun, type Flight } from "./flight.ts";
import type { Outcome } from "./wait.ts";

/** What a flight came to, in one word. */
export type FlightOutcome =
  | "stored"
  | NotStoredReason
  /** Another process had made the value. */
  | "served"
  /** Another process is making it, or an invalidation came before the refresh was called. */
  | "declined"
  | "failed"
  /** Nobody waits for it any more, or the cache was closed. */
  | "aborted";

/** A run, in a span where somebody traces. @param isBatch whether it is one of `getMany` */
export function createRun(engine: Engine, isBatch: boolean, begin: (run: RefreshRun) => void): RefreshRun {
  const { tracer } = engine;
  if (tracer === undefined) return new RefreshRun(begin);
  // Asked now: a run behind begins where nobody stands.
  const origin = tracer.origin();
  return new RefreshRun((run) => beginRun(engine, run, isBatch, origin, () => begin(run)));
}

/** A flight leaves its batch, for a run of its own. */
export function beginApart(engine: Engine, flight: Flight, work: (apart: RefreshRun) => void): void {
  const { tracer } = engine;
  const apart = RefreshRun.apart(flight);
  if (tracer === undefined) work(apart);
  else beginRun(engine, apart, true, tracer.origin(), () => work(apart));
}

function beginRun(engine: Engine, run: RefreshRun, isBatch: boolean, origin: unknown, work: () => void): void {
  const flights = run.flights.filter(({ settled }) => !settled);
  const kind = flights.some(({ background }) => background) ? "background" : "foreground";
  const namespace = flights[0]?.target.settings.namespace;
  const keys = flights.map(({ target }) => target.key);
  const span = keys.length === 0 ? undefined : engine.tracer?.refresh({ kind, namespace, keys, isBatch }, origin);
  if (span === undefined) return work();
  run.span = new RunSpan(span, flights.length);
  span.within(work);
}

/** The span of a synchronous refresh, where somebody traces. */
export function traceSync({ tracer }: Engine, { key, settings }: Target): TraceSpan | undefined {
  return tracer?.refresh({ kind: "sync", namespace: settings.namespace, keys: [key], isBatch: false }, tracer.origin());
}

/** The span of a run: it ends with the last of its flights. */
export class RunSpan {
  readonly span: TraceSpan;
  #open: number;
  #outcome: FlightOutcome | "mixed" | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(span: TraceSpan, flights: number) {
    this.span = span;
    this.#open = flights;
  }

  /** One of its flights has landed. @param error what it failed of */
  landed(outcome: FlightOutcome, error: unknown): void {
    this.#outcome = this.#outcome === undefined || this.#outcome === outcome ? outcome : "mixed";
    if (outcome === "failed") this.#failure ??= { error };
    this.left();
  }

  /** One of its flights is no longer one of them. */
  left(): void {
    if (--this.#open === 0) this.span.end(this.#outcome ?? "declined", this.#failure);
  }
}

/** Makes a span of a caller's wait for a flight that somebody else has begun: in his own trace it would be a gap. */
export function traceWait(
  { tracer }: Engine,
  { key, settings }: Target,
  { run }: Flight,
  waited: Promise<Outcome>,
): Promise<Outcome> {
  if (tracer === undefined || run.span === undefined) return waited;
  const span = tracer.wait({ namespace: settings.namespace, key }, run.span.span);
  waited.then(
    (outcome) => span.end(wordFor(outcome), outcome.kind === "failed" ? outcome : undefined),
    // His own signal: no failure.
    () => span.end("aborted"),
  );
  return waited;
}

function wordFor({ kind }: Outcome): string {
  switch (kind) {
    case "landed":
    case "declined":
    case "failed":
      return kind;
    case "softTimeout":
      return "stale";
    default:
      return assertNever(kind);
  }
}
