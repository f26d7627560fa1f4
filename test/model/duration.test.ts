// Durations: what users may write, and what nobody can read.

import { describe, expect, test } from "vitest";
import { durationOr, parseDuration, positiveOr } from "../../src/model/duration.ts";

describe("parseDuration", () => {
  test.each([
    [0, 0],
    [-0, -0],
    [1.5, 1.5],
    [Infinity, Infinity],
    ["forever", Infinity],
    ["0s", 0],
    ["250ms", 250],
    ["10s", 10_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
    ["2w", 1_209_600_000],
    ["1.5h", 5_400_000],
    ["0.25s", 250],
    ["007s", 7_000],
  ])("reads %j as %d ms", (value, ms) => {
    expect(parseDuration(value, "ttl")).toBe(ms);
  });

  test.each([
    ...[-1, -0.1, NaN, -Infinity, null, undefined, true, [], {}, 5n, new Date(0), () => 1],
    ...[
      "",
      " ",
      "5",
      "m",
      "5 m",
      " 5m",
      "5m ",
      "5M",
      "-5m",
      "+5m",
      "5min",
      "1h30m",
      "1e3s",
      ".5s",
      "5.s",
      "1,5s",
      "٥m",
      "Forever",
      "Infinity",
    ],
  ])("refuses %s with field, rule and value", (value) => {
    const message = expect.stringMatching(
      /^ttl must be a duration of at least 0 \(milliseconds, or text like .*\), got /,
    );
    expect(() => parseDuration(value, "ttl")).toThrow(expect.objectContaining({ code: "invalid_option", message }));
  });
});

describe("durationOr and positiveOr", () => {
  test("fall back for undefined alone", () => {
    expect(durationOr(undefined, 7, "ttl")).toBe(7);
    expect(durationOr(undefined, undefined, "ttl")).toBeUndefined();
    expect(durationOr(0, 7, "ttl")).toBe(0);
    expect(positiveOr(undefined, Infinity, "ttl")).toBe(Infinity);
    expect(positiveOr("1s", 7, "ttl")).toBe(1_000);
    expect(() => durationOr(null, 7, "ttl")).toThrow("got null");
  });

  test.each([0, "0s", "0ms"])("positiveOr refuses %j", (value) => {
    expect(() => positiveOr(value, 7, "hardTimeout")).toThrow("hardTimeout must be a duration longer than 0, got ");
  });
});
