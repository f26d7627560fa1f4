// deleteMatching and keys over Redis: both walk what is there, wherever it is, and take names as they were written.

import { describe, expect, test } from "vitest";
import { collect } from "../support/cache.ts";
import { controlled } from "../support/controlled-refresh.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { age, keyOf } from "./frames.ts";
import { DONE, eventually, redisStats, SHAPES, SharedWorld, IS_SQLITE } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

const ODD = ["a*b", "a?b", "a[b]", "a\\b", "a:b", "a{b}", "a%b", "a%3ab", "naïve 🚠", "a b", "axb"];

const sorted = async (keys: AsyncIterable<string>): Promise<string[]> => (await collect(keys)).toSorted();

describe.each(SHAPES)("%s", (_shape, shape) => {
  test("deleteMatching ends all that matches, also what only Redis has, and counts it", async () => {
    const { a, b } = await world.pair({ shape });
    await a.setMany({ "user:1": 1, "user:2": 2, "user:10": 3, "order:1": 4 });
    await b.get("user:2");
    expect(await b.deleteMatching("user:?")).toEqual({ ...DONE, deleted: 2 });
    const left = [undefined, undefined, 3, 4];
    for (const cache of [b, a]) await eventually(() => cache.getMany(["user:1", "user:2", "user:10", "order:1"]), left);
    expect(await a.deleteMatching("nobody:*")).toEqual({ ...DONE, deleted: 0 });
    expect(await a.deleteMatching("*")).toEqual({ ...DONE, deleted: 2 });
  });

  test("deleteMatching takes more keys than go at a time", async () => {
    const { a, b } = await world.pair({ shape });
    const many = Array.from({ length: 401 }, (_, index) => `user:${index}`);
    await a.setMany([...many, "order:1"].map((key) => [key, key] as const));
    expect(await b.deleteMatching("user:*")).toEqual({ ...DONE, deleted: 401 });
    for (const cache of [b, a]) {
      await eventually(
        () => cache.getMany([many[0]!, many[200]!, many[400]!, "order:1"]),
        [...[undefined, undefined, undefined], "order:1"],
      );
    }
  });

  test.skipIf(IS_SQLITE)(
    "P11 deleteMatching that Redis does not let finish ends the whole namespace once it does",
    async () => {
      // What did not get through is not done again before it can no longer take effect.
      const { a, b } = await world.pair({ shape, redis: { timeout: 1_000 } });
      const of = { namespace: "n" };
      await a.setMany({ "user:1": 1, "order:1": 2 }, of);
      await a.set("order:1", "none");
      expect(await b.getMany(["user:1", "order:1"], of)).toEqual([1, 2]);
      // It can be read, so that keys are found, and not written.
      const undo = await world.server.config({ "min-replicas-to-write": 1 });
      world.atEnd(undo);
      expect(await b.deleteMatching("user:*", of)).toMatchObject({ authority: "pending" });
      expect(await b.getMany(["user:1", "order:1"], of)).toEqual([undefined, undefined]);
      await undo();
      for (const cache of [a, b]) {
        await eventually(() => cache.getMany(["user:1", "order:1"], of), [undefined, undefined]);
        expect(await cache.get("order:1")).toBe("none");
      }
      await waitUntil(() => redisStats(b).pending === 0, { what: "nothing is pending" });
      await b.set("user:1", "new", of);
      await eventually(() => a.get("user:1", of), "new");
    },
  );

  test.each([
    [String.raw`a\*b`, ["a*b"]],
    [String.raw`a\?b`, ["a?b"]],
    [String.raw`a\[b\]`, ["a[b]"]],
    [String.raw`a\\b`, ["a\\b"]],
    ["a:b", ["a:b"]],
    ["a{b}", ["a{b}"]],
    ["a%b", ["a%b"]],
    ["a%3ab", ["a%3ab"]],
    ["*🚠", ["naïve 🚠"]],
    ["a[:%]b", ["a:b", "a%b"]],
    ["a[^a-z]b", ["a*b", "a?b", "a\\b", "a:b", "a%b", "a b"]],
  ])("deleteMatching(%s) ends %j", async (pattern, ended) => {
    const { a, b } = await world.pair({ shape });
    await a.setMany(ODD.map((key) => [key, key] as const));
    expect(await b.deleteMatching(pattern)).toEqual({ ...DONE, deleted: ended.length });
    const left = ODD.map((key) => (ended.includes(key) ? undefined : key));
    expect(await b.getMany(ODD)).toEqual(left);
    await eventually(() => a.getMany(ODD), left);
  });

  test("deleteMatching leaves other namespaces and other caches alone", async () => {
    const { name, a } = await world.pair({ shape });
    const other = await world.open({ shape, name: `${name}x` });
    await other.set("k", "other cache");
    await a.set("k", "none");
    await a.set("k", "n", { namespace: "n" });
    await a.set("k", "n2", { namespace: "n2" });
    expect(await a.deleteMatching("*", { namespace: "n" })).toEqual({ ...DONE, deleted: 1 });
    const read = ["n", "n2"].map((namespace) => a.get("k", { namespace }));
    expect([await a.get("k"), ...(await Promise.all(read)), await other.get("k")]).toEqual([
      "none",
      undefined,
      "n2",
      "other cache",
    ]);
  });

  test("P3 deleteMatching overtakes a refresh elsewhere of a key that nobody has yet", async () => {
    const { a, b } = await world.pair({ shape });
    const { refresh, calls, call } = controlled();
    const rejected: string[] = [];
    b.on("fillRejected", ({ key }) => rejected.push(key));
    const loading = b.get("user:1", refresh);
    await eventually(() => calls.length, 1);
    expect(await a.deleteMatching("user:*")).toMatchObject(DONE);
    call(0).resolve("from before");
    expect(await loading).toBe("from before");
    expect([await a.get("user:1"), await b.get("user:1"), rejected]).toEqual([undefined, undefined, ["user:1"]]);
  });

  test("keys lists what any process has stored, once each, by prefix and by namespace", async () => {
    const { a, b } = await world.pair({ shape });
    await a.setMany({ "u:1": 1, "u:2": 2, "v:1": 3 });
    await a.set("u:1", 4, { namespace: "n" });
    await b.set("u:3", 5);
    await b.get("u:1");
    const keys = b.keys();
    expect(typeof keys.next).toBe("function");
    expect(await sorted(keys)).toEqual(["u:1", "u:2", "u:3", "v:1"]);
    expect(await sorted(a.keys({ prefix: "u:" }))).toEqual(["u:1", "u:2", "u:3"]);
    expect(await sorted(b.keys({ namespace: "n" }))).toEqual(["u:1"]);
    expect(await sorted(b.keys({ namespace: "n", prefix: "v" }))).toEqual([]);
    expect(await sorted(b.namespace("n").keys())).toEqual(["u:1"]);
  });

  test("keys gives names as they were written, and takes prefixes as they are", async () => {
    const { a, b } = await world.pair({ shape });
    await a.setMany(ODD.map((key) => [key, key] as const));
    expect(await sorted(b.keys())).toEqual(ODD.toSorted());
    for (const key of ODD) expect([key, await sorted(b.keys({ prefix: key }))]).toEqual([key, [key]]);
  });

  test("keys includes what is stale, and nothing that has ended", async () => {
    const { name, a, b } = await world.pair({ shape });
    await a.setMany({ fresh: 1, stale: 2, expired: 3, deleted: 4 });
    await a.set("tagged", 5, { tags: ["t"] });
    await a.set("k", 6, { namespace: "n" });
    await b.getMany(["fresh", "tagged", "deleted"]);
    await age(world.raw, keyOf(name, "expired"), 1_000_000);
    await a.markStale("stale");
    await a.delete("deleted");
    await a.invalidateTags(["t"]);
    await a.clearNamespace("n");
    await eventually(() => sorted(b.keys()), ["fresh", "stale"]);
    await eventually(() => sorted(b.keys({ namespace: "n" })), []);
    // The frames are still in Redis: their epochs have ended them.
    expect(await world.raw.exists(keyOf(name, "tagged"), keyOf(name, "k", "n"))).toBe(2);
    await a.clear();
    await eventually(() => sorted(b.keys()), []);
  });

  test("keys may be left in the middle, and asks for no more than it gives", async () => {
    const { a, b } = await world.pair({ shape });
    await a.setMany(Array.from({ length: 300 }, (_, index) => [`k${index}`, index] as const));
    const seen: string[] = [];
    for await (const key of b.keys()) if (seen.push(key) === 10) break;
    expect(new Set(seen).size).toBe(10);
    expect(new Set(await collect(b.keys())).size).toBe(300);
  });
});
