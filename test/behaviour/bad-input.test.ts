// Bad input: refused at once, with a code and a message that names field, rule and value.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { collect, createCache } from "../support/cache.ts";

type Any = never;

/** Every verb with a key, given a key and options that may be wrong. */
const KEYED: Readonly<Record<string, (cache: TieredCacheManager, key: string, options?: object) => unknown>> = {
  get: (cache, key, options) => cache.get(key, options as Any),
  "get with a refresh": (cache, key, options) => cache.get(key, () => 1, options as Any),
  getSync: (cache, key, options) => cache.getSync(key, options),
  "getSync with a refresh": (cache, key, options) => cache.getSync(key, () => 1, options as Any),
  getEntry: (cache, key, options) => cache.getEntry(key, options),
  getMany: (cache, key, options) => cache.getMany([key], options as Any),
  "getMany with a refresh": (cache, key, options) => cache.getMany([key], (keys) => keys, options as Any),
  set: (cache, key, options) => cache.set(key, 1, options),
  setSync: (cache, key, options) => cache.setSync(key, 1, options),
  setMany: (cache, key, options) => cache.setMany([[key, 1]], options),
  has: (cache, key, options) => cache.has(key, options),
  ttl: (cache, key, options) => cache.ttl(key, options),
  delete: (cache, key, options) => cache.delete(key, options),
  invalidate: (cache, key, options) => cache.invalidate(key, options),
  deleteSync: (cache, key, options) => cache.deleteSync(key, options),
  deleteMany: (cache, key, options) => cache.deleteMany([key], options),
  markStale: (cache, key, options) => cache.markStale(key, options),
};

/** Verbs that take a name and no key. */
const NAMED: Readonly<Record<string, (cache: TieredCacheManager, name: string) => unknown>> = {
  "namespace of get": (cache, namespace) => cache.get("k", { namespace }),
  "namespace of set": (cache, namespace) => cache.set("k", 1, { namespace }),
  "namespace of keys": (cache, namespace) => collect(cache.keys({ namespace })),
  "tags of set": (cache, tag) => cache.set("k", 1, { tags: [tag] }),
  "tags of get": (cache, tag) => cache.get("k", () => 1, { tags: ["ok", tag] }),
  invalidateTags: (cache, tag) => cache.invalidateTags([tag]),
  markTagsStale: (cache, tag) => cache.markTagsStale(["ok", tag]),
  clearNamespace: (cache, name) => cache.clearNamespace(name),
  markNamespaceStale: (cache, name) => cache.markNamespaceStale(name),
  namespace: (cache, name) => cache.namespace(name),
};

const BAD_NAMES: readonly [string, unknown, RegExp][] = [
  ["empty", "", /must be a non-empty string, got ''/],
  ["a number", 42, /must be a non-empty string, got 42/],
  ["null", null, /must be a non-empty string, got null/],
  ["an object", { a: 1 }, /must be a non-empty string, got { a: 1 }/],
  ["too long in bytes, not in characters", "ü".repeat(257), /must be at most 512 bytes long, got 514 bytes/],
  ["a lone surrogate", "a\ud800b", /must be well-formed Unicode \(no lone surrogates\), got 'a/],
];

const SYNCHRONOUS = ["getSync", "getSync with a refresh", "setSync", "deleteSync", "namespace"];

/** The error of a call; the synchronous verbs throw it, the others reject with it and never throw. */
async function errorOf(name: string, call: () => unknown): Promise<unknown> {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    if (SYNCHRONOUS.includes(name)) return error;
    throw new Error(`${name} threw instead of rejecting`, { cause: error });
  }
  return Promise.resolve(result).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(Object.entries(KEYED))("%s", (name, verb) => {
  test.each(BAD_NAMES)("refuses a key that is %s", async (_kind, key, message) => {
    const { cache } = createCache();
    const error = await errorOf(name, () => verb(cache, key as string));
    expect(error).toMatchObject({ name: "CacheError", code: "invalid_key", message: expect.stringMatching(message) });
    expect((error as Error).message).toMatch(/^(key|keys\[0\]|entries\[0\]\[0\]) must /);
  });

  test("takes a key of just maxKeyLength bytes", async () => {
    const { cache } = createCache({ maxKeyLength: 6, name: "c" });
    expect(await errorOf(name, () => verb(cache, "üüü"))).toBeUndefined();
    const error = await errorOf(name, () => verb(cache, "üüüx"));
    expect(error).toMatchObject({
      code: "invalid_key",
      message: expect.stringContaining("at most 6 bytes long, got 7"),
    });
  });

  test.each([
    [{ namspace: "n" }, /options must hold known options only \(.*\), got 'namspace'/],
    [{ maxAge: -1 }, /options\.maxAge must be a duration of at least 0 .*, got -1/],
    ["n", /must be (an object|a function), got 'n'/],
    [null, /must be (an object|a function), got null/],
    [[], /must be an object, got \[\]/],
  ])("refuses options %j", async (options, message) => {
    const { cache } = createCache();
    const error = await errorOf(name, () => verb(cache, "k", options as object));
    expect(error).toMatchObject({ name: "CacheError", message: expect.stringMatching(message) });
    expect(["invalid_option", "invalid_argument"]).toContain((error as { code: string }).code);
  });

  test("fails after close with code closed", async () => {
    const { cache } = createCache();
    await cache.close();
    const error = await errorOf(name, () => verb(cache, "k"));
    expect(error).toMatchObject({ code: "closed", message: "cache default must be open, but was closed" });
  });
});

describe.each(Object.entries(NAMED))("%s", (name, verb) => {
  test.each(BAD_NAMES)("refuses a name that is %s", async (kind, value, message) => {
    if (kind === "null" && /of (get|set|keys)$/.test(name)) return;
    const { cache } = createCache();
    const synchronous = name === "namespace of keys";
    const error = await errorOf(name, () =>
      synchronous ? attempt(() => verb(cache, value as string)) : verb(cache, value as string),
    );
    expect(error).toMatchObject({ name: "CacheError", code: "invalid_key", message: expect.stringMatching(message) });
  });
});

/** keys() throws at once; as a rejection it fits the others. */
async function attempt(call: () => unknown): Promise<unknown> {
  return await call();
}

describe("a fresh hit", () => {
  test.each([
    ["a refresh that is no function", (cache: TieredCacheManager) => cache.get("k", "load" as Any), "invalid_argument"],
    [
      "options in the place of a refresh",
      (cache: TieredCacheManager) => cache.get("k", {} as Any, {}),
      "invalid_argument",
    ],
    [
      "no refresh but options for one",
      (cache: TieredCacheManager) => cache.get("k", undefined as Any, {}),
      "invalid_argument",
    ],
  ])("does not hide %s", async (_what, call, code) => {
    const { cache } = createCache();
    await cache.set("k", "v");
    await expect(call(cache)).rejects.toMatchObject({ code });
  });

  test("does not look at options that only a miss needs: the miss before it has refused them", async () => {
    const { cache } = createCache();
    const call = (): Promise<unknown> => cache.get("k", () => "v", { ttl: -1 });
    await expect(call()).rejects.toMatchObject({ code: "invalid_option" });
    await cache.set("k", "v");
    expect(await call()).toBe("v");
    await cache.delete("k");
    await expect(call()).rejects.toMatchObject({ code: "invalid_option" });
  });
});

describe("the other arguments", () => {
  const CALLS: readonly [string, (cache: TieredCacheManager) => unknown, string, RegExp][] = [
    [
      "get with a refresh that is no function",
      (c) => c.get("k", 5 as Any),
      "invalid_argument",
      /refresh must be a function, got 5/,
    ],
    [
      "get with null and options",
      (c) => c.get("k", null as Any, {}),
      "invalid_argument",
      /refresh must be a function, got null/,
    ],
    [
      "get with what a refresh returns",
      (c) => c.get("k", Promise.resolve(5) as Any),
      "invalid_argument",
      /refresh must be a function, got Promise/,
    ],
    [
      "getMany with a refresh that is no function",
      (c) => c.getMany(["k"], "f" as Any, {}),
      "invalid_argument",
      /refresh must be a function, got 'f'/,
    ],
    [
      "getMany with keys that are no array",
      (c) => c.getMany("k" as Any),
      "invalid_argument",
      /keys must be an array of strings, got 'k'/,
    ],
    [
      "getMany with a Set of keys",
      (c) => c.getMany(new Set(["k"]) as Any),
      "invalid_argument",
      /keys must be an array of strings, got Set/,
    ],
    [
      "getMany with one bad key",
      (c) => c.getMany(["a", ""]),
      "invalid_key",
      /keys\[1\] must be a non-empty string, got ''/,
    ],
    [
      "deleteMany with keys that are no array",
      (c) => c.deleteMany(undefined as Any),
      "invalid_argument",
      /keys must be an array .*got undefined/,
    ],
    ["setMany with text", (c) => c.setMany("ab" as Any), "invalid_argument", /entries must be pairs .*got 'ab'/],
    ["setMany with null", (c) => c.setMany(null as Any), "invalid_argument", /entries must be pairs .*got null/],
    [
      "setMany with what are no pairs",
      (c) => c.setMany([["a", 1], ["b"]] as Any),
      "invalid_argument",
      /entries\[1\] must be a pair .*got \[ 'b' \]/,
    ],
    ["setMany with a bad key", (c) => c.setMany([["", 1]]), "invalid_key", /must be a non-empty string/],
    [
      "set of undefined",
      (c) => c.set("k", undefined),
      "invalid_value",
      /value must be anything but undefined, which means a miss/,
    ],
    [
      "set of a promise",
      (c) => c.set("k", Promise.resolve(1)),
      "invalid_value",
      /value must be a value, not a promise of one/,
    ],
    [
      "deleteMatching of nothing",
      (c) => c.deleteMatching(""),
      "invalid_key",
      /pattern must be a non-empty string, got ''/,
    ],
    [
      "invalidateTags without an array",
      (c) => c.invalidateTags("t" as Any),
      "invalid_option",
      /tags must be an array of strings, got 't'/,
    ],
    [
      "keys with a bad prefix",
      (c) => attempt(() => c.keys({ prefix: 1 as Any })),
      "invalid_option",
      /options\.prefix must be a string, got 1/,
    ],
    [
      "keys with an unknown option",
      (c) => attempt(() => c.keys({ pattern: "*" } as Any)),
      "invalid_option",
      /known options only .*got 'pattern'/,
    ],
    [
      "close with a bad timeout",
      (c) => c.close({ timeout: "soon" as Any }),
      "invalid_option",
      /options\.timeout must be a duration .*got 'soon'/,
    ],
    [
      "close with an unknown option",
      (c) => c.close({ timout: 1 } as Any),
      "invalid_option",
      /known options only .*got 'timout'/,
    ],
    [
      "on an unknown event",
      (c) => attempt(() => c.on("hits" as Any, () => 1)),
      "invalid_argument",
      /event type must be one of hit, .*got 'hits'/,
    ],
    [
      "on with a listener that is no function",
      (c) => attempt(() => c.on("hit", 1 as Any)),
      "invalid_argument",
      /listener must be a function, got 1/,
    ],
  ];

  test.each(CALLS)("%s", async (_what, call, code, message) => {
    const { cache } = createCache();
    const error = await errorOf("", () => call(cache));
    expect(error).toMatchObject({ name: "CacheError", code, message: expect.stringMatching(message) });
  });
});

describe("closed", () => {
  const VERBS: Readonly<Record<string, (cache: TieredCacheManager) => unknown>> = {
    deleteMatching: (cache) => cache.deleteMatching("*"),
    invalidateTags: (cache) => cache.invalidateTags(["t"]),
    markTagsStale: (cache) => cache.markTagsStale(["t"]),
    clearNamespace: (cache) => cache.clearNamespace("n"),
    markNamespaceStale: (cache) => cache.markNamespaceStale("n"),
    clear: (cache) => cache.clear(),
    cleanupExpired: (cache) => cache.cleanupExpired(),
    keys: (cache) => attempt(() => cache.keys()),
    "a view's get": (cache) => cache.namespace("n").get("k"),
    "a wrapped function": (cache) => cache.wrap(() => 1, { key: "k" })(),
  };

  test.each(Object.entries(VERBS))("%s fails with code closed", async (name, verb) => {
    const { cache } = createCache();
    await cache.close();
    expect(await errorOf(name, () => verb(cache))).toMatchObject({ code: "closed" });
  });

  test("a fresh entry is not served any more", async () => {
    const { cache } = createCache();
    await cache.set("k", "v");
    await cache.get("k");
    await cache.close();
    await expect(cache.get("k")).rejects.toMatchObject({ code: "closed" });
    expect(() => cache.getSync("k")).toThrow(expect.objectContaining({ code: "closed" }));
  });
});
