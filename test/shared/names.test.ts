// What keeps entries apart in one Redis: name, version and prefix of the cache, namespaces, and keys of every kind.

import { describe, expect, test } from "vitest";
import { collect } from "../support/cache.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { keyOf } from "./frames.ts";
import { DONE, eventually, heard, never, SHAPES, SharedWorld, type OpenOptions, IS_SQLITE } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** Names that could be taken for each other, or for something else, if they were not escaped. */
const ODD_KEYS = [
  "a:b",
  "a",
  "b:c",
  "{a}",
  "}{",
  "a%3ab",
  "%",
  "a b\n\u0000",
  "*?[a]\\",
  "🚠".repeat(128),
  "k".repeat(512),
  "constructor",
  "__proto__",
  "\u00e9",
  "e\u0301",
];

const PREFIXES: readonly [string, OpenOptions, OpenOptions][] = [
  ["keyPrefix", { name: "prefixed", redis: { keyPrefix: "p:" } }, { name: "prefixed", redis: { keyPrefix: "q:" } }],
  ["keyPrefix or none", { name: "half" }, { name: "half", redis: { keyPrefix: "half:" } }],
];

describe.each(SHAPES)("%s", (_shape, shape) => {
  test.each<[string, OpenOptions, OpenOptions]>([
    ["name", { name: "one" }, { name: "two" }],
    ["a name that goes on where the other ends", { name: "shop" }, { name: "shop:v" }],
    ["version", { name: "versions", version: "1" }, { name: "versions", version: "2" }],
    ["version or none", { name: "maybe" }, { name: "maybe", version: "v" }],
    ["a name that looks like name and version", { name: "x:1" }, { name: "x", version: "1" }],
    ...(IS_SQLITE ? [] : PREFIXES),
  ])("caches apart by %s share nothing", async (_what, mine, yours) => {
    const [one, two] = [await world.open({ ...mine, shape }), await world.open({ ...yours, shape })];
    const twin = await world.open({ ...mine, shape });
    for (const cache of [one, two]) {
      await cache.set("k", cache === one ? "one" : "two", { tags: ["t"] });
      await cache.set("k", cache === one ? "one n" : "two n", { namespace: "n" });
    }
    const read = (cache: typeof one): Promise<unknown[]> =>
      Promise.all([cache.get("k"), cache.get("k", { namespace: "n" })]);
    expect([await read(one), await read(two), await read(twin)]).toEqual([
      ["one", "one n"],
      ["two", "two n"],
      ["one", "one n"],
    ]);
    await one.invalidateTags(["t"]);
    await one.clearNamespace("n");
    await heard(one, twin);
    expect([await read(one), await read(two)]).toEqual([
      [undefined, undefined],
      ["two", "two n"],
    ]);
    await one.clear();
    await one.deleteMatching("*");
    expect([await collect(one.keys()), await collect(two.keys()), await read(two)]).toEqual([
      [],
      ["k"],
      ["two", "two n"],
    ]);
    await two.clear();
  });

  test.skipIf(IS_SQLITE)("a keyPrefix stands in front of everything", async () => {
    const { name, a } = await world.pair({ shape, redis: { keyPrefix: "team:" } });
    await a.get("k", () => "v", { tags: ["t"], namespace: "n" });
    const found = await world.raw.keys(`*${name}:*`);
    expect(found.toSorted()).toEqual(
      [
        `team:${keyOf(name, "k", "n")}`,
        `team:${name}:n:{}`,
        `team:${name}:n:{n}`,
        `team:${name}:r`,
        `team:${name}:t:{t}`,
      ].toSorted(),
    );
  });

  test("namespaces and keys are told apart however they are put together", async () => {
    const { a, b } = await world.pair({ shape });
    const places = [undefined, "a", "a:b", "{a}", "a%3ab", "\u0001"].flatMap((namespace) =>
      ODD_KEYS.map((key) => ({ namespace, key })),
    );
    await Promise.all(
      places.map(({ namespace, key }, index) => a.set(key, index, namespace === undefined ? {} : { namespace })),
    );
    const read = (cache: typeof a): Promise<unknown[]> =>
      Promise.all(places.map(({ namespace, key }) => cache.get(key, namespace === undefined ? {} : { namespace })));
    expect(await read(b)).toEqual([...places.keys()]);
    for (const namespace of ["a", "a:b", "{a}", "a%3ab", "\u0001"])
      expect((await collect(b.keys({ namespace }))).toSorted()).toEqual(ODD_KEYS.toSorted());
    expect(await a.clearNamespace("a")).toEqual(DONE);
    const left = places.map(({ namespace }, index) => (namespace === "a" ? undefined : index));
    await eventually(() => read(b), left);
  });

  test("odd keys, namespaces and tags reach the processes that have copies", async () => {
    const { a, b } = await world.pair({ shape });
    for (const key of ODD_KEYS) {
      await a.set(key, 1);
      await a.set("by tag", 1, { tags: [key] });
      await a.set("by namespace", 1, { namespace: key });
      const read = (): Promise<unknown[]> =>
        Promise.all([b.get(key), b.get("by tag"), b.get("by namespace", { namespace: key })]);
      expect(await read()).toEqual([1, 1, 1]);
      await Promise.all([a.delete(key), a.invalidateTags([key]), a.clearNamespace(key)]);
      await eventually(read, [undefined, undefined, undefined]);
    }
  });

  test("a view of a namespace has the same verbs, and its own defaults, over Redis too", async () => {
    const { a, b } = await world.pair({ shape });
    const [mine, theirs] = [a.namespace("users", { ttl: 7_000, tags: ["users"] }), b.namespace("users")];
    expect(await mine.set("1", "Ann")).toEqual(DONE);
    expect(await mine.setMany({ 2: "Bob" })).toEqual(DONE);
    expect([await theirs.get("1"), await theirs.getMany(["2", "3"]), await b.get("1", { namespace: "users" })]).toEqual(
      ["Ann", ["Bob", undefined], "Ann"],
    );
    expect([await b.get("1"), (await theirs.getEntry("2"))?.tags, await theirs.has("2")]).toEqual([
      undefined,
      ["users"],
      true,
    ]);
    expect(await theirs.ttl("1")).toBeLessThanOrEqual(7_000);
    expect([await theirs.delete("1"), await theirs.invalidate("1")]).toEqual([
      { ...DONE, existed: true },
      { ...DONE, existed: false },
    ]);
    expect([await theirs.markStale("2"), await theirs.markAllStale()]).toEqual([DONE, DONE]);
    await eventually(async () => (await mine.getEntry("2"))?.state, "stale");
    expect([await theirs.deleteMatching("?"), await theirs.deleteMany(["2"])]).toEqual([
      { ...DONE, deleted: 1 },
      { ...DONE, deleted: 0 },
    ]);
    expect(await mine.getOrSet("4", () => "Dee")).toBe("Dee");
    expect([await theirs.get("4", never), await theirs.clear()]).toEqual(["Dee", DONE]);
    await eventually(() => mine.get("4"), undefined);
  });

  test("wrapped functions of two processes answer from one cache", async () => {
    const { a, b } = await world.pair({ shape });
    const calls: number[] = [];
    const square = (n: number): number => {
      calls.push(n);
      return n * n;
    };
    const [here, there] = [a, b].map((cache) => cache.wrap(square, { key: "square:{0}", namespace: "math" }));
    if (here === undefined || there === undefined) throw new Error("there are two");
    expect([await here(3), await there(3), await there(4), await here(4), calls]).toEqual([9, 9, 16, 16, [3, 4]]);
    expect([here.key(3), await there.invalidate(3)]).toEqual(["square:3", { ...DONE, existed: true }]);
    await heard(b, a);
    expect([await here(3), calls]).toEqual([9, [3, 4, 3]]);
    await heard(a, b);
    expect([await there.refresh(3), calls]).toEqual([9, [3, 4, 3, 3]]);
  });
});
