// Decisions about time: spans of a life, early refresh, back-off.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs, capSpans, shouldRefreshEarly, spansOf, type Lifetimes } from "../../src/model/policy.ts";
import type { Entry } from "../../src/model/entry.ts";

const PLAIN: Lifetimes = { ttlMs: 100, staleWhileRevalidateMs: 10, staleIfErrorMs: 50, jitter: 0 };
const never = (): never => {
  throw new Error("chance was asked");
};

const span = fc.oneof(fc.nat(1e9), fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(Infinity));

describe("spansOf", () => {
  test("lets both windows begin where freshness ends", () => {
    expect(spansOf(PLAIN, never)).toEqual({ freshMs: 100, staleMs: 110, errorMs: 150 });
    expect(spansOf({ ...PLAIN, staleIfErrorMs: 5 }, never)).toEqual({ freshMs: 100, staleMs: 110, errorMs: 110 });
  });

  test("moves the windows with the jittered end of freshness", () => {
    expect(spansOf({ ...PLAIN, jitter: 0.5 }, () => 0.5)).toEqual({ freshMs: 75, staleMs: 85, errorMs: 125 });
    expect(spansOf({ ...PLAIN, jitter: 1 }, () => 0)).toEqual({ freshMs: 100, staleMs: 110, errorMs: 150 });
  });

  test("never decrease, and stay within ttl and windows, for any lifetimes and chance", () => {
    const lifetimes = fc.record({
      ttlMs: span,
      staleWhileRevalidateMs: span,
      staleIfErrorMs: span,
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(lifetimes, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (given, chance) => {
        const { freshMs, staleMs, errorMs } = spansOf(given, () => chance);
        const { ttlMs, staleWhileRevalidateMs, staleIfErrorMs } = given;
        expect(freshMs).toBeGreaterThanOrEqual(0);
        expect(staleMs).toBeGreaterThanOrEqual(freshMs);
        expect(errorMs).toBeGreaterThanOrEqual(staleMs);
        expect(freshMs).toBeLessThanOrEqual(ttlMs);
        expect(staleMs).toBeLessThanOrEqual(ttlMs + staleWhileRevalidateMs);
        expect(errorMs).toBeLessThanOrEqual(ttlMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs));
      }),
    );
  });
});

describe("capSpans", () => {
  const SPANS = { freshMs: 100, staleMs: 110, errorMs: 150 };

  test.each([
    [Infinity, SPANS],
    [151, SPANS],
    [150, SPANS],
    [149, { freshMs: 100, staleMs: 110, errorMs: 149 }],
    [110, { freshMs: 100, staleMs: 110, errorMs: 110 }],
    [105, { freshMs: 100, staleMs: 105, errorMs: 105 }],
    [30, { freshMs: 30, staleMs: 30, errorMs: 30 }],
    [0, { freshMs: 0, staleMs: 0, errorMs: 0 }],
  ])("cuts everything at a maxAge of %d", (maxAgeMs, expected) => {
    expect(capSpans(SPANS, maxAgeMs)).toEqual(expected);
  });

  test("cuts what lasts for ever, and changes nothing of what it was given", () => {
    const forever = Object.freeze({ freshMs: Infinity, staleMs: Infinity, errorMs: Infinity });
    expect(capSpans(forever, 30)).toEqual({ freshMs: 30, staleMs: 30, errorMs: 30 });
    expect(capSpans(forever, Infinity)).toEqual(forever);
    expect(capSpans(Object.freeze({ ...SPANS }), 105)).not.toEqual(SPANS);
  });

  test("is each span or maxAge, whichever is less, for any spans that do not decrease", () => {
    const ascending = fc
      .tuple(span, span, span)
      .map((spans) => spans.sort((a, b) => (a === b ? 0 : a - b)))
      .map(([freshMs, staleMs, errorMs]) => ({ freshMs, staleMs, errorMs }));
    fc.assert(
      fc.property(ascending, span, span, (given, maxAgeMs, otherMs) => {
        const { freshMs, staleMs, errorMs } = given;
        const capped = capSpans(given, maxAgeMs);
        expect(capped).toEqual({
          freshMs: Math.min(freshMs, maxAgeMs),
          staleMs: Math.min(staleMs, maxAgeMs),
          errorMs: Math.min(errorMs, maxAgeMs),
        });
        // Bounds of several tiers may be applied one after the other, in any order.
        expect(capSpans(capped, otherMs)).toEqual(capSpans(given, Math.min(maxAgeMs, otherMs)));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("shouldRefreshEarly", () => {
  const entry = { loadMs: 100, freshUntil: 1_000 } as Entry;

  test("follows now - Δ·β·ln(1 - chance) ≥ freshUntil", () => {
    const chance = 1 - Math.exp(-3); // ln(1 - chance) = -3
    expect(shouldRefreshEarly(entry, 699, 1, () => chance)).toBe(false);
    expect(shouldRefreshEarly(entry, 701, 1, () => chance)).toBe(true);
    expect(shouldRefreshEarly(entry, 401, 2, () => chance)).toBe(true);
    expect(shouldRefreshEarly(entry, 999, 1, () => 0)).toBe(false);
  });

  test("is as likely as the formula says", () => {
    // P(refresh at t) = exp(-(freshUntil - t) / (Δ·β))
    let refreshes = 0;
    for (let n = 0; n < 10_000; n++) if (shouldRefreshEarly(entry, 900, 1, () => (n + 0.5) / 10_000)) refreshes++;
    expect(refreshes / 10_000).toBeCloseTo(Math.exp(-1), 3);
  });

  test("never for a value that took no time to load, however unlikely the chance", () => {
    expect(shouldRefreshEarly({ ...entry, loadMs: 0 } as Entry, 999, 1e9, () => 1 - 2 ** -53)).toBe(false);
  });

  test("never for a value that stays fresh for ever", () => {
    expect(shouldRefreshEarly({ ...entry, freshUntil: Infinity } as Entry, 999, 1, () => 0.999)).toBe(false);
  });
});

describe("backoffMs", () => {
  test("doubles from a second to a minute", () => {
    const waits = Array.from({ length: 8 }, (_, n) => backoffMs(n + 1, () => 0));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(backoffMs(5_000, () => 0)).toBe(60_000);
  });

  test("is taken up to a half away by chance", () => {
    expect(backoffMs(1, () => 0.5)).toBe(750);
    expect(backoffMs(100, () => 1 - 2 ** -53)).toBeCloseTo(30_000, 3);
  });
});
