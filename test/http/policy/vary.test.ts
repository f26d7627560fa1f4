// RFC 9111 §4.1: what Vary names, and which requests match.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fieldsOf } from "../../../src/http/policy/message.ts";
import { normalised } from "../../../src/http/policy/normalise.ts";
import { decideReuse } from "../../../src/http/policy/reuse.ts";
import { resolvePolicy } from "../../../src/http/policy/settings.ts";
import { selectionOf, variantKey, varyNames } from "../../../src/http/policy/vary.ts";
import { anyText, answerTo, date, NOW, request, shared, type Written } from "./kit.ts";

const FRESH = { "Cache-Control": "max-age=5000", Date: date() };

function isReused(asked: Written, again: Written, answer: Written, settings = shared): boolean {
  const stored = answerTo(request(asked), { ...FRESH, ...(answer as object) });
  return decideReuse(request(again), stored, NOW, settings).kind === "fresh";
}

describe("RFC 9110 §12.5.5 names", () => {
  test.each([
    [[], []],
    [[""], []],
    [["Foo"], ["foo"]],
    [["Foo, bar,FOO"], ["bar", "foo"]],
    [
      ["Foo", "Bar"],
      ["bar", "foo"],
    ],
    [[", Foo ,"], ["foo"]],
    [["*"], "*"],
    [["*, *"], "*"],
    [["*", "*"], "*"],
    [[", *"], "*"],
    [["", "*"], "*"],
    [["*, Foo"], "*"],
    [["Foo, *"], "*"],
    [["Foo bar"], "*"],
    [['"Foo"'], "*"],
    [["Foo; Bar"], "*"],
    [["é"], "*"],
  ])("%j are %j", (lines, expected) => {
    expect(varyNames(fieldsOf(lines.map((line) => ["Vary", line] as const)))).toEqual(expected);
  });
});

describe("§4.1 a stored response is reused where the named headers match", () => {
  test.each<[string, Written, Written, Written, boolean]>([
    ["equal", { Foo: "1" }, { Foo: "1" }, { Vary: "Foo" }, true],
    ["names of any case", { foo: "1" }, { FOO: "1" }, { vary: "fOO" }, true],
    ["another value", { Foo: "1" }, { Foo: "2" }, { Vary: "Foo" }, false],
    ["values are case-sensitive", { Foo: "a" }, { Foo: "A" }, { Vary: "Foo" }, false],
    ["was absent", {}, { Foo: "1" }, { Vary: "Foo" }, false],
    ["is absent", { Foo: "1" }, {}, { Vary: "Foo" }, false],
    ["empty is not absent", {}, { Foo: "" }, { Vary: "Foo" }, false],
    ["empty is not absent", { Foo: "" }, {}, { Vary: "Foo" }, false],
    ["absent both times", {}, {}, { Vary: "Foo" }, true],
    ["others do not matter", { Foo: "1", Other: "2" }, { Foo: "1", Other: "3" }, { Vary: "Foo" }, true],
    ["two match", { Foo: "1", Bar: "a" }, { Bar: "a", Foo: "1" }, { Vary: "Foo, Bar" }, true],
    ["one of two", { Foo: "1", Bar: "a" }, { Foo: "2", Bar: "a" }, { Vary: "Foo, Bar" }, false],
    [
      "the last of three",
      { Foo: "1", Bar: "a", Baz: "7" },
      { Foo: "1", Baz: "7", Bar: "b" },
      { Vary: "Foo, Bar, Baz" },
      false,
    ],
    ["one of three absent", { Foo: "1", Baz: "7" }, { Baz: "7", Foo: "1" }, { Vary: "Foo, Bar, Baz" }, true],
    ["star never", { Foo: "1" }, { Foo: "1" }, { Vary: "*" }, false],
    ["star among others never", { Foo: "1" }, { Foo: "1" }, { Vary: "Foo, *" }, false],
    [
      "lines are combined",
      { Foo: "1, 2" },
      [
        ["Foo", "1"],
        ["Foo", "2"],
      ],
      { Vary: "Foo" },
      true,
    ],
    ["white space", { Foo: "1,2" }, { Foo: " 1, 2 " }, { Vary: "Foo" }, true],
    ["order of others counts", { Foo: "1,2" }, { Foo: "2,1" }, { Vary: "Foo" }, false],
    ["quoted commas", { Foo: '"1, 2"' }, { Foo: '"1,2"' }, { Vary: "Foo" }, false],
    [
      "language order",
      { "Accept-Language": "en, de" },
      { "Accept-Language": "de, en" },
      { Vary: "Accept-Language" },
      true,
    ],
    [
      "language case",
      { "Accept-Language": "en, de" },
      { "Accept-Language": "eN, De" },
      { Vary: "Accept-Language" },
      true,
    ],
    [
      "language space",
      { "Accept-Language": "en, de" },
      { "Accept-Language": " en ,   de" },
      { Vary: "Accept-Language" },
      true,
    ],
    [
      "language weights",
      { "Accept-Language": "en, de;q=0.5" },
      { "Accept-Language": "en;q=0.5, de" },
      { Vary: "Accept-Language" },
      false,
    ],
    ["cookies as they are", { Cookie: "a=1, b" }, { Cookie: "a=1,b" }, { Vary: "Cookie" }, false],
    ["authorization as it is", { Authorization: "x Y" }, { Authorization: "x y" }, { Vary: "Authorization" }, false],
  ])("%s: %j, %j, %j: %j", (_, asked, again, answer, expected) => {
    expect(isReused(asked, again, answer)).toBe(expected);
  });

  test("not by what it was not selected by, when a 304 has brought another Vary", () => {
    const stored = answerTo(request({ Foo: "1" }), { ...FRESH, Vary: "Foo" });
    for (const Vary of ["Foo, Bar", "*"]) {
      const changed = { ...stored, fields: fieldsOf({ ...FRESH, Vary }) };
      expect(decideReuse(request({ Foo: "1" }), changed, NOW, shared)).toEqual({ kind: "unusable", because: "vary" });
    }
  });

  test("by its language, where the policy selects by that, and it is the one most wanted", () => {
    const settings = resolvePolicy({ selectLanguage: true });
    const answer = { Vary: "Accept-Language", "Content-Language": "de" };
    const reused = (accept: string, fields: Written = answer): boolean =>
      isReused({ "Accept-Language": "en, de" }, { "Accept-Language": accept }, fields, settings);
    expect(reused("fr;q=0.5, de;q=1.0")).toBe(true);
    expect(reused("DE")).toBe(true);
    expect(reused("fr, de;q=0.9")).toBe(false);
    expect(reused("fr")).toBe(false);
    expect(reused("de;q=0")).toBe(false);
    expect(reused("de", { ...answer, "Content-Language": "de, en" })).toBe(false);
    expect(reused("de", { Vary: "Accept-Language" })).toBe(false);
    expect(isReused({ "Accept-Language": "en, de" }, { "Accept-Language": "de" }, answer)).toBe(false);
    expect(isReused({ Foo: "1" }, { Foo: "2", "Accept-Language": "de" }, { ...answer, Vary: "Foo" }, settings)).toBe(
      false,
    );
  });
});

describe("§4.1 one spelling for what means the same", () => {
  test.each([
    ["accept-encoding", "gzip, BR;q=0.50,  deflate ; q=1.000", "br;q=0.5,deflate,gzip"],
    ["accept-encoding", "*;q=0, identity", "*;q=0,identity"],
    ["accept-language", "de-CH,de;q=0.9;x", "de-ch,de;q=0.9;x"],
    ["accept", "Text/HTML;Level=1, */*;Q=0.8", "*/*;q=0.8,text/html;level=1"],
    ["accept", 'a/b;x="A, B";q=1', 'a/b;x="A, B"'],
    ["accept", "a/b;q=2", "a/b;q=2"],
    ["accept-language", "en;q=0.1234", "en;q=0.1234"],
    ["x", " a ,, b ", "a,b"],
    ["x", 'a, "b', 'a,"b'],
    ["user-agent", "Mozilla (KHTML, like Gecko)", "Mozilla (KHTML, like Gecko)"],
  ])("of %s %j is %j", (name, value, expected) => {
    expect(normalised(name, value)).toBe(expected);
  });

  test("is its own spelling, and any text is taken", () => {
    const name = fc.constantFrom("accept", "accept-language", "x", "cookie");
    const value = fc.oneof(
      anyText,
      fc.array(fc.constantFrom(...'ab,;="q01. \\')).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(name, value, (field, text) => {
        const once = normalised(field, text);
        expect(normalised(field, once)).toBe(once);
      }),
      { numRuns: 1_000 },
    );
  });
});

test("the key of a variant tells absent from empty, and one header from two", () => {
  const key = (fields: Written): string => variantKey(["a", "b"], request(fields));
  const all = [
    {},
    { a: "" },
    { b: "" },
    { a: "1" },
    { b: "1" },
    { a: "1", b: "1" },
    { a: '1"],["b","1' },
    { a: "null" },
  ];
  expect(new Set(all.map(key)).size).toBe(all.length);
  expect(selectionOf(["a"], request({ A: "x" }))).toEqual([["a", "x"]]);
});
