// Options of a breaker: what is taken, what it becomes, and what the messages about the rest say.

import { describe, expect, test } from "vitest";
import { BREAKER_DEFAULTS } from "../../src/model/breaker.ts";
import { breakerSettings, resolveBreaker } from "../../src/model/breaker-options.ts";
import { keyvTier } from "../../src/keyv/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";

const resolve = (given: unknown) => resolveBreaker(given, true, "tiers[1].options.breaker");

test("true and false are what they are, and undefined is the default", () => {
  expect([resolve(true), resolve(false), resolve(undefined)]).toEqual([true, false, true]);
  expect(resolveBreaker(undefined, false, "breaker")).toBe(false);
  expect([breakerSettings(true), breakerSettings(false)]).toEqual([BREAKER_DEFAULTS, undefined]);
});

test("options become settings, complete and frozen, over the defaults", () => {
  expect(resolve({})).toEqual(BREAKER_DEFAULTS);
  const settings = resolve({ failures: 2, openFor: "10s" });
  expect(settings).toEqual({ ...BREAKER_DEFAULTS, failures: 2, openMs: 10_000 });
  expect(Object.isFrozen(settings)).toBe(true);
  expect(breakerSettings(settings)).toBe(settings);
});

test("more failures than the rate needs calls: fewer calls have no rate", () => {
  expect(resolve({ failures: 100 })).toMatchObject({ failures: 100, rateMinimum: 100 });
});

test.each([
  [null, " must be true, false or an object with failures and openFor, got null"],
  ["on", " must be true, false or an object with failures and openFor, got 'on'"],
  [[], " must be true, false or an object with failures and openFor, got []"],
  [{ threshold: 5 }, " must hold known options only (failures, openFor), got 'threshold'"],
  [{ failures: 0 }, ".failures must be a whole number of at least 1, got 0"],
  [{ failures: 1.5 }, ".failures must be a whole number of at least 1, got 1.5"],
  [{ openFor: 0 }, ".openFor must be a duration longer than 0, got 0"],
  [{ openFor: "soon" }, ".openFor must be a duration of at least 0"],
  [{ openFor: "forever" }, ".openFor must be a duration that ends, got 'forever'"],
])("refuses %j", (given, message) => {
  expect(() => resolve(given)).toThrow(
    expect.objectContaining({
      code: "invalid_option",
      message: expect.stringContaining(`tiers[1].options.breaker${message}`) as string,
    }),
  );
});

describe("the plan of a tier says it", () => {
  const breaker = { failures: 3, openFor: "1s" } as const;
  const settings = { failures: 3, openMs: 1_000 };

  test.each([
    ["redis", redisTier({ breaker })],
    ["sqlite", sqliteTier({ breaker, path: ":memory:" })],
    ["keyv", keyvTier({ breaker, store: new Map() })],
  ])("%s", (_name, tier) => {
    expect(tier.prepare("tiers[0]").breaker).toMatchObject(settings);
  });
});
