// Looking at an entry of a file is no use of it: what has not been used for the longest is still the first to go.

import { expect, test } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { askFile } from "./bare.ts";
import { cleanUp, newPath } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

test.each([
  ["explain", (cache: TieredCacheManager) => cache.explain("k"), false],
  ["get, for comparison,", (cache: TieredCacheManager) => cache.get("k"), true],
])("%s of an entry is noted as a use of it: %s", async (_verb, look, isUse) => {
  const path = newPath();
  const cache = new TieredCacheManager({ tiers: [sqliteTier({ path, timeout: 5_000 })] });
  await cache.set("k", "v");
  askFile(path, "UPDATE entries SET used_at = used_at - 60000");
  const usedAt = (): unknown => askFile(path, "SELECT used_at FROM entries WHERE key LIKE '%:k}'")[0]?.["used_at"];
  const before = usedAt();
  await look(cache);
  // Uses are written along with something else.
  await cache.set("other", "v");
  expect(usedAt() !== before).toBe(isUse);
  await cache.close();
});
