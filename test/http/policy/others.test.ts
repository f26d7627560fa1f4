// The rest of the policy: invalidation (RFC 9111 §4.4), Cache-Status (RFC 9211), header fields, options.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatCacheStatus, withCacheStatus, type CacheStatus } from "../../../src/http/policy/cache-status.ts";
import { parseDictionary } from "../../../src/http/policy/structured-field.ts";
import { invalidatedUris, isSafe } from "../../../src/http/policy/invalidation.ts";
import { combined, fieldsOf, single, type FieldSource } from "../../../src/http/policy/message.ts";
import { POLICY_DEFAULTS, resolvePolicy } from "../../../src/http/policy/settings.ts";
import { anyText, request, response, type Written } from "./kit.ts";

describe("RFC 9111 §4.4 invalidation", () => {
  const a = "https://example.test/a";
  const ended = (method: string, status = 200, fields: Written = {}, url = a): string[] =>
    invalidatedUris(request({}, method, url), response(fields, { status }));

  test.each(["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "post", "get"])("%s ends what its URI has", (method) => {
    expect(ended(method)).toEqual([a]);
  });

  test.each(["GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH"])("%s ends nothing", (method) => {
    expect(isSafe(method)).toBe(true);
    expect(ended(method)).toEqual([]);
  });

  test.each([
    [200, true],
    [201, true],
    [204, true],
    [303, true],
    [399, true],
    [100, false],
    [400, false],
    [404, false],
    [500, false],
  ])("a %d ends it: %j", (status, expected) => {
    expect(ended("POST", status)).toEqual(expected ? [a] : []);
  });

  test.each<[Written, string[]]>([
    [{ Location: "/b" }, [a, "https://example.test/b"]],
    [{ Location: "b", "Content-Location": "c?d#e" }, [a, "https://example.test/b", "https://example.test/c?d"]],
    [{ Location: "https://EXAMPLE.test:443/b" }, [a, "https://example.test/b"]],
    [{ Location: "/a", "Content-Location": "/a#x" }, [a]],
    [{ Location: "https://other.test/b" }, [a]],
    [{ Location: "http://example.test/b" }, [a]],
    [{ Location: "https://example.test:444/b" }, [a]],
    [{ Location: "//other.test/b" }, [a]],
    [{ Location: "http://[" }, [a]],
    [
      [
        ["Location", "/b"],
        ["Location", "/c"],
      ],
      [a],
    ],
  ])("%j ends %j", (fields, expected) => {
    expect(ended("POST", 200, fields)).toEqual(expected);
  });

  test("the URI is compared without its fragment; one that is none ends nothing", () => {
    expect(ended("POST", 200, {}, `${a}?b=c#d`)).toEqual([`${a}?b=c`]);
    expect(ended("POST", 200, {}, "/a")).toEqual([]);
  });
});

describe("RFC 9211 Cache-Status", () => {
  test.each<[Omit<CacheStatus, "cache">, string]>([
    [{}, "freshtier"],
    [{ hit: true }, "freshtier; hit"],
    [{ hit: true, ttl: 376.9 }, "freshtier; hit; ttl=376"],
    [{ hit: true, ttl: -0.1 }, "freshtier; hit; ttl=0"],
    [{ hit: true, ttl: -412 }, "freshtier; hit; ttl=-412"],
    [{ hit: true, ttl: Infinity }, "freshtier; hit; ttl=999999999999999"],
    [{ hit: true, ttl: NaN }, "freshtier; hit"],
    [{ hit: true, forward: "stale", isStored: true, isCollapsed: true, forwardStatus: 200 }, "freshtier; hit"],
    [{ forward: "uri-miss" }, "freshtier; fwd=uri-miss"],
    [{ forward: "uri-miss", isStored: true, ttl: 60 }, "freshtier; fwd=uri-miss; ttl=60; stored"],
    [{ forward: "miss", isStored: false, isCollapsed: true }, "freshtier; fwd=miss; collapsed"],
    [{ forward: "stale", forwardStatus: 304 }, "freshtier; fwd=stale; fwd-status=304"],
    [{ isStored: true, isCollapsed: true, forwardStatus: 200 }, "freshtier"],
    [{ hit: true, key: "GET /a?b" }, 'freshtier; hit; key="GET /a?b"'],
    [{ hit: true, key: 'a"b\\c' }, 'freshtier; hit; key="a\\"b\\\\c"'],
    [{ hit: true, key: "ä\n\u{1F600}\ud800" }, 'freshtier; hit; key="%C3%A4%0A%F0%9F%98%80%EF%BF%BD"'],
    [{ forward: "bypass", detail: "set-cookie" }, "freshtier; fwd=bypass; detail=set-cookie"],
    [{ forward: "bypass", detail: "too large" }, 'freshtier; fwd=bypass; detail="too large"'],
  ])("%j is %s", (status, expected) => {
    expect(formatCacheStatus({ cache: "freshtier", ...status })).toBe(expected);
  });

  test("§2 stands behind what caches nearer to the origin say, in one line", () => {
    const status: CacheStatus = { cache: "my cache", hit: true };
    const lines = (fields: Written): readonly string[] => withCacheStatus(fieldsOf(fields), status).all("cache-status");
    expect(lines({})).toEqual(['"my cache"; hit']);
    expect(lines({ "cache-status": "" })).toEqual(['"my cache"; hit']);
    expect(
      lines([
        ["Cache-Status", "a; hit"],
        ["cache-status", "b; fwd=miss"],
      ]),
    ).toEqual(['a; hit, b; fwd=miss, "my cache"; hit']);
  });

  test("is a structured field, whatever it says", () => {
    fc.assert(
      fc.property(anyText, anyText, fc.double(), (key, detail, ttl) => {
        const text = formatCacheStatus({ cache: "c", forward: "miss", key, detail, ttl });
        // What is a parameter of an item is one of a dictionary's member as well.
        expect(parseDictionary([text])?.has("c")).toBe(true);
      }),
    );
  });
});

describe("header fields of any kind", () => {
  const lines = (source: FieldSource): (readonly [string, string])[] => [...fieldsOf(source)];

  test("are read from what fetch, Node and undici have", () => {
    const headers = new Headers({ "X-A": " 1 " });
    headers.append("set-cookie", "a=b");
    headers.append("set-cookie", "c=d");
    expect(lines(headers)).toEqual([
      ["set-cookie", "a=b"],
      ["set-cookie", "c=d"],
      ["x-a", "1"],
    ]);
    expect(lines({ a: "1", b: ["2", "3"], c: undefined, d: 4 })).toEqual([
      ["a", "1"],
      ["b", "2"],
      ["b", "3"],
      ["d", "4"],
    ]);
    expect(lines(new Map([["A", "\t1 "]]))).toEqual([["A", "1"]]);
  });

  test("are found by name in lower case, in their order", () => {
    const fields = fieldsOf([
      ["A", "1"],
      ["b", "2"],
      ["a", ""],
    ]);
    expect(fields.all("a")).toEqual(["1", ""]);
    expect(fields.all("toString")).toEqual([]);
    expect([combined(fields, "a"), combined(fields, "b"), combined(fields, "c")]).toEqual(["1, ", "2", undefined]);
    expect([single(fields, "a"), single(fields, "b"), single(fields, "c")]).toEqual([undefined, "2", undefined]);
    expect(fieldsOf(fields)).toBe(fields);
  });

  test("are copied when they are changed", () => {
    const fields = fieldsOf([
      ["A", "1"],
      ["b", "2"],
      ["a", "3"],
    ]);
    expect([...fields.with([["a", "9"]])]).toEqual([
      ["b", "2"],
      ["a", "9"],
    ]);
    expect([...fields.without((name) => name === "a")]).toEqual([["b", "2"]]);
    expect([...fields]).toHaveLength(3);
  });

  test.each([
    [[["", "1"]], "fields must be named by texts, got ''"],
    [[["a", 1]], 'fields["a"] must be a text, got 1'],
    [{ a: null }, 'fields["a"] must be a text, got null'],
  ])("%j is refused", (source, message) => {
    expect(() => fieldsOf(source as unknown as FieldSource)).toThrow(message);
  });
});

describe("options of the policy", () => {
  test("have their defaults", () => {
    expect(resolvePolicy()).toEqual({
      isShared: true,
      mode: "full",
      targets: ["cdn-cache-control"],
      ttlMs: undefined,
      heuristicFraction: POLICY_DEFAULTS.heuristicFraction,
      maxHeuristicMs: 86_400_000,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      obeysRequests: true,
      setCookie: "public",
      declared: new Set(),
      selectsLanguage: false,
    });
    expect(resolvePolicy({ shared: false }).targets).toEqual([]);
    expect(resolvePolicy({ mode: "route" })).toMatchObject({ obeysRequests: false, setCookie: "never" });
  });

  test.each([
    [{ shared: 1 }, "policy.shared must be true or false, got 1"],
    [{ mode: "half" }, "policy.mode must be one of 'full', 'route', got 'half'"],
    [{ targets: "x" }, "policy.targets must be a list of field names, got 'x'"],
    [{ targets: ["a b"] }, "policy.targets[0] must be the name of a field, got 'a b'"],
    [{ declared: ["a", 1] }, "policy.declared[1] must be the name of a field, got 1"],
    [{ heuristicFraction: 2 }, "policy.heuristicFraction must be from 0 to 1, got 2"],
    [{ maxHeuristic: -1 }, "policy.maxHeuristic must be a duration"],
    [{ ttl: "5x" }, "policy.ttl must be a duration"],
    [{ staleIfError: null }, "policy.staleIfError must be a duration"],
    [{ setCookie: "public", mode: "route" }, `policy.setCookie must be "never" in route mode, got 'public'`],
    [{ vary: [] }, "policy must hold known options only"],
    [5, "policy must be an object, got 5"],
  ])("%j is refused", (options, message) => {
    expect(() => resolvePolicy(options as never)).toThrow(message);
  });
});
