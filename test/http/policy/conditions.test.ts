// RFC 9110 §8.8 and §13: entity tags, and what the conditions of a request come to.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatEntityTag,
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseEntityTags,
  type EntityTag,
} from "../../../src/http/policy/entity-tag.ts";
import { notModifiedFields } from "../../../src/http/policy/not-modified.ts";
import { evaluatePreconditions, isForOrigin, type Verdict } from "../../../src/http/policy/preconditions.ts";
import { fieldsOf } from "../../../src/http/policy/message.ts";
import { anyText, date, request, response, type Written } from "./kit.ts";

describe("§8.8.3 entity tags", () => {
  test.each([
    ['"a"', { isWeak: false, opaque: "a" }],
    ['""', { isWeak: false, opaque: "" }],
    ['W/"a"', { isWeak: true, opaque: "a" }],
    ['"a,b"', { isWeak: false, opaque: "a,b" }],
    ['"a\\"', { isWeak: false, opaque: "a\\" }],
    ['"abcdefü"', { isWeak: false, opaque: "abcdefü" }],
    ["a", undefined],
    ['w/"a"', undefined],
    ['W\\"a"', undefined],
    ['W"a"', undefined],
    ['W/ "a"', undefined],
    ['"a', undefined],
    ['"a"b"', undefined],
    ['"a b"', undefined],
    ["'a'", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%j is %j", (text, expected) => {
    expect(parseEntityTag(text)).toEqual(expected);
  });

  test.each([
    ["*", "*"],
    [" * ", "*"],
    ['"a"', ['"a"']],
    ['"a", W/"b" ,,"c"', ['"a"', 'W/"b"', '"c"']],
    ['"a,b", "c"', ['"a,b"', '"c"']],
    ['a, "b"', ['"b"']],
    ['"a" x, "b"', ['"b"']],
    ['x"a", "b"', ['"b"']],
    ['"a""b"', []],
    ['"a', []],
    ['*, "a"', ['"a"']],
    ["", []],
  ])("§13.1.1 the list %j is %j", (text, expected) => {
    const tags = parseEntityTags(text);
    expect(tags === "*" ? tags : tags.map(formatEntityTag)).toEqual(expected);
  });

  test.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
    ['"1"', '"2"', false, false],
  ])("§8.8.3.2 %s and %s match strongly: %j, weakly: %j", (a, b, strongly, weakly) => {
    const [one, other] = [parseEntityTag(a) as EntityTag, parseEntityTag(b) as EntityTag];
    expect([matchesStrongly(one, other), matchesStrongly(other, one)]).toEqual([strongly, strongly]);
    expect([matchesWeakly(one, other), matchesWeakly(other, one)]).toEqual([weakly, weakly]);
  });

  test("the parsers take any text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(() => parseEntityTag(text)).not.toThrow();
        expect(parseEntityTags(`"a", ${text}`)[0]).toEqual({ isWeak: false, opaque: "a" });
      }),
    );
  });
});

describe("§13.2.2 order of conditions", () => {
  const tagged = { ETag: '"a"', "Last-Modified": date(-5_000), Date: date() };

  test.each<[Written, Verdict]>([
    [{}, "proceed"],
    [{ "If-None-Match": '"a"' }, "not-modified"],
    [{ "If-None-Match": 'W/"a"' }, "not-modified"],
    [{ "If-None-Match": '"b"' }, "proceed"],
    [{ "If-None-Match": '"b", "a"' }, "not-modified"],
    [
      [
        ["If-None-Match", '"b"'],
        ["If-None-Match", '"a"'],
      ],
      "not-modified",
    ],
    [{ "If-None-Match": "*" }, "not-modified"],
    [{ "If-None-Match": "a" }, "proceed"],
    [{ "If-None-Match": "" }, "proceed"],
    // The tag comes first, whichever way it goes.
    [{ "If-None-Match": '"a"', "If-Modified-Since": date(-9_000) }, "not-modified"],
    [{ "If-None-Match": '"b"', "If-Modified-Since": date() }, "proceed"],
    [{ "If-None-Match": "b", "If-Modified-Since": date() }, "proceed"],
    [{ "If-Modified-Since": date(-5_000) }, "not-modified"],
    [{ "If-Modified-Since": date(-4_000) }, "not-modified"],
    [{ "If-Modified-Since": date(-5_001) }, "proceed"],
    [{ "If-Modified-Since": "foo" }, "proceed"],
    [{ "If-Modified-Since": `${date()}, ${date()}` }, "proceed"],
    [
      [
        ["If-Modified-Since", date()],
        ["If-Modified-Since", date()],
      ],
      "proceed",
    ],
    [{ "If-Match": '"a"' }, "proceed"],
    [{ "If-Match": "*" }, "proceed"],
    [{ "If-Match": 'W/"a"' }, "failed"],
    [{ "If-Match": '"b"' }, "failed"],
    [{ "If-Match": '"b"', "If-Unmodified-Since": date() }, "failed"],
    [{ "If-Match": '"a"', "If-Unmodified-Since": date(-9_000) }, "proceed"],
    [{ "If-Match": '"a"', "If-None-Match": '"a"' }, "not-modified"],
    [{ "If-Match": '"b"', "If-None-Match": '"a"' }, "failed"],
    [{ "If-Unmodified-Since": date(-5_000) }, "proceed"],
    [{ "If-Unmodified-Since": date(-5_001) }, "failed"],
    [{ "If-Unmodified-Since": "foo" }, "proceed"],
    [{ "If-Unmodified-Since": date(), "If-Modified-Since": date() }, "not-modified"],
  ])("GET with %j: %s", (fields, expected) => {
    expect(evaluatePreconditions(request(fields), response(tagged))).toBe(expected);
    expect(evaluatePreconditions(request(fields, "HEAD"), response(tagged))).toBe(expected);
  });

  test.each<[Written, Verdict]>([
    [{ "If-None-Match": '"a"' }, "failed"],
    [{ "If-None-Match": "*" }, "failed"],
    [{ "If-None-Match": '"b"' }, "proceed"],
    [{ "If-Modified-Since": date() }, "proceed"],
  ])("PUT with %j: %s", (fields, expected) => {
    expect(evaluatePreconditions(request(fields, "PUT"), response(tagged))).toBe(expected);
  });

  test("§13.2.1 what is not 2xx is given whatever the conditions are", () => {
    for (const status of [301, 404, 410, 500]) {
      expect(evaluatePreconditions(request({ "If-None-Match": '"a"' }), response(tagged, { status }))).toBe("proceed");
    }
  });

  test("RFC 9111 §4.3.2 Date stands for Last-Modified, and the time of its coming for Date", () => {
    const since = (seconds: number): Written => ({ "If-Modified-Since": date(seconds) });
    for (const fields of [{ Date: date() }, {}]) {
      expect(evaluatePreconditions(request(since(0)), response(fields))).toBe("not-modified");
      expect(evaluatePreconditions(request(since(-1)), response(fields))).toBe("proceed");
    }
  });

  test("without a tag no tag matches, and any is there", () => {
    expect(evaluatePreconditions(request({ "If-None-Match": '"a"' }), response())).toBe("proceed");
    expect(evaluatePreconditions(request({ "If-None-Match": "*" }), response())).toBe("not-modified");
    const twice = response([
      ["ETag", '"a"'],
      ["ETag", '"a"'],
    ]);
    expect(evaluatePreconditions(request({ "If-None-Match": '"a"' }), twice)).toBe("proceed");
  });

  test("RFC 9111 §4.3.2 If-Match and If-Unmodified-Since are the origin's", () => {
    expect(isForOrigin(request({ "If-Match": '"a"' }))).toBe(true);
    expect(isForOrigin(request({ "If-Unmodified-Since": date() }))).toBe(true);
    expect(isForOrigin(request({ "If-None-Match": '"a"', "If-Modified-Since": date(), "If-Range": '"a"' }))).toBe(
      false,
    );
  });
});

describe("§15.4.5 a 304", () => {
  const must = ["Content-Location", "Date", "Vary", "Cache-Control", "Expires", "Age", "Content-Security-Policy"];
  const names = (fields: Iterable<readonly [string, string]>): string[] => [...fields].map(([name]) => name);

  test("has what it must have, and nothing of the content", () => {
    const content = ["Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Range"];
    const all = fieldsOf([...must, ...content, "ETag", "Last-Modified"].map((name) => [name, "x"] as const));
    expect(names(notModifiedFields(all))).toEqual([...must, "ETag"]);
  });

  test("has Last-Modified where there is no entity tag", () => {
    expect(names(notModifiedFields(fieldsOf({ "Last-Modified": date() })))).toEqual(["Last-Modified"]);
  });
});
