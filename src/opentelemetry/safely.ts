// Keeps whatever OpenTelemetry does away from the cache: what it throws goes to its own log of diagnostics.

import { diag } from "@opentelemetry/api";

/** The result of `work`, or `undefined` if it has thrown. */
export function safely<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    report(error);
    return undefined;
  }
}

function report(error: unknown): void {
  try {
    diag.error("freshtier: OpenTelemetry failed; the cache goes on without", error);
  } catch {
    // A logger that throws: there is nobody left to tell.
  }
}
