// The estimate of a live value's bytes: right within a factor of two for plain data.

import { describe, expect, test } from "vitest";
import { sizeOfValue } from "../../src/memory/size-of.ts";

const KEY = "k";
const own = (value: unknown): number => sizeOfValue(value, KEY) - sizeOfValue(undefined, KEY);

describe("sizeOfValue", () => {
  test("counts a character of Latin text once and of other text twice", () => {
    expect(own("a".repeat(1_000))).toBeGreaterThanOrEqual(1_000);
    expect(own("a".repeat(1_000))).toBeLessThan(1_100);
    expect(own("ж".repeat(1_000))).toBeGreaterThanOrEqual(2_000);
    expect(own("ж".repeat(1_000))).toBeLessThan(2_100);
  });

  test("counts the key", () => {
    expect(sizeOfValue(1, "k".repeat(100)) - sizeOfValue(1, "k")).toBe(99);
  });

  test("counts what containers hold", () => {
    const text = "x".repeat(1_000);
    const containers = [
      [text],
      { text },
      new Map([["k", text]]),
      new Map([[text, 1]]),
      new Set([text]),
      [[{ deep: text }]],
    ];
    for (const container of containers) {
      expect(own(container)).toBeGreaterThanOrEqual(1_000);
      expect(own(container)).toBeLessThan(1_300);
    }
  });

  test("counts bytes as bytes", () => {
    for (const bytes of [Buffer.alloc(5_000), new Uint8Array(5_000), new ArrayBuffer(5_000), new Float64Array(625)]) {
      expect(own(bytes)).toBeGreaterThanOrEqual(5_000);
      expect(own(bytes)).toBeLessThan(5_200);
    }
  });

  test("counts what is shared or cyclic once, and ends", () => {
    const shared = { text: "x".repeat(1_000) };
    const cyclic: { self?: object; shared: object[] } = { shared: [shared, shared, shared] };
    cyclic.self = cyclic;
    expect(own(cyclic)).toBeLessThan(1_400);
  });

  test("takes null, functions and deep nesting", () => {
    expect(own(null)).toBeGreaterThanOrEqual(0);
    expect(own(() => 1)).toBeGreaterThanOrEqual(0);
    let deep: unknown = 1;
    for (let n = 0; n < 100_000; n++) deep = [deep];
    expect(own(deep)).toBeGreaterThan(100_000 * 8);
  });

  test("grows with the number of members", () => {
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    expect(own(numbers)).toBeGreaterThan(8_000);
    expect(own(Object.fromEntries(numbers.map((n) => [`k${n}`, n])))).toBeGreaterThan(8_000);
  });
});
