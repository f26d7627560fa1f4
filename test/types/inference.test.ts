// What TypeScript makes of the calls users write. `tsc -p test` is the test; at run time the calls only have to work.

import { expect, expectTypeOf, test } from "vitest";
import { TieredCacheManager, type DeleteResult } from "../../src/index.ts";

interface User {
  readonly id: number;
  readonly hot: boolean;
}

const readUser = async (id: number): Promise<User> => ({ id, hot: id > 1 });

test("the type of a value is that of what its refresh returns, whatever the refresh takes", async () => {
  await using cache = new TieredCacheManager();
  const users = cache.namespace("users");
  expectTypeOf(await cache.get("a", () => readUser(1))).toEqualTypeOf<User>();
  expectTypeOf(await cache.get("b", async ({ key }) => readUser(key.length))).toEqualTypeOf<User>();
  expectTypeOf(await cache.getOrSet("c", ({ skip }) => skip(1))).toEqualTypeOf<number>();
  expectTypeOf(await users.get("d", async ({ key }) => readUser(key.length))).toEqualTypeOf<User>();
  expectTypeOf(await cache.get<User>("a")).toEqualTypeOf<User | undefined>();
  expectTypeOf(await cache.get("a")).toEqualTypeOf<unknown>();
});

test("notModified() adds nothing to it, and says of which type the stale value is when asked", async () => {
  await using cache = new TieredCacheManager();
  const got = cache.get("a", async ({ stale, notModified }) => (stale === undefined ? readUser(1) : notModified()));
  expectTypeOf(await got).toEqualTypeOf<User>();
  await cache.get<User>("a", async ({ stale }) => {
    expectTypeOf(stale).toEqualTypeOf<User | undefined>();
    return readUser(1);
  });
});

test("functions among the options take the value that the refresh returns", async () => {
  await using cache = new TieredCacheManager();
  const byHeat = { ttl: (user: User) => (user.hot ? "1s" : "1m") } as const;
  expectTypeOf(await cache.get("a", async ({ key }) => readUser(key.length), byHeat)).toEqualTypeOf<User>();
  await cache.get("b", async ({ key }) => readUser(key.length), { ttl: (user) => (user.hot ? 1 : 2) });
  await cache.get("c", () => readUser(1), { isNegative: (user) => !user.hot, negativeTtl: "1s" });
});

test("a batch gives values of its own type, in whatever form", async () => {
  await using cache = new TieredCacheManager();
  const keys = ["a", "b"];
  const map = cache.getMany(keys, async (missing) => new Map(missing.map((key, id) => [key, { id, hot: true }])));
  expectTypeOf(await map).toEqualTypeOf<({ id: number; hot: boolean } | undefined)[]>();
  const array = cache.getMany(["c"], (missing, { signal }) => missing.map(() => signal.aborted));
  expectTypeOf(await array).toEqualTypeOf<(boolean | undefined)[]>();
});

test("a wrapped function keeps its parameters, optional ones too", async () => {
  await using cache = new TieredCacheManager();
  const find = cache.wrap(async (id: number, language?: string) => `${id} ${language ?? "en"}`, {
    key: (id, language) => `page:${id}:${language ?? "en"}`,
  });
  expectTypeOf(await find(1)).toEqualTypeOf<string>();
  expectTypeOf(await find(1, "de")).toEqualTypeOf<string>();
  // @ts-expect-error a string is no number
  await find("1").catch(() => undefined);
});

test("listeners are given the event they listen to", () => {
  const cache = new TieredCacheManager();
  cache.on("refreshFail", ({ key, retryAt }) => {
    expectTypeOf(key).toEqualTypeOf<string>();
    expectTypeOf(retryAt).toEqualTypeOf<number | undefined>();
  });
  // @ts-expect-error there is no such event
  const listen = (): void => void cache.on("hits", () => undefined);
  expectTypeOf(listen).toBeFunction();
});

test("getSync gives what its refresh returns, at once; promises are refused", () => {
  const cache = new TieredCacheManager();
  const users = cache.namespace("users");
  const makeUser = (id: number): User => ({ id, hot: id > 1 });
  expectTypeOf(cache.getSync("a", () => makeUser(1))).toEqualTypeOf<User>();
  expectTypeOf(cache.getSync("b", ({ key }) => makeUser(key.length))).toEqualTypeOf<User>();
  expectTypeOf(
    users.getSync("c", ({ stale, notModified }) => (stale === undefined ? 1 : notModified())),
  ).toEqualTypeOf<number>();
  cache.getSync<User>("b", ({ stale }) => {
    expectTypeOf(stale).toEqualTypeOf<User | undefined>();
    return makeUser(1);
  });
  cache.getSync("d", ({ key }) => makeUser(key.length), { ttl: (user) => (user.hot ? 1 : 2) });
  expectTypeOf(cache.getSync<User>("a")).toEqualTypeOf<User | undefined>();
  expectTypeOf(cache.getSync("a")).toEqualTypeOf<unknown>();
  expectTypeOf(cache.getSync("e", () => JSON.parse("1"))).toBeAny();
  expectTypeOf(cache.getSync("f", (): unknown => 1)).toBeUnknown();
  const refused: readonly (() => unknown)[] = [
    // @ts-expect-error an asynchronous refresh
    () => cache.getSync("p", async () => 1),
    // @ts-expect-error one that uses its context
    () => cache.getSync("p", async ({ key }) => key),
    // @ts-expect-error one that may return a promise
    () => users.getSync("p", (): number | Promise<number> => Promise.resolve(1)),
    // @ts-expect-error one whose type of value is said
    () => cache.getSync<Promise<User>>("p", () => readUser(1)),
  ];
  for (const read of refused) expect(read).toThrow(/must be synchronous/);
});

test("a function wrapped for getSync keeps its parameters, and returns no promise", () => {
  const cache = new TieredCacheManager();
  const find = cache.wrapSync((id: number, language?: string) => `${id} ${language ?? "en"}`, {
    key: (id, language) => `page:${id}:${language ?? "en"}`,
    ttl: (text) => text.length,
  });
  expectTypeOf(find(1)).toEqualTypeOf<string>();
  expectTypeOf(find.refresh(1, "de")).toEqualTypeOf<string>();
  expectTypeOf(find.invalidate(1)).toEqualTypeOf<DeleteResult>();
  // @ts-expect-error a string is no number
  find("1");
  // @ts-expect-error an asynchronous function
  cache.wrapSync(readUser, { key: "user:{0}" });
  // @ts-expect-error the same in a view
  cache.namespace("n").wrapSync(readUser, { key: "user:{0}" });
});
