// The Keyv tier itself: what it writes, what it lists, and what it gives up.

import { Keyv } from "keyv";
import { describe, expect, test } from "vitest";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { Leases } from "../../src/keyv/leases.ts";
import { MintLimit } from "../../src/keyv/mint-limit.ts";
import { frameOf, freshKey, LEASE_MS, LONG, randomVersion } from "../../src/test-suite/suite.ts";
import { collect } from "../support/cache.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { never, openOn, openTier } from "./caches.ts";
import { FaultyStore } from "./faulty-store.ts";
import { newFile, sqliteStore, undoAfterEach, type Store } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

describe("what it writes", () => {
  test.each<[string, () => { readonly given: Store; readonly texts: () => Iterable<readonly [string, unknown]> }]>([
    [
      "a Keyv in memory",
      () => {
        const map = new Map<string, unknown>();
        return { given: new Keyv({ store: map, namespace: "app" }), texts: () => map };
      },
    ],
    [
      "a Keyv that puts nothing in front of keys",
      () => {
        const map = new Map<string, unknown>();
        return { given: new Keyv({ store: map, namespace: "app", useKeyPrefix: false }), texts: () => map };
      },
    ],
    [
      "a Keyv on an adapter",
      () => {
        const store = sqliteStore(newFile());
        const given = new Keyv({ store, namespace: "app" });
        return { given, texts: () => store.rows.map(({ key, value }) => [key, value] as const) };
      },
    ],
  ])("is text that is encoded once, in the namespace of %s", async (_name, make) => {
    const { given, texts } = make();
    const cache = openOn(given, { memory: false, keyv: { keyPrefix: "team:" } });
    await cache.set("k", { price: 5 }, { tags: ["t"] });
    const all = [...texts()];
    expect(all.map(([key]) => key).toSorted()).toEqual([
      "app:team:shop:n:{}:hard",
      "app:team:shop:n:{}:soft",
      "app:team:shop:r:hard",
      "app:team:shop:r:soft",
      "app:team:shop:t:{t}:hard",
      "app:team:shop:t:{t}:soft",
      "app:team:shop:v:{:k}",
    ]);
    const frame = all.find(([key]) => key.endsWith(":v:{:k}"))?.[1];
    expect(frame).toMatch(/^ft1:\d+:RlQB[A-Za-z0-9+/]+=*$/);
    expect([await cache.get("k", never), await collect(cache.keys())]).toEqual([{ price: 5 }, ["k"]]);
  });

  test("is ended by clear() of its Keyv", async () => {
    const keyv = new Keyv({ store: sqliteStore(newFile()), namespace: "app" });
    const cache = openOn(keyv);
    await cache.set("k", 1);
    await keyv.clear();
    expect(await cache.get("k")).toBeUndefined();
  });

  test("has a ttl where it ends, in whole milliseconds, and none where it does not", async () => {
    const ttls = new Map<string, unknown>();
    class Noting extends Map<string, unknown> {
      override set(key: string, value: unknown, ttl?: number): this {
        ttls.set(key, ttl);
        return super.set(key, value);
      }
    }
    const cache = openOn(new Noting());
    await cache.set("k", 1, { ttl: 1_000.5, staleWhileRevalidate: 500 });
    await cache.set("ever", 1, { ttl: "forever" });
    await cache.set("ages", 1, { ttl: 1e15 });
    expect(Object.fromEntries(ttls)).toEqual({
      "shop:v:{:k}": 1_501,
      "shop:v:{:ever}": undefined,
      "shop:v:{:ages}": undefined,
      "shop:n:{}:hard": undefined,
      "shop:n:{}:soft": undefined,
      "shop:r:hard": undefined,
      "shop:r:soft": undefined,
    });
  });

  test("asks for everything a read needs at once, where the store takes that", async () => {
    const store = sqliteStore(newFile());
    const asked: number[] = [];
    const noting = Object.assign(store, {
      getMany: (keys: string[]) => {
        asked.push(keys.length);
        return Promise.all(keys.map((key) => store.get(key)));
      },
    });
    const cache = openOn(noting, { memory: false });
    await cache.set("k", 1);
    asked.length = 0;
    expect([await cache.get("k"), asked]).toEqual([1, [5]]);
  });
});

describe("epochs", () => {
  test("changed in both ways at the same time, by two processes, are changed in both", async () => {
    const file = newFile();
    const [one, two] = [openTier({ store: sqliteStore(file) }), openTier({ store: sqliteStore(file) })];
    const tag = { kind: "tag", name: "t" } as const;
    for (let round = 0; round < 20; round++) {
      const [before] = await one.authority.epochs([tag]);
      await Promise.all([one.authority.bump(tag, false, Infinity), two.authority.bump(tag, true, Infinity)]);
      const [after] = await two.authority.epochs([tag]);
      expect([after?.hard === before?.hard, after?.soft === before?.soft]).toEqual([false, false]);
    }
  });

  test("are ended by forgetting them in a store that takes no more", async () => {
    const store = new FaultyStore();
    const { authority } = openTier({ store });
    const tag = { kind: "tag", name: "t" } as const;
    const [before] = await authority.epochs([tag]);
    store.break("set", { answer: false });
    expect(await authority.bump(tag, false, Infinity)).toBe(true);
    store.heal();
    expect((await authority.epochs([tag]))[0]?.hard).not.toBe(before?.hard);
    store.break("set", "reject");
    store.break("delete", "reject");
    await expect(authority.bump(tag, false, Infinity)).rejects.toMatchObject({
      code: "unavailable",
      cause: { message: "the store cannot set" },
    });
  });
});

describe("what nobody waits for any more", () => {
  const key = freshKey("shop");

  test("is not begun: a write that was in line, or half done", async () => {
    const store = new FaultyStore();
    const { authority } = openTier({ store, timeout: 300 });
    await authority.set(key, frameOf(FRAME_LAYOUT, randomVersion()), LONG, Infinity);
    const before = store.map.get(key);
    const gets = store.hold("get");
    const late = { code: "unavailable", message: "keyv did not answer within 300 ms" };
    await expect(authority.markStale(key, Infinity)).rejects.toMatchObject(late);
    await expect(authority.set(key, frameOf(FRAME_LAYOUT, randomVersion()), LONG, Infinity)).rejects.toMatchObject(
      late,
    );
    await gets.release();
    // In line behind them: they are over when this is.
    expect((await authority.acquire(key, "next", undefined, LEASE_MS)).kind).toBe("changed");
    expect(store.calls.filter((call) => call === `set ${key}`)).toHaveLength(1);
    expect(store.map.get(key)).toBe(before);
  });

  test("gets no lease, which would keep the others waiting", async () => {
    const store = new FaultyStore();
    const { authority } = openTier({ store, timeout: 300 });
    const gets = store.hold("get");
    await expect(authority.acquire(key, "mine", undefined, LEASE_MS)).rejects.toMatchObject({ code: "unavailable" });
    await gets.release();
    expect(await authority.acquire(key, "theirs", undefined, LEASE_MS)).toEqual({ kind: "granted" });
  });
});

describe("keys", () => {
  const list = (store: Store, timeout = 5_000): Promise<string[]> =>
    collect(openTier({ store, timeout }).tier.keys("shop:"));

  test("are refused where the store has no iterator", async () => {
    const refused = {
      code: "refused",
      message: "keyv must have a store with an iterator to list keys, and has none",
    };
    await expect(list(new FaultyStore())).rejects.toMatchObject(refused);
  });

  test.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("no list");
      },
      "keyv failed",
    ],
    [
      "hangs",
      () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) }),
      "did not answer",
    ],
    [
      "fails midway",
      async function* () {
        yield ["shop:v:{:a}", "ft1::"];
        throw new Error("no more");
      },
      "keyv failed",
    ],
  ])("fail where the iterator %s", async (_how, iterator, message) => {
    const failing = list(Object.assign(new FaultyStore(), { iterator }), 50);
    await expect(failing).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining(message) });
  });

  test("are all that a list gives under names of ours, whatever else is in it, and its end is told", async () => {
    let isEnded = false;
    const iterator = function* () {
      try {
        yield* [["shop:v:{:a}", "ft1::"], ["shop:v:{:b}"], undefined, "shop:v:{:c}", [5, 5], ["other", "x"]];
        yield ["shop:v:{:over}", "ft1:5:AAAA"];
        yield ["shop:v:{:d}", 5];
      } finally {
        isEnded = true;
      }
    };
    const store = Object.assign(new FaultyStore(), { iterator }) as Store;
    expect(await list(store)).toEqual(["shop:v:{:a}", "shop:v:{:b}", "shop:v:{:d}"]);
    isEnded = false;
    for await (const key of openTier({ store }).tier.keys("shop:")) {
      expect(key).toBe("shop:v:{:a}");
      break;
    }
    expect(isEnded).toBe(true);
  });
});

test("an epoch may be lost now and then, however many there are", () => {
  const mints = new MintLimit();
  for (let index = 0; index < 5_000; index++) mints.note(`k${index % 2_500}`, index);
  for (let count = 0; count < 100; count++) mints.note("again", 150 * count);
  const often = (): void => {
    for (let count = 0; count < 10; count++) mints.note("often", count);
  };
  expect(often).toThrow("has lost often 8 times within a second");
});

test("leases that nobody gives back are forgotten when there are many", () => {
  const leases = new Leases();
  for (let index = 0; index < 5_000; index++) leases.acquire(`k${index}`, "mine", index, 10);
  expect(leases.size).toBeLessThan(2_000);
  expect(leases.keys("k", 5_000)).toHaveLength(9);
});
