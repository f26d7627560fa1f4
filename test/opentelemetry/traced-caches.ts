// Caches in memory that trace, with time in the hands of the test; each test begins with nothing recorded, and leaves no span open.

import { afterEach, beforeEach } from "vitest";
import type { CacheOptions, TieredCacheManager } from "../../src/index.ts";
import { openTelemetryTracing, type OpenTelemetryTracingOptions } from "../../src/opentelemetry/index.ts";
import { createCache } from "../support/cache.ts";
import type { FakeClock } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { allEnded, record, withContexts, type Recorded } from "./kit.ts";

interface Traced {
  readonly cache: TieredCacheManager;
  readonly clock: FakeClock;
}

/** What all caches of a file record, and how to make one. */
export interface TracedCaches {
  readonly recorded: Recorded;
  readonly traced: (options?: CacheOptions<never>, tracing?: OpenTelemetryTracingOptions) => Traced;
}

export function tracedCaches(): TracedCaches {
  const recorded = record();
  const opened: Traced[] = [];
  forbidUnhandledRejections();
  withContexts();
  beforeEach(() => recorded.reset());
  afterEach(async () => {
    for (const { cache, clock } of opened.splice(0)) await closeNow(cache, clock);
    await allEnded(recorded);
  });
  const traced: TracedCaches["traced"] = (options = {}, tracing = {}) => {
    const all = openTelemetryTracing({ tracerProvider: recorded.provider, ...tracing });
    const made = createCache({ name: "shop", tracing: all, ...options });
    opened.push(made);
    return made;
  };
  return { recorded, traced };
}

/** Closes a cache, and waits for nothing that it does. */
export async function closeNow(cache: TieredCacheManager, clock: FakeClock): Promise<void> {
  const closed = cache.close({ timeout: 0 });
  await clock.advance(0);
  await closed;
}
