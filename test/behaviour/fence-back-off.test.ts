// P3 against the back-off: what failed before an invalidation holds nobody back who comes after it.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const OPTIONS = { namespace: "n", tags: ["t"] };

const VERBS: Readonly<Record<string, (cache: TieredCacheManager) => Promise<unknown>>> = {
  markStale: (cache) => cache.markStale("k", { namespace: "n" }),
  markTagsStale: (cache) => cache.markTagsStale(["t"]),
  markNamespaceStale: (cache) => cache.markNamespaceStale("n"),
};

describe.each(Object.entries(VERBS))("%s", (_name, verb) => {
  /** A stale entry "k" with a background refresh that runs. */
  async function refreshing() {
    const { cache, clock } = createCache({ staleWhileRevalidate: "1h" });
    const { refresh, calls, call } = controlled();
    await cache.set("k", "old", OPTIONS);
    await clock.advance(1_000);
    await cache.get("k", refresh, OPTIONS);
    await drainMicrotasks();
    return { cache, refresh, calls, call };
  }

  test("P3 begins a refresh at once although the last one has just failed", async () => {
    const { cache, refresh, calls, call } = await refreshing();
    call(0).reject(new Error("down"));
    await drainMicrotasks();
    await verb(cache);
    expect(await cache.get("k", refresh, OPTIONS)).toBe("old");
    await drainMicrotasks();
    expect(calls).toHaveLength(2);
  });

  test("P3 begins a refresh at once although the one it overtook has failed since", async () => {
    const { cache, refresh, calls, call } = await refreshing();
    await verb(cache);
    call(0).reject(new Error("down"));
    await drainMicrotasks();
    expect(await cache.get("k", refresh, OPTIONS)).toBe("old");
    await drainMicrotasks();
    expect(calls).toHaveLength(2);
  });

  test("P9 backs off again when the new refresh fails too", async () => {
    const { cache, refresh, calls, call } = await refreshing();
    call(0).reject(new Error("down"));
    await drainMicrotasks();
    await verb(cache);
    await cache.get("k", refresh, OPTIONS);
    await drainMicrotasks();
    calls[1]?.reject(new Error("down"));
    await drainMicrotasks();
    await cache.get("k", refresh, OPTIONS);
    await drainMicrotasks();
    expect(calls.length).toBeLessThanOrEqual(2);
  });
});
