// Sets that take their time, because `validate` does: later verbs overtake them too.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { deferred } from "../support/deferred.ts";
import { controlled } from "../support/controlled-refresh.ts";

/** A cache whose `validate` holds "slow" back until the test lets it go. */
function createSlow() {
  const gate = deferred<boolean>();
  const { cache } = createCache({ validate: (value) => (value === "slow" ? gate.promise : true) });
  return { cache, pass: () => gate.resolve(true) };
}

const VERBS: Readonly<Record<string, (cache: TieredCacheManager) => Promise<unknown>>> = {
  delete: (cache) => cache.delete("k"),
  deleteMany: (cache) => cache.deleteMany(["k"]),
  deleteMatching: (cache) => cache.deleteMatching("*"),
  invalidateTags: (cache) => cache.invalidateTags(["t"]),
  markTagsStale: (cache) => cache.markTagsStale(["t"]),
  clearNamespace: (cache) => cache.clearNamespace(),
  clear: (cache) => cache.clear(),
};

describe("a set that is still being validated", () => {
  test.each(Object.entries(VERBS))("P3 is overtaken by %s", async (_name, verb) => {
    const { cache, pass } = createSlow();
    const setting = cache.set("k", "slow", { tags: ["t"] });
    await verb(cache);
    pass();
    await setting;
    const entry = await cache.getEntry("k");
    expect(entry?.state).not.toBe("fresh");
  });

  test("P5 is overtaken by a later set", async () => {
    const { cache, pass } = createSlow();
    const setting = cache.set("k", "slow");
    await cache.set("k", "later");
    pass();
    await setting;
    expect(await cache.get("k")).toBe("later");
  });

  test("P3 fences a refresh that began while it was validated", async () => {
    const { cache, pass } = createSlow();
    const { refresh, call } = controlled();
    const setting = cache.set("k", "slow");
    const got = cache.get("k", refresh);
    pass();
    await setting;
    call(0).resolve("refreshed");
    expect(await got).toBe("refreshed");
    expect(await cache.get("k")).toBe("slow");
  });
});

describe("a refresh whose result is still being validated", () => {
  test("P3 is overtaken by a delete", async () => {
    const { cache, pass } = createSlow();
    const got = cache.get("k", () => "slow");
    await new Promise((resolve) => setImmediate(resolve));
    await cache.delete("k");
    pass();
    expect(await got).toBe("slow");
    expect(await cache.get("k")).toBeUndefined();
  });
});
