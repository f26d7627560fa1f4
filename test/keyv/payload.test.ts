// How values become bytes in a store of Keyv: the options of all tiers of bytes.

import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { keyvTier } from "../../src/keyv/index.ts";

const SECRET = "a value that nobody should find";

test("an encrypted value is not in the store, and comes back; without encryption it is there", async () => {
  const key = randomBytes(32);
  for (const encryption of [{ keys: [{ id: 1, key }] }, undefined]) {
    const store = new Map<string, unknown>();
    await using cache = new TieredCacheManager({ tiers: [keyvTier({ store, encryption, codec: "json" })] });
    await cache.set("k", { secret: SECRET });
    const texts = [...store.values()].map((text) =>
      Buffer.from(String(text).replace(/^.*:/, ""), "base64").toString("latin1"),
    );
    expect(texts.some((text) => text.includes(SECRET))).toBe(encryption === undefined);
    expect(await cache.get("k")).toEqual({ secret: SECRET });
  }
});

test("a bad codec is named", () => {
  const tiers = [keyvTier({ store: new Map(), codec: "yaml" as never })];
  expect(() => new TieredCacheManager({ tiers })).toThrow(/tiers\[0\]\.options\.codec/);
});
