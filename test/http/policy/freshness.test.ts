// RFC 9111 §4.2: how long a response is fresh, how old it is, and the dates this is reckoned by.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ageValue, currentAgeMs, dateOf, initialAgeMs } from "../../../src/http/policy/age.ts";
import { freshnessLifetime, remainingMs, type LifetimeSource } from "../../../src/http/policy/freshness.ts";
import { formatHttpDate, parseHttpDate } from "../../../src/http/policy/http-date.ts";
import { fieldsOf } from "../../../src/http/policy/message.ts";
import { resolvePolicy } from "../../../src/http/policy/settings.ts";
import { anyText, date, NOW, privately, response, shared, type Written } from "./kit.ts";

describe("RFC 9110 §5.6.7 HTTP-date", () => {
  const at = Date.UTC(2050, 7, 18, 2, 1, 18);
  test.each([
    ["Thu, 18 Aug 2050 02:01:18 GMT", at],
    ["THU, 18 AUG 2050 02:01:18 gMT", at],
    ["Thursday, 18-Aug-50 02:01:18 GMT", at],
    ["Thu Aug 18 02:01:18 2050", at],
    ["Mon Aug  8 02:01:18 2050", at - 10 * 86_400_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["Sunday, 06-Nov-94 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["Sun Nov  6 08:49:37 1994", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["Tue, 19 Jan 2038 14:14:08 GMT", Date.UTC(2038, 0, 19, 14, 14, 8)],
    ["Sun, 21 Nov 2286 04:46:39 GMT", Date.UTC(2286, 10, 21, 4, 46, 39)],
    ["Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29)],
    ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)],
    ["Sat, 01 Jan 0050 00:00:00 GMT", new Date("0050-01-01T00:00:00Z").getTime()],
    // The day of the week is not asked.
    ["Mon, 18 Aug 2050 02:01:18 GMT", at],
  ])("%j is an instant", (text, expected) => {
    expect(parseHttpDate(text, NOW)).toBe(expected);
  });

  test.each([
    ...["", "0", "-1", "now", "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 2050 02:01:18 AEST"],
    ...["Thu, 18 Aug 2050 02:01:18", "Thu, 18 Aug 2050 02:01:18 +0000", "Thu, 18 Aug 50 02:01:18 GMT"],
    ...["Thu 18 Aug 2050 02:01:18 GMT", "Thu, 18  Aug  2050 02:01:18 GMT", "Thu, 18-Aug-2050 02:01:18 GMT"],
    ...["Thu, 18 Aug 2050 02.01.18 GMT", "Thu, 18 Aug 2050 2:01:18 GMT", "Thu, 8 Aug 2050 02:01:18 GMT"],
    ...["Thu, 18 Aug 2050 24:00:00 GMT", "Thu, 18 Aug 2050 02:60:18 GMT", "Thu, 18 Aug 2050 02:01:61 GMT"],
    ...["Thu, 31 Apr 2050 02:01:18 GMT", "Thu, 00 Apr 2050 02:01:18 GMT", "Fri, 29 Feb 2023 02:01:18 GMT"],
    ...["Thu, 18 Foo 2050 02:01:18 GMT", "Xyz, 18 Aug 2050 02:01:18 GMT", "Thu, 18-Aug-50 02:01:18 GMT"],
    ...["Thursday, 18-Aug-2050 02:01:18 GMT", "Thu Aug 8 02:01:18 2050", "Thu Aug  8 02:01:18 2050 GMT"],
    ...["Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT", "2050-08-18T02:01:18Z", "2524183278"],
    ...["Thu, 18 Aug 2050 02:01:18 GMT ", " Thu, 18 Aug 2050 02:01:18 GMT", "Thu, 18 Aug 2050 02:01:18 GMT\n"],
  ])("%j is none", (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });

  test.each([
    [75, 2075],
    [77, 1977],
    [99, 1999],
    [0, 2000],
    [26, 2026],
  ])("a year of two digits is at most 50 years ahead: %d is %d", (digits, year) => {
    const text = `Monday, 15-Jun-${String(digits).padStart(2, "0")} 00:00:00 GMT`;
    expect(parseHttpDate(text, NOW)).toBe(Date.UTC(year, 5, 15));
  });

  test("what is written is read again, and any text is taken", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (second) => {
        expect(parseHttpDate(formatHttpDate(second * 1_000), NOW)).toBe(second * 1_000);
      }),
    );
    fc.assert(fc.property(anyText, (text) => parseHttpDate(text, NOW) === undefined));
  });
});

describe("§4.2.1 freshness lifetime", () => {
  test.each<[Written, number, LifetimeSource]>([
    [{}, 0, "none"],
    [{ "Cache-Control": "max-age=60" }, 60, "max-age"],
    [{ "Cache-Control": "max-age=0" }, 0, "max-age"],
    [{ "Cache-Control": "max-age=60, s-maxage=5" }, 5, "s-maxage"],
    [{ "Cache-Control": "max-age=1, s-maxage=50" }, 50, "s-maxage"],
    [{ "Cache-Control": "max-age=0, s-maxage=50", Expires: date(-10) }, 50, "s-maxage"],
    [{ "Cache-Control": "max-age=60", Expires: date(-7_200), Date: date() }, 60, "max-age"],
    [{ "Cache-Control": "max-age=60", Expires: "0", Date: date() }, 60, "max-age"],
    [{ "Cache-Control": "max-age=0", Expires: date(3_600), Date: date() }, 0, "max-age"],
    [{ "Cache-Control": "max-age=x", Expires: date(3_600), Date: date() }, 0, "max-age"],
    [{ Expires: date(30), Date: date() }, 30, "expires"],
    [{ Expires: date(30) }, 30, "expires"],
    [{ Expires: date(30), Date: "foo" }, 30, "expires"],
    [{ Expires: date(30), Date: date(-10) }, 40, "expires"],
    [{ Expires: date(20), Date: date(10) }, 10, "expires"],
    [{ Expires: date(), Date: date() }, 0, "expires"],
    [{ Expires: date(300), Date: date(400) }, 0, "expires"],
    [{ Expires: "0", Date: date() }, 0, "expires"],
    [{ Expires: "", Date: date() }, 0, "expires"],
    [
      [
        ["Expires", date(30)],
        ["Expires", date(30)],
      ],
      0,
      "expires",
    ],
    [{ Expires: `${date(30)}, ${date(30)}` }, 0, "expires"],
    [{ Expires: "0", "Last-Modified": date(-1_000) }, 0, "expires"],
  ])("of %j is %d s, from %s", (fields, seconds, source) => {
    expect(freshnessLifetime(response(fields), shared)).toEqual({ ms: seconds * 1_000, source });
  });

  test("s-maxage means nothing to a private cache", () => {
    const both = response({ "Cache-Control": "s-maxage=3600, max-age=1" });
    expect(freshnessLifetime(both, privately)).toEqual({ ms: 1_000, source: "max-age" });
  });
});

describe("§4.2.2 heuristic freshness", () => {
  const day = 86_400;
  const old = { Date: date(), "Last-Modified": date(-day) };

  test.each([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])("of a %d is a tenth of its age", (status) => {
    expect(freshnessLifetime(response(old, { status }), shared)).toEqual({ ms: 8_640_000, source: "heuristic" });
  });

  test.each([201, 202, 206, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599])("of a %d there is none", (status) => {
    expect(freshnessLifetime(response(old, { status }), shared).source).toBe("none");
  });

  test("of any status that is called public it is allowed", () => {
    const called = response({ ...old, "Cache-Control": "public" }, { status: 599 });
    expect(freshnessLifetime(called, shared).source).toBe("heuristic");
  });

  test.each([
    [{ Date: date(), "Last-Modified": date(10) }, 0, "heuristic"],
    [{ Date: date(), "Last-Modified": "yesterday" }, 0, "none"],
    [{ Date: date(), "Last-Modified": date(-100 * day) }, day, "heuristic"],
    [{ "Last-Modified": date(-1_000) }, 100, "heuristic"],
    [{ Date: date(-500), "Last-Modified": date(-1_000) }, 50, "heuristic"],
  ])("of %j is %d s (%s)", (fields, seconds, source) => {
    expect(freshnessLifetime(response(fields), shared)).toEqual({ ms: seconds * 1_000, source });
  });

  test("fraction and bound can be set, and a lifetime of one's own takes its place, but for errors", () => {
    expect(freshnessLifetime(response(old), resolvePolicy({ heuristicFraction: 0 })).ms).toBe(0);
    expect(freshnessLifetime(response(old), resolvePolicy({ heuristicFraction: 1, maxHeuristic: "1h" })).ms).toBe(
      3_600_000,
    );
    const own = resolvePolicy({ ttl: "5s" });
    expect(freshnessLifetime(response(old), own)).toEqual({ ms: 5_000, source: "default" });
    expect(freshnessLifetime(response(old, { status: 404 }), own).source).toBe("heuristic");
    expect(freshnessLifetime(response({}, { status: 302 }), own).source).toBe("none");
    expect(freshnessLifetime(response({ "Cache-Control": "max-age=1" }), own).ms).toBe(1_000);
  });
});

describe("§5.1 Age", () => {
  test.each([
    [["7200"], 7_200],
    [["0"], 0],
    [["007"], 7],
    [["2147483649"], 2_147_483_648],
    [["99999999999"], 2_147_483_648],
    [["7200, 0"], 7_200],
    [["7200,0"], 7_200],
    [["0, 7200"], 0],
    [["7200", "0"], 7_200],
    [["0", "7200"], 0],
    [["abc"], undefined],
    [["-7200"], undefined],
    [["7200.0"], undefined],
    [["7200;foo=bar"], undefined],
    [['"7200"'], undefined],
    [[""], undefined],
    [[", 7200"], undefined],
    [["abc", "7200"], undefined],
    [[], undefined],
  ])("%j is %j", (lines, expected) => {
    expect(ageValue(fieldsOf(lines.map((line) => ["Age", line] as const)))).toBe(expected);
  });
});

describe("§4.2.3 calculating age", () => {
  test.each<[string, Written, number]>([
    ["apparent age", { Date: date(-7_200) }, 7_200],
    ["no age from a clock that is ahead", { Date: date(7_200) }, 0],
    ["Age", { Date: date(), Age: "30" }, 30],
    ["the larger of both", { Date: date(-10), Age: "25" }, 25],
    ["the larger of both", { Date: date(-25), Age: "10" }, 25],
    ["no Date", { Age: "5" }, 5],
    ["an invalid Date", { Date: "foo" }, 0],
    [
      "two Dates",
      [
        ["Date", date(-100)],
        ["Date", date(-100)],
      ],
      0,
    ],
    ["an invalid Age", { Date: date(), Age: "x" }, 0],
  ])("%s: %j came %d s old", (_, fields, seconds) => {
    expect(initialAgeMs(response(fields))).toBe(seconds * 1_000);
  });

  test("the way from the origin counts, and so does the time in the cache", () => {
    const slow = response({ Date: date(-5), Age: "2" }, { requestedAt: NOW - 4_000 });
    expect(initialAgeMs(slow)).toBe(6_000);
    expect(currentAgeMs(slow, NOW + 1_500)).toBe(7_500);
  });

  test("a part of a second is no age: Date has none", () => {
    const late = response({ Date: date() }, { requestedAt: NOW + 999, receivedAt: NOW + 999 });
    expect(initialAgeMs(late)).toBe(0);
    expect(dateOf(response({}, { receivedAt: NOW + 999 }))).toBe(NOW);
  });

  test("is never negative, and never falls", () => {
    const seconds = fc.integer({ min: -4_000_000_000, max: 4_000_000_000 });
    const ages = fc.option(fc.constantFrom("0", "5", "99999999999", "-1", "x"), { nil: undefined });
    fc.assert(
      fc.property(seconds, ages, seconds, seconds, fc.nat(), (dated, age, sent, passed, more) => {
        const fields = { Date: date(dated), ...(age === undefined ? {} : { Age: age }) };
        const one = response(fields, { requestedAt: NOW + sent });
        const then = currentAgeMs(one, NOW + passed);
        expect(then).toBeGreaterThanOrEqual(0);
        expect(currentAgeMs(one, NOW + passed + more)).toBeGreaterThanOrEqual(then);
      }),
    );
  });
});

test("§4.2 a response is fresh while its lifetime is longer than its age", () => {
  const one = response({ "Cache-Control": "max-age=60", Date: date(), Age: "10" });
  expect(remainingMs(one, NOW, shared)).toBe(50_000);
  expect(remainingMs(one, NOW + 50_000, shared)).toBe(0);
  expect(remainingMs(one, NOW + 70_000, shared)).toBe(-20_000);
});
