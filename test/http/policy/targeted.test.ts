// RFC 9213: targeted fields are Structured Fields, take the place of Cache-Control and Expires, or do not count at all.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freshnessLifetime } from "../../../src/http/policy/freshness.ts";
import { responseControl } from "../../../src/http/policy/response-control.ts";
import { resolvePolicy } from "../../../src/http/policy/settings.ts";
import { parseDictionary } from "../../../src/http/policy/structured-field.ts";
import { anyText, date, privately, response, shared } from "./kit.ts";

function read(value: string, cacheControl = "max-age=1"): ReturnType<typeof responseControl> {
  return responseControl(response({ "Cache-Control": cacheControl, "CDN-Cache-Control": value }), shared);
}

describe("§2.2 which field counts", () => {
  test.each([
    ["max-age=3600", 3_600],
    ["foobar, max-age=3600", 3_600],
    ["max-age=3600;x=1", 3_600],
    ["max-age=0", 0],
    ["max-age=2147483648", 2_147_483_648],
    ["max-age=99999999999", 2_147_483_648],
    ["max-age=1, max-age=3600", 3_600],
    ["  max-age=3600  ", 3_600],
    ["max-age=3600\t,\tfoo", 3_600],
    ["foo", undefined],
  ])("%j counts, and its max-age is %j", (value, maxAge) => {
    expect(read(value)).toMatchObject({ field: "cdn-cache-control", maxAge });
  });

  test.each([
    "",
    " ",
    ",",
    "max-age=3600,",
    ",max-age=3600",
    "max-age=3600, &&&&&",
    "max-age =3600",
    "max-age= 3600",
    "MaX-aGe=3600",
    "max-age=3600; X=1",
    'max-age="3600',
    "max-age=3600 foo",
    "max-age=(3600",
    "max-age=1234567890123456",
    "max-age=1.2345",
    "max-age=1.",
    "max-age=-",
    "a=?2",
    "a=:é:",
    'a=%"%ZZ"',
    "a=@1.5",
    "é",
  ])("%j cannot be parsed, and Cache-Control counts", (value) => {
    expect(read(value)).toMatchObject({ field: "cache-control", maxAge: 1 });
  });

  test("it takes the place of Cache-Control, no-store and all", () => {
    expect(read("max-age=10000", "no-store, private").noStore).toBe(false);
    expect(read("no-store", "max-age=10000").noStore).toBe(true);
    expect(read("private", "public, max-age=10000")).toMatchObject({ isPrivate: true, isPublic: false });
  });

  test.each([-10_000, 10_000])("it takes the place of Expires, %d s from now", (seconds) => {
    const fields = { "CDN-Cache-Control": "max-age=3600", Expires: date(seconds), Date: date() };
    expect(freshnessLifetime(response(fields), shared)).toEqual({ ms: 3_600_000, source: "max-age" });
    const silent = response({ ...fields, "CDN-Cache-Control": "foo" });
    expect(freshnessLifetime(silent, shared)).toEqual({ ms: 0, source: "none" });
  });

  test("the first target that counts is taken", () => {
    const settings = resolvePolicy({ targets: ["Shop-Cache-Control", "CDN-Cache-Control"] });
    const fields = { "CDN-Cache-Control": "max-age=2", "Cache-Control": "max-age=1" };
    const field = (shop: string): string =>
      responseControl(response({ ...fields, "Shop-Cache-Control": shop }), settings).field;
    expect(field("max-age=3")).toBe("shop-cache-control");
    expect(field("max-age=")).toBe("cdn-cache-control");
  });

  test("a private cache does not look at it", () => {
    const fields = { "CDN-Cache-Control": "max-age=2", "Cache-Control": "max-age=1" };
    expect(responseControl(response(fields), privately).maxAge).toBe(1);
  });
});

describe("§2.1 values of another type than the directive has", () => {
  test.each([
    ['max-age="10000"', { maxAge: 0 }],
    ["max-age=1.5", { maxAge: 0 }],
    ["max-age=-5", { maxAge: 0 }],
    ["max-age", { maxAge: 0 }],
    ["max-age=(1 2)", { maxAge: 0 }],
    ["max-age=@5", { maxAge: 0 }],
    ["max-age=ten", { maxAge: 0 }],
    ["no-store=1", { noStore: true }],
    ["no-store=?0", { noStore: false }],
    ["no-store=()", { noStore: true }],
    ['no-cache="a, b"', { noCache: ["a", "b"] }],
    ["no-cache=a", { noCache: ["a"] }],
    ['no-cache=("a" "b")', { noCache: true }],
    ["private=:YQ==:", { isPrivate: true }],
    ["public=1", { isPublic: false }],
    ["public=?1", { isPublic: true }],
    ["public=?0", { isPublic: false }],
    ['private=%"a%c3%a9"', { isPrivate: true }],
  ])("%s restricts at most: %j", (value, expected) => {
    expect(read(value)).toMatchObject({ field: "cdn-cache-control", ...expected });
  });
});

describe("RFC 9651 §4.2.2 dictionaries", () => {
  test.each([
    [["a=1"], [["a", { type: "integer", value: 1 }]]],
    [
      ["a=1, b"],
      [
        ["a", { type: "integer", value: 1 }],
        ["b", { type: "boolean", value: true }],
      ],
    ],
    [["a=1", "a=2"], [["a", { type: "integer", value: 2 }]]],
    [["a=-0.5;q;r=2"], [["a", { type: "decimal", value: -0.5 }]]],
    [['a="b\\"\\\\"'], [["a", { type: "string", value: 'b"\\' }]]],
    [["a=*x/y:z"], [["a", { type: "token", value: "*x/y:z" }]]],
    [["a=@123"], [["a", { type: "date", value: 123 }]]],
    [["a=:YQ==:"], [["a", { type: "bytes", value: "YQ==" }]]],
    [['a=( 1;x  "b" )'], [["a", { type: "list" }]]],
    [["*a=1"], [["*a", { type: "integer", value: 1 }]]],
    [[], []],
  ])("%j is %j", (lines, expected) => {
    expect([...(parseDictionary(lines) ?? [])]).toEqual(expected);
  });

  test.each([
    "a=1,,b",
    "A",
    "a=",
    "a==1",
    "a=1;",
    "a=1;=",
    "a=(1,2)",
    "a=(1",
    "a=(1 2",
    "a=(1;)",
    'a="\\x"',
    "a=1 ,",
    "1",
    "a=?",
    "a;x=",
    'a=%"é"',
  ])("%j is none", (line) => {
    expect(parseDictionary([line])).toBeUndefined();
  });

  test("the parser takes any text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(() => parseDictionary([text])).not.toThrow();
      }),
    );
  });
});
