// RFC 9111 §5.2: what the lines of Cache-Control say, well-formed or not.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDirectives, parseSeconds } from "../../../src/http/policy/directives.ts";
import { responseControl, type ResponseControl } from "../../../src/http/policy/response-control.ts";
import { anyText, response, shared, type Written } from "./kit.ts";

function control(...lines: string[]): ResponseControl {
  const written: Written = lines.map((line) => ["Cache-Control", line] as const);
  return responseControl(response(written), shared);
}

/** What differs from a response that says nothing. */
function said(...lines: string[]): Partial<ResponseControl> {
  const silent = control();
  return Object.fromEntries(
    Object.entries(control(...lines)).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(silent[name as keyof ResponseControl]),
    ),
  );
}

describe("§5.2 directives", () => {
  test.each<[string[], Partial<ResponseControl>]>([
    [[""], {}],
    [[" , ,, "], {}],
    [["max-age=60"], { maxAge: 60 }],
    [["MaX-aGe=60, No-StOrE"], { maxAge: 60, noStore: true }],
    [["max-age=60,no-store"], { maxAge: 60, noStore: true }],
    [["max-age=60", "no-store"], { maxAge: 60, noStore: true }],
    [["\tmax-age=60 \t, \tno-store\t"], { maxAge: 60, noStore: true }],
    [['max-age="60"'], { maxAge: 60 }],
    [["max-age=0060"], { maxAge: 60 }],
    [['foobar, max-age=60, x=1, y="a, b"'], { maxAge: 60 }],
    [["s-maxage=5, max-age=60"], { sMaxAge: 5, maxAge: 60, allowsAuthorized: true }],
    [["s-maxage=0"], { sMaxAge: 0 }],
    [["public"], { isPublic: true, allowsAuthorized: true }],
    [["must-revalidate, proxy-revalidate"], { mustRevalidate: true, proxyRevalidate: true, allowsAuthorized: true }],
    [["must-understand, no-store"], { mustUnderstand: true, noStore: true }],
    [["stale-while-revalidate=5, stale-if-error=6"], { staleWhileRevalidate: 5, staleIfError: 6 }],
  ])("%j says %j", (lines, expected) => {
    expect(said(...lines)).toEqual(expected);
  });
});

describe("§5.2.2.4, §5.2.2.7 no-cache and private name fields, or mean all", () => {
  test.each<[string[], Partial<ResponseControl>]>([
    [["no-cache"], { noCache: true }],
    [['no-cache="a"'], { noCache: ["a"] }],
    [['no-cache="B, a,A"'], { noCache: ["a", "b"] }],
    [["no-cache=a"], { noCache: ["a"] }],
    [['no-cache="b", no-cache="a"'], { noCache: ["a", "b"] }],
    [['no-cache="a", no-cache'], { noCache: true }],
    [['no-cache=""'], { noCache: true }],
    [['no-cache=" "'], { noCache: true }],
    [['no-cache="a b"'], { noCache: true }],
    [['no-cache="a,,b"'], { noCache: true }],
    [['no-cache="a" b'], { noCache: true }],
    [["private"], { isPrivate: true }],
    [['private="set-cookie"'], { isPrivate: ["set-cookie"] }],
    [['Private="\\a"'], { isPrivate: ["a"] }],
    [["private="], { isPrivate: true }],
  ])("%j says %j", (lines, expected) => {
    expect(said(...lines)).toEqual(expected);
  });
});

describe("quoted strings hide what stands in them", () => {
  test.each<[string[], Partial<ResponseControl>]>([
    [['extension="max-age=3600", max-age=1'], { maxAge: 1 }],
    [['max-age=1, extension="max-age=3600"'], { maxAge: 1 }],
    [['extension="a, max-age=3600, no-store", max-age=1'], { maxAge: 1 }],
    [['extension="a \\", no-store, \\" b", max-age=1'], { maxAge: 1 }],
    [['extension="\\\\", max-age=1'], { maxAge: 1 }],
    [["max-age='60'"], { maxAge: 0 }],
  ])("%j says %j", (lines, expected) => {
    expect(said(...lines)).toEqual(expected);
  });
});

describe("§4.2.1 invalid and contradictory lifetimes are 0", () => {
  test.each<[string[], Partial<ResponseControl>]>([
    [["max-age"], { maxAge: 0 }],
    [["max-age="], { maxAge: 0 }],
    [["max-age=-1"], { maxAge: 0 }],
    [["max-age=1.0"], { maxAge: 0 }],
    [["max-age=1.5"], { maxAge: 0 }],
    [["max-age=a100"], { maxAge: 0 }],
    [["max-age=100a"], { maxAge: 0 }],
    [["max-age=1e3"], { maxAge: 0 }],
    [["max-age=0x10"], { maxAge: 0 }],
    [['max-age=" 60"'], { maxAge: 0 }],
    [["max-age =60"], { maxAge: 0 }],
    [["max-age= 60"], { maxAge: 0 }],
    [["max-age=60 70"], { maxAge: 0 }],
    [["max-age=60, max-age=60"], { maxAge: 60 }],
    [["max-age=60", "max-age=060"], { maxAge: 60 }],
    [["max-age=60, max-age=70"], { maxAge: 0 }],
    [["max-age=70", "max-age=60"], { maxAge: 0 }],
    [["max-age=60, max-age"], { maxAge: 0 }],
    [["s-maxage=x"], { sMaxAge: 0 }],
    [["stale-while-revalidate=x, stale-if-error"], { staleWhileRevalidate: 0, staleIfError: 0 }],
  ])("%j says %j", (lines, expected) => {
    expect(said(...lines)).toEqual(expected);
  });

  test.each([
    ["0", 0],
    ["2147483647", 2_147_483_647],
    ["2147483648", 2_147_483_648],
    ["2147483649", 2_147_483_648],
    ["99999999999", 2_147_483_648],
    ["9".repeat(400), 2_147_483_648],
    ["", undefined],
    [undefined, undefined],
    ["+1", undefined],
    ["1 ", undefined],
    ["１", undefined],
  ])("§1.2.2 delta-seconds %j are %j", (text, expected) => {
    expect(parseSeconds(text)).toBe(expected);
  });
});

describe("malformed text restricts, and never permits", () => {
  test.each<[string[], Partial<ResponseControl>]>([
    [["no-store=1"], { noStore: true }],
    [["no-store; max-age=60"], { noStore: true, maxAge: 0 }],
    [["max-age=60; public"], { maxAge: 0 }],
    [["public no-store"], { noStore: true }],
    [["public max-age=60"], { maxAge: 0 }],
    [["private max-age=60"], { isPrivate: true, maxAge: 0 }],
    [["public=1"], {}],
    [["must-understand=1, no-store"], { noStore: true }],
    [['x="no-store'], { noStore: true }],
    [['max-age=60, x="abc, private'], { maxAge: 60, isPrivate: true }],
    [['max-age=60, x="abc', "public"], { maxAge: 60, isPublic: true, allowsAuthorized: true }],
    [["must-revalidate;"], { mustRevalidate: true }],
    [["s-maxage=60;"], { sMaxAge: 0 }],
    [["=no-store"], { noStore: true }],
    [['"no-store"'], { noStore: true }],
    [["max-age=60, =, ;, \u0000, \u00e9"], { maxAge: 60 }],
    [["no\u00adstore, max-age=60"], { maxAge: 60 }],
    [["no-store\u0000"], { noStore: true }],
  ])("%j says %j", (lines, expected) => {
    expect(said(...lines)).toEqual(expected);
  });
});

const word = fc.constantFrom(
  ...["max-age=60", "max-age=5", "s-maxage=9", "no-store", "no-cache", 'no-cache="a"', "private", 'private="b"'],
  ...["public", "must-revalidate", "x", 'x="a, b"', "stale-if-error=3", "max-age=x", "private=", '"'],
);
const garbage = fc.array(fc.constantFrom(...[..." \t,;=\"'\\-ano01", "max-age", "no-store", "é", "\u0000", "\n"]));

describe("properties", () => {
  test("the parser takes any text", () => {
    const texts = fc.oneof(
      anyText,
      garbage.map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(() => parseDirectives([text])).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });

  test("neither the order of directives matters, nor how they are spread over lines", () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), fc.nat(), (words, seed) => {
        // A quote that does not end reaches to the end of its line, and no further.
        const whole = words.filter((one) => one !== '"');
        const turned = whole.toSorted((a, b) => ((a.length * 7 + seed) % 5) - ((b.length * 3 + seed) % 5));
        expect(control(turned.join(", "))).toEqual(control(...whole));
      }),
    );
  });

  test("what stands beside malformed text still restricts", () => {
    fc.assert(
      fc.property(garbage, (parts) => {
        const text = parts.join("").replaceAll("\n", "");
        expect(control(`no-store, ${text}`).noStore).toBe(true);
        expect(control(text, "private").isPrivate).not.toBe(false);
      }),
    );
  });

  test("takes time in proportion to the text, also for quotes and backslashes without end", () => {
    for (const text of ['"', "\\", '\\"', '"\\', 'a="\\', ",", '",', "a ", 'a="b" ']) {
      const before = performance.now();
      parseDirectives([text.repeat(50_000)]);
      expect(performance.now() - before).toBeLessThan(5_000);
    }
  });
});
