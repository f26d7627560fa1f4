// RFC 9110 §14 and RFC 9111 §3.4: single ranges of what is stored, and parts put together.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { combineParts, missingRange, type Part } from "../../../src/http/policy/combine.ts";
import { formatContentRange, parseContentRange } from "../../../src/http/policy/content-range.ts";
import { fieldsOf } from "../../../src/http/policy/message.ts";
import { partFields, selectRange, unsatisfiableFields } from "../../../src/http/policy/range.ts";
import { date, request, response, shared, type Written } from "./kit.ts";

const WHOLE = "whole";
const NONE = "unsatisfiable";

function select(range: string, length = 10, more: Written = {}, fields: Written = {}): string {
  const selection = selectRange(request({ Range: range, ...(more as object) }), response(fields), length);
  return selection.kind === "part" ? `${selection.first}-${selection.last}` : selection.kind;
}

describe("§14.1.2 byte ranges", () => {
  test.each([
    ["bytes=0-1", "0-1"],
    ["bytes=0-0", "0-0"],
    ["bytes=9-9", "9-9"],
    ["bytes=1-", "1-9"],
    ["bytes=-1", "9-9"],
    ["bytes=-10", "0-9"],
    ["bytes=-99", "0-9"],
    ["bytes=0-99", "0-9"],
    ["BYTES=0-1", "0-1"],
    ["bytes= 0-1 ", "0-1"],
    ["bytes=00-01", "0-1"],
    [`bytes=0-${"9".repeat(400)}`, "0-9"],
    ["bytes=10-", NONE],
    ["bytes=10-20", NONE],
    ["bytes=-0", NONE],
    [`bytes=${"9".repeat(400)}-`, NONE],
    ["bytes=2-1", WHOLE],
    ["bytes=0-1,3-4", WHOLE],
    ["bytes=0-1,", WHOLE],
    ["bytes=", WHOLE],
    ["bytes=-", WHOLE],
    ["bytes=a-b", WHOLE],
    ["bytes=--1", WHOLE],
    ["bytes 0-1", WHOLE],
    ["items=0-1", WHOLE],
    ["", WHOLE],
  ])("%s of ten bytes: %s", (range, expected) => {
    expect(select(range)).toBe(expected);
  });

  test("of nothing there is no part", () => {
    expect(select("bytes=0-", 0)).toBe(NONE);
    expect(select("bytes=-1", 0)).toBe(NONE);
  });

  test("only GET of a 200 has ranges, and only one line of them", () => {
    const range = { Range: "bytes=0-1" };
    expect(selectRange(request(range, "HEAD"), response(), 10).kind).toBe(WHOLE);
    expect(selectRange(request(range), response({}, { status: 404 }), 10).kind).toBe(WHOLE);
    expect(selectRange(request(), response(), 10).kind).toBe(WHOLE);
    const twice = request([
      ["Range", "bytes=0-1"],
      ["Range", "bytes=2-3"],
    ]);
    expect(selectRange(twice, response(), 10).kind).toBe(WHOLE);
  });

  test("a part lies within the whole, whatever is asked for", () => {
    const digits = fc.oneof(fc.nat({ max: 30 }).map(String), fc.constant(""));
    fc.assert(
      fc.property(digits, digits, fc.nat({ max: 20 }), (from, to, length) => {
        const selection = selectRange(request({ Range: `bytes=${from}-${to}` }), response(), length);
        if (selection.kind !== "part") return;
        expect(selection.first).toBeGreaterThanOrEqual(0);
        expect(selection.last).toBeGreaterThanOrEqual(selection.first);
        expect(selection.last).toBeLessThan(length);
      }),
    );
  });
});

describe("§13.1.5 If-Range", () => {
  const fields = { ETag: '"a"', "Last-Modified": date(-10), Date: date() };

  test.each<[string, Written, string]>([
    ['"a"', fields, "0-1"],
    ['"b"', fields, WHOLE],
    ['W/"a"', fields, WHOLE],
    ['W/"a"', { ...fields, ETag: 'W/"a"' }, WHOLE],
    ['"a"', { Date: date() }, WHOLE],
    [date(-10), fields, "0-1"],
    [date(-11), fields, WHOLE],
    [date(-9), fields, WHOLE],
    [date(), { "Last-Modified": date(), Date: date() }, WHOLE],
    [date(-1), { "Last-Modified": date(-1), Date: date() }, "0-1"],
    [date(-10), { Date: date() }, WHOLE],
    ["foo", fields, WHOLE],
    ["", fields, WHOLE],
    ['"a", "b"', fields, WHOLE],
  ])("%s of %j: %s", (condition, of, expected) => {
    expect(select("bytes=0-1", 10, { "If-Range": condition }, of)).toBe(expected);
  });
});

describe("§15.3.7, §15.5.17 the fields of 206 and 416", () => {
  const fields = fieldsOf({
    Date: date(),
    ETag: '"a"',
    "Last-Modified": date(-9),
    "Content-Length": "10",
    "Content-Type": "text/plain",
    A: "1",
  });

  test("206 says which part, and how long it is", () => {
    expect(Object.fromEntries(partFields(fields, { first: 2, last: 4 }, 10))).toEqual({
      ...Object.fromEntries(fields),
      "Content-Range": "bytes 2-4/10",
      "Content-Length": "3",
    });
  });

  test("416 says how long the whole is", () => {
    expect(Object.fromEntries(unsatisfiableFields(fields, 10))).toEqual({
      Date: date(),
      A: "1",
      "Content-Range": "bytes */10",
      "Content-Length": "0",
    });
  });
});

describe("§14.4 Content-Range", () => {
  test.each([
    ["bytes 0-4/10", { first: 0, last: 4, total: 10 }],
    ["bytes 0-4/*", { first: 0, last: 4, total: undefined }],
    ["Bytes 4-4/5", { first: 4, last: 4, total: 5 }],
    ["bytes 4-3/5", undefined],
    ["bytes 0-5/5", undefined],
    ["bytes */5", undefined],
    ["bytes 0-4", undefined],
    ["bytes=0-4/5", undefined],
    ["bytes 0-9999999999999999/*", undefined],
    ["", undefined],
  ])("%j is %j", (text, expected) => {
    const parsed = parseContentRange(fieldsOf({ "Content-Range": text }));
    expect(parsed).toEqual(expected);
    if (parsed !== undefined) expect(formatContentRange(parsed)).toBe(text.toLowerCase());
  });
});

describe("RFC 9111 §3.4 combining parts", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const part = (range: string, text: string, fields: Written = { ETag: '"a"' }, status = 206): Part => ({
    response: response({ "Content-Range": range, ...(fields as object) }, { status }),
    bytes: bytes(text),
  });
  const combine = (stored: Part, later: Part): string | undefined => {
    const whole = combineParts(stored, later, shared);
    if (whole === undefined) return undefined;
    const range = whole.response.fields.all("content-range").join();
    return `${whole.response.status} ${range} ${new TextDecoder().decode(whole.bytes)}`;
  };

  test.each<[string, Part, Part, string | undefined]>([
    ["the end", part("bytes 0-4/10", "01234"), part("bytes 5-9/10", "56789"), "200  0123456789"],
    ["the beginning", part("bytes 5-9/10", "56789"), part("bytes 0-4/10", "01234"), "200  0123456789"],
    [
      "an overlap, where the later counts",
      part("bytes 0-4/10", "01234"),
      part("bytes 3-6/10", "XXXX"),
      "206 bytes 0-6/10 012XXXX",
    ],
    ["a part within", part("bytes 0-4/10", "01234"), part("bytes 1-2/10", "XX"), "206 bytes 0-4/10 0XX34"],
    ["a length that one of them knows", part("bytes 0-4/*", "01234"), part("bytes 5-9/10", "56789"), "200  0123456789"],
    ["no length", part("bytes 0-4/*", "01234"), part("bytes 5-9/*", "56789"), "206 bytes 0-9/* 0123456789"],
    ["a gap", part("bytes 0-4/10", "01234"), part("bytes 6-9/10", "6789"), undefined],
    ["two lengths", part("bytes 0-4/10", "01234"), part("bytes 5-9/11", "56789"), undefined],
    ["another tag", part("bytes 0-4/10", "01234"), part("bytes 5-9/10", "56789", { ETag: '"b"' }), undefined],
    [
      "a weak tag",
      part("bytes 0-4/10", "01234", { ETag: 'W/"a"' }),
      part("bytes 5-9/10", "56789", { ETag: 'W/"a"' }),
      undefined,
    ],
    ["no tag", part("bytes 0-4/10", "01234", {}), part("bytes 5-9/10", "56789", {}), undefined],
    ["fewer bytes than it says", part("bytes 0-5/10", "01234"), part("bytes 5-9/10", "56789"), undefined],
    ["no part", part("bytes 0-4/10", "01234", { ETag: '"a"' }, 200), part("bytes 5-9/10", "56789"), undefined],
  ])("%s", (_, stored, later, expected) => {
    expect(combine(stored, later)).toBe(expected);
  });

  test("fields come from the later part, and those it does not have from the stored one", () => {
    const stored = part("bytes 0-4/10", "01234", { ETag: '"a"', A: "1", B: "1" });
    const whole = combineParts(stored, part("bytes 5-9/10", "56789", { ETag: '"a"', A: "2" }), shared);
    expect(Object.fromEntries(whole?.response.fields ?? [])).toMatchObject({ A: "2", B: "1", "Content-Length": "10" });
    expect(stored.response.fields.all("a")).toEqual(["1"]);
  });

  test.each([
    ["bytes 0-4/10", "bytes=5-"],
    ["bytes 5-9/10", "bytes=0-4"],
    ["bytes 3-5/10", undefined],
    ["bytes 0-4/*", undefined],
    ["foo", undefined],
  ])("what is missing of %s is %j", (range, expected) => {
    expect(missingRange(part(range, "").response)).toBe(expected);
  });

  test("of a 200 nothing is missing", () => {
    expect(missingRange(part("bytes 0-4/10", "", {}, 200).response)).toBeUndefined();
  });
});
