// How values become bytes in a store of Keyv: the options of all tiers of bytes.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { TieredCacheManager } from "../../src/index.ts";
import { keyvTier } from "../../src/keyv/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { waitUntil } from "../support/wait-until.ts";

const directory = mkdtempSync(join(tmpdir(), "freshtier-keyv-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

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

describe.each(["msgpack", "json", "v8"] as const)(
  "what the caller changes after the call is not what is stored, with %s,",
  (codec) => {
    const page = (): { list: string[]; at?: Date } => ({ list: ["before"] });

    test("though the cache has only just been made", async () => {
      await using cache = new TieredCacheManager({ tiers: [keyvTier({ store: new Map(), codec })] });
      const given = Array.from({ length: 5 }, page);
      const [set, many, sync, ...got] = given as [object, object, object, ...object[]];
      const calls = [
        cache.set("0", set),
        cache.setMany([["1", many]]),
        ...got.map((value, index) => cache.get(String(3 + index), () => value)),
      ];
      cache.setSync("2", sync);
      for (const value of given.slice(0, 3)) value.list.push("after");
      await Promise.all(calls);
      expect(await cache.getMany(["0", "1", "2", "3", "4"])).toEqual(Array.from({ length: 5 }, page));
    });

    test.each([() => true, async () => true])("though it is looked at first by validate: %s", async (validate) => {
      await using cache = new TieredCacheManager({ tiers: [keyvTier({ store: new Map(), codec })], validate });
      const [set, many] = [page(), page()];
      const calls = [cache.set("0", set), cache.setMany([["1", many]])];
      set.list.push("after");
      many.list.push("after");
      await Promise.all(calls);
      expect(await cache.getMany(["0", "1"])).toEqual([page(), page()]);
    });

    test("and what cannot be carried is refused as ever", async () => {
      await using cache = new TieredCacheManager({ tiers: [keyvTier({ store: new Map(), codec })] });
      await expect(cache.set("k", { list: [new URL("http://localhost")] })).rejects.toMatchObject({
        code: "unserializable",
        message: expect.stringMatching(/^value\.list\[0\] must be /) as string,
      });
    });

    test("nor what is kept as a copy of it", async () => {
      const shared = sqliteTier({ path: join(directory, `${codec}.db`) });
      await using cache = new TieredCacheManager({ tiers: [keyvTier({ store: new Map(), codec }), shared] });
      const copied = async (key: string): Promise<unknown> => {
        const isThere = async (): Promise<boolean> => (await cache.explain(key)).tiers[0]?.presence === "present";
        await waitUntil(isThere, { what: "there is a copy" });
        return cache.get(key);
      };
      const given = [page(), page(), page(), page()] as const;
      await Promise.all(
        [cache.set("0", given[0]), cache.setMany([["1", given[1]]]), cache.get("2", () => given[2])].map(
          async (call, at) => {
            given[at]?.list.push("after");
            await call;
          },
        ),
      );
      cache.getSync("3", () => given[3]);
      given[3].list.push("after");
      for (const [key, expected] of [
        ["0", page()],
        ["1", page()],
        ["3", page()],
      ] as const)
        expect([key, await copied(key)]).toEqual([key, expected]);
    });
  },
);

test("a bad codec is named", () => {
  const tiers = [keyvTier({ store: new Map(), codec: "yaml" as never })];
  expect(() => new TieredCacheManager({ tiers })).toThrow(/tiers\[0\]\.options\.codec/);
});
