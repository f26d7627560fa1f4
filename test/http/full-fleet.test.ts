// cachedFetch in two processes, as far as caches tell: what happens between two of its steps.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { cachedFetch } from "../../src/http/full/cached-fetch.ts";
import { TieredCacheManager } from "../../src/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { fresh, read } from "./handler-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "freshtier-http-"));
const caches: TieredCacheManager[] = [];

afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** Two caches on a file, each with a fetch; the second does something between its look and its exchange. */
function connect(between: () => Promise<unknown>) {
  const asked: Request[] = [];
  const [here, there] = Array.from({ length: 2 }, () => {
    const cache = new TieredCacheManager({ tiers: [sqliteTier({ path: join(folder, "cache.db"), timeout: 5_000 })] });
    caches.push(cache);
    return cache;
  }) as [TieredCacheManager, TieredCacheManager];
  const [one, two] = [here, there].map((cache) => {
    const get = cachedFetch(
      async (request) => {
        asked.push(request);
        return fresh(`answer ${asked.length}`, "max-age=60", { Vary: "Foo" });
      },
      { cache },
    );
    return async (foo: string, method = "GET") =>
      read(await get(new Request("http://a.test/", { method, headers: { foo } })));
  }) as [(foo: string, method?: string) => ReturnType<typeof read>, (foo: string) => ReturnType<typeof read>];
  const { get } = there;
  let isFirst = true;
  there.get = (async (...all: Parameters<typeof get>) => {
    if (all.length === 3 && isFirst) {
      isFirst = false;
      await between();
    }
    return get.apply(there, all);
  }) as typeof get;
  return { one, two, asked };
}

test("what another process has stored since it looked is not asked for again", async () => {
  const { one, two, asked } = connect(() => one("1"));
  expect(await two("1")).toMatchObject({ text: "answer 1", way: expect.stringContaining("collapsed") as string });
  expect(asked).toHaveLength(1);
});

test("P3 what another process has ended since it looked is not put back", async () => {
  const { one, two } = connect(() => one("1", "POST"));
  expect((await one("1")).text).toBe("answer 1");
  expect((await two("2")).text).toBe("answer 3");
  expect((await two("1")).text).toBe("answer 4");
});
