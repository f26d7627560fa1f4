// validate: what it refuses is not stored, whether it came by set or by a refresh.

import { describe, expect, test } from "vitest";
import type { StandardSchema, Validator } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { recordEvents } from "../support/event-log.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

type Check = StandardSchema["~standard"]["validate"];

const schema = (validate: Check): StandardSchema => ({ "~standard": { version: 1, vendor: "test", validate } });
const judge = (value: unknown): { issues?: { message: string }[] } =>
  value === "bad" ? { issues: [{ message: "is bad" }, { message: "very" }] } : {};
const fail = (): never => {
  throw new Error("is bad; very");
};

/** A schema that is a function at the same time, as some libraries make them. */
const callable = Object.assign(() => false, schema(judge));

const VALIDATORS: readonly [string, Validator, string][] = [
  ["a function that answers false", (value) => value !== "bad", "validate returned false"],
  ["a function that throws", (value) => value !== "bad" || fail(), "is bad; very"],
  [
    "a function that throws no error",
    (value) => {
      if (value === "bad") throw "is bad; very";
    },
    "is bad; very",
  ],
  ["an async function that answers false", async (value) => value !== "bad", "validate returned false"],
  ["an async function that rejects", async (value) => value !== "bad" || fail(), "is bad; very"],
  ["a schema", schema(judge), "is bad; very"],
  ["an async schema", schema(async (value) => judge(value)), "is bad; very"],
  ["a schema that throws", schema((value) => (value === "bad" ? fail() : {})), "is bad; very"],
  ["a schema that is a function", callable, "is bad; very"],
];

describe.each(VALIDATORS)("%s", (_kind, validate, reason) => {
  test("refuses a set with its reason, and keeps what was there", async () => {
    const { cache } = createCache({ validate });
    const events = recordEvents(cache);
    await cache.set("k", "good");
    await expect(cache.set("k", "bad", { namespace: "n" })).rejects.toMatchObject({
      code: "invalid_value",
      key: "k",
      message: `value of 'k' must pass validate, which says: ${reason}`,
    });
    expect(await cache.get("k")).toBe("good");
    expect(events[1]).toEqual({ type: "invalid", key: "k", namespace: "n", reason });
  });

  test("gives callers of a refresh the value it refuses, and does not store it", async () => {
    const { cache } = createCache({ validate });
    const events = recordEvents(cache);
    expect(await cache.get("k", () => "bad")).toBe("bad");
    expect(await cache.get("k")).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(["miss", "refreshStart", "invalid", "refreshEnd", "miss"]);
    expect(events[3]).toMatchObject({ notStored: "invalid" });
    expect(await cache.get("k", () => "good")).toBe("good");
    expect(await cache.get("k")).toBe("good");
  });

  test("keeps the stale value when it refuses what a background refresh brought", async () => {
    const { cache, clock } = createCache({ validate });
    await cache.set("k", "good");
    await clock.advance(1_000);
    expect(await cache.get("k", () => "bad")).toBe("good");
    await drainMicrotasks();
    expect(await cache.get("k")).toBe("good");
  });

  test("is not asked about undefined, nor about what the refresh skips", async () => {
    const { cache } = createCache({ validate });
    const events = recordEvents(cache);
    await cache.get("k", ({ skip }) => skip("bad"));
    await cache.get("k", () => undefined);
    expect(events.filter(({ type }) => type === "invalid")).toEqual([]);
  });
});

describe("validate", () => {
  test("judges every value of a batch on its own", async () => {
    const { cache } = createCache({ validate: (value) => value !== "bad" });
    expect(await cache.getMany(["a", "b"], () => ["bad", "good"])).toEqual(["bad", "good"]);
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, "good"]);
  });

  test("lets setSync store what it accepts, unless it is asynchronous", () => {
    const { cache } = createCache({ validate: (value) => value !== "bad" });
    cache.setSync("k", "good");
    expect(() => cache.setSync("k", "bad")).toThrow(expect.objectContaining({ code: "invalid_value", key: "k" }));
    expect(cache.getSync("k")).toBe("good");
    const later = createCache({ validate: async () => true }).cache;
    expect(() => later.setSync("k", "good")).toThrow(expect.objectContaining({ code: "invalid_option" }));
  });

  test("accepts a value when it answers with that value, as parse functions do", async () => {
    const { cache } = createCache({ validate: (value) => value });
    for (const value of ["text", "", 0, null, { a: 1 }]) {
      await cache.set("k", value);
      expect(await cache.get("k")).toEqual(value);
    }
  });

  test("accepts undefined, true and whatever else is not false", async () => {
    for (const answer of [undefined, true, null, 0, {}]) {
      const { cache } = createCache({ validate: () => answer });
      await cache.set("k", "v");
      expect(await cache.get("k")).toBe("v");
    }
  });

  test("holds a foreground refresh until it has answered", async () => {
    let accept = (): void => undefined;
    const { cache } = createCache({ validate: () => new Promise<void>((resolve) => (accept = resolve)) });
    let got: unknown;
    const pending = cache.get("k", () => "v").then((value) => (got = value));
    await drainMicrotasks();
    expect(got).toBeUndefined();
    accept();
    expect(await pending).toBe("v");
    expect(await cache.get("k")).toBe("v");
  });
});
