// The seam to whoever traces: the engine tells a Tracer what it begins, does that within the span it is given, and ends the span.

import type { CacheEventOf } from "../model/event.ts";

/** What a cache is traced with, as its option `tracing`. One may be given to several caches. */
export interface Tracing {
  /** @param cache its name */
  open(cache: string): Tracer;
}

/** Makes spans of what one cache does. No method ever throws, whatever stands behind it. */
export interface Tracer {
  /**
   * Where the code that runs now stands. A refresh is given back what this answered when it was asked for: one behind
   * begins later, where nobody stands.
   */
  origin(): unknown;
  /** A refresh begins, or one for several keys. */
  refresh(refresh: TracedRefresh, origin: unknown): TraceSpan;
  /** The caller of now begins to wait for a refresh that somebody else has begun. */
  wait(about: TracedKey, refresh: TraceSpan): TraceSpan;
  /** A tier outside the process is about to be asked. `undefined`: of this no span is made. */
  ask(question: TracedQuestion): TraceSpan | undefined;
  /** A value has been given out at once. `undefined` where nobody wants to know, so that it costs nothing. */
  readonly served: ((event: CacheEventOf<"hit" | "stale" | "rescue">) => void) | undefined;
}

/** A span that has begun. */
export interface TraceSpan {
  /** Does `work` such that spans which are begun in it are children of this one. Calls it once, and passes on what it throws. */
  within<T>(work: () => T): T;
  /**
   * Ends it. Only the first call counts.
   * @param outcome what it came to, as one of few words
   * @param failure the error, if it came to one
   */
  end(outcome: string | undefined, failure?: TraceFailure): void;
}

/** An error, which may be any value. */
export interface TraceFailure {
  readonly error: unknown;
}

/** A key as the user wrote it. */
export interface TracedKey {
  readonly namespace: string | undefined;
  readonly key: string;
}

/** What is told of a refresh when it begins. */
export interface TracedRefresh {
  /** Behind a value already served, for callers who wait, or for one who cannot wait. */
  readonly kind: "background" | "foreground" | "sync";
  readonly namespace: string | undefined;
  readonly keys: readonly string[];
  /** Whether it is the refresh of `getMany`. */
  readonly isBatch: boolean;
}

/** What is told of a question to a tier outside the process. */
export interface TracedQuestion {
  /** Its label, such as `"redis"`. */
  readonly tier: string;
  /** What kind of database it is, as OpenTelemetry names it; `undefined`: none. */
  readonly system: string | undefined;
  /** Which of its servers: the label of its breaker. */
  readonly server: string;
  /** Such as `"read"`: as in `tierError` events. */
  readonly operation: string;
  /** What it is about; `undefined` where it is about nothing in particular, or several things. */
  readonly about:
    TracedKey | { readonly kind: "root" | "namespace" | "tag"; readonly name?: string | undefined } | undefined;
}
