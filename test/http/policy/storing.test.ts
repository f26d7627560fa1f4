// RFC 9111 §3: what is stored, and why not.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RequestHead } from "../../../src/http/policy/message.ts";
import { resolvePolicy, type PolicySettings } from "../../../src/http/policy/settings.ts";
import { refusalToStore, type StoreRefusal } from "../../../src/http/policy/storing.ts";
import { endToEndFields, reusedFields, storedFields } from "../../../src/http/policy/stored-fields.ts";
import { fieldsOf } from "../../../src/http/policy/message.ts";
import { date, NOW, privately, request, response, route, shared, type Written } from "./kit.ts";

const STORED = undefined;

function refusal(
  fields: Written,
  settings: PolicySettings = shared,
  asked: RequestHead = request(),
  status = 200,
): StoreRefusal | undefined {
  return refusalToStore(asked, response(fields, { status }), settings);
}

const withControl = (
  value: string,
  settings?: PolicySettings,
  asked?: RequestHead,
  status?: number,
): StoreRefusal | undefined => refusal({ "Cache-Control": value }, settings, asked, status);

describe("§3 methods", () => {
  test.each([
    ["GET", STORED],
    ["HEAD", "method"],
    ["POST", "method"],
    ["PUT", "method"],
    ["DELETE", "method"],
    ["M-SEARCH", "method"],
    ["get", "method"],
  ])("%s: %j", (method, expected) => {
    expect(withControl("max-age=60", shared, request({}, method))).toBe(expected);
  });

  test.each<[Written, StoreRefusal | undefined]>([
    [{ "Content-Location": "/a", "Cache-Control": "max-age=60" }, STORED],
    [{ "Content-Location": "https://example.test/a#x", Expires: date(60), Date: date() }, STORED],
    [{ "Content-Location": "", Expires: date(60) }, STORED],
    [{ "Content-Location": "/b", "Cache-Control": "max-age=60" }, "method"],
    [{ "Content-Location": "http://example.test/a", "Cache-Control": "max-age=60" }, "method"],
    [{ "Content-Location": "http://[", "Cache-Control": "max-age=60" }, "method"],
    [{ "Cache-Control": "max-age=60" }, "method"],
    [{ "Content-Location": "/a", "Last-Modified": date(-1_000) }, "method"],
  ])("RFC 9110 §9.3.3 POST answered with %j: %j", (fields, expected) => {
    expect(refusal(fields, shared, request({}, "POST"))).toBe(expected);
    expect(refusal(fields, route, request({}, "POST"))).toBe("method");
  });
});

describe("§3 status codes", () => {
  test.each([200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599])(
    "%d with a lifetime is stored",
    (status) => {
      expect(withControl("max-age=60", shared, request(), status)).toBe(STORED);
      expect(withControl("max-age=0", shared, request(), status)).toBe(STORED);
    },
  );

  test.each([100, 102, 103, 304])("%d is not", (status) => {
    expect(withControl("max-age=60", shared, request(), status)).toBe("status");
  });

  test.each([
    ["must-understand, no-store, max-age=60", 200, STORED],
    ["must-understand, no-store, max-age=60", 404, STORED],
    ["must-understand, no-store, max-age=60", 599, "status"],
    ["must-understand, max-age=60", 299, "status"],
    ["no-store, max-age=60", 200, "no-store"],
    ["must-understand=1, no-store, max-age=60", 200, "no-store"],
    ["must-understand, no-store, private, max-age=60", 200, "private"],
  ])("§5.2.2.3 %s of a %d: %j", (value, status, expected) => {
    expect(withControl(value, shared, request(), status)).toBe(expected);
  });

  test.each<[Written, StoreRefusal | undefined]>([
    [{ "Content-Range": "bytes 0-4/10" }, STORED],
    [{ "Content-Range": "bytes 0-4/*" }, STORED],
    [{ "Content-Range": "bytes 4-0/10" }, "partial"],
    [{ "Content-Range": "bytes 0-10/10" }, "partial"],
    [{ "Content-Range": "items 0-4/10" }, "partial"],
    [{ "Content-Range": "bytes */10" }, "partial"],
    [{ "Content-Type": "multipart/byteranges; boundary=x" }, "partial"],
  ])("§3.3 206 with %j: %j", (fields, expected) => {
    const kept = { "Cache-Control": "max-age=60", ...(fields as object) };
    expect(refusal(kept, shared, request(), 206)).toBe(expected);
    expect(refusal(kept, route, request(), 206)).toBe("partial");
  });
});

describe("§3 what the response says", () => {
  test.each<[Written, StoreRefusal | undefined]>([
    [{ "Cache-Control": "max-age=60" }, STORED],
    [{ "Cache-Control": "s-maxage=60" }, STORED],
    [{ "Cache-Control": "max-age=0" }, STORED],
    [{ "Cache-Control": "no-cache, max-age=60" }, STORED],
    [{ "Cache-Control": "no-cache", ETag: '"a"' }, STORED],
    [{ Expires: date(60) }, STORED],
    [{ Expires: "0" }, STORED],
    [{ ETag: '"a"' }, STORED],
    [{ "Last-Modified": date(-1_000), Date: date() }, STORED],
    [{}, "no-lifetime"],
    [{ ETag: "a" }, "no-lifetime"],
    [{ "Cache-Control": "public" }, "no-lifetime"],
    [{ "Cache-Control": "no-cache" }, "no-lifetime"],
    [{ "Cache-Control": "nO-StOrE, max-age=60" }, "no-store"],
    [{ "Cache-Control": 'no-store="x", max-age=60' }, "no-store"],
    [{ "Cache-Control": "Private, max-age=60" }, "private"],
    [{ "Cache-Control": "private, s-maxage=60" }, "private"],
    [{ "Cache-Control": "public, private, max-age=60" }, "private"],
    [{ "Cache-Control": 'private="x-user", max-age=60' }, STORED],
    [{ "Cache-Control": 'private="cache-control", max-age=60' }, "private"],
    [{ "Cache-Control": 'private="Vary", max-age=60' }, "private"],
    [{ "Cache-Control": "max-age=60", Vary: "*" }, "vary"],
    [{ "Cache-Control": "max-age=60", Vary: "Accept, X" }, STORED],
    [{ "CDN-Cache-Control": "private", "Cache-Control": "max-age=60", Expires: date(60) }, "private"],
    [{ "CDN-Cache-Control": "no-store", "Cache-Control": "max-age=60" }, "no-store"],
    [{ "CDN-Cache-Control": "max-age=60", "Cache-Control": "no-store" }, STORED],
    [{ "CDN-Cache-Control": "max-age=60, &&&&&", "Cache-Control": "no-store" }, "no-store"],
    [{ "Cache-Control": "max-age=60", Pragma: "no-cache" }, STORED],
  ])("%j: %j", (fields, expected) => {
    expect(refusal(fields)).toBe(expected);
  });

  test("a status that nothing is guessed of needs more than a validator", () => {
    expect(refusal({ ETag: '"a"' }, shared, request(), 403)).toBe("no-lifetime");
    expect(refusal({ ETag: '"a"', "Cache-Control": "public" }, shared, request(), 403)).toBe(STORED);
  });

  test("a private cache keeps what is private", () => {
    expect(withControl("private, max-age=60", privately)).toBe(STORED);
    expect(withControl("private", privately)).toBe("no-lifetime");
    expect(refusal({ "Cache-Control": "max-age=60", "Set-Cookie": "a=b" }, privately)).toBe(STORED);
    expect(withControl("max-age=60", privately, request({ Authorization: "x" }))).toBe(STORED);
    expect(withControl("no-store", privately)).toBe("no-store");
  });
});

describe("§3.5 responses to requests with credentials", () => {
  test.each([
    ["max-age=60", "credentials", "credentials"],
    ["max-age=60, public", STORED, STORED],
    ["s-maxage=60", STORED, "credentials"],
    ["max-age=60, must-revalidate", STORED, "credentials"],
    ["max-age=60, s-maxage=x", "credentials", "credentials"],
    ["max-age=60, must-revalidate=1", "credentials", "credentials"],
    ["max-age=60, public=1", "credentials", "credentials"],
    ["max-age=60; public", "credentials", "credentials"],
    ["max-age=60, proxy-revalidate", "credentials", "credentials"],
  ])("%s: with Authorization %j, of a route with a Cookie %j", (value, authorized, cookie) => {
    expect(withControl(value, shared, request({ Authorization: "FOO" }))).toBe(authorized);
    expect(withControl(value, route, request({ Authorization: "FOO" }))).toBe(authorized);
    expect(withControl(value, route, request({ Cookie: "a=b" }))).toBe(cookie);
    expect(withControl(value, shared, request({ Cookie: "a=b" }))).toBe(STORED);
  });

  test("what is declared is part of the key", () => {
    const declared = resolvePolicy({ mode: "route", declared: ["Authorization", "COOKIE"] });
    expect(withControl("max-age=60", declared, request({ Authorization: "FOO", Cookie: "a=b" }))).toBe(STORED);
  });
});

describe("RFC 9111 §7.3 Set-Cookie", () => {
  const cookie = (value: string): Written => ({ "Cache-Control": value, "Set-Cookie": "a=b" });

  test.each([
    ["never", "max-age=60, public", "set-cookie"],
    ["public", "max-age=60", "set-cookie"],
    ["public", "s-maxage=60", "set-cookie"],
    ["public", "max-age=60, public", STORED],
    ["store", "max-age=60", STORED],
  ] as const)("%s: %s: %j", (setCookie, value, expected) => {
    expect(refusal(cookie(value), resolvePolicy({ setCookie }))).toBe(expected);
  });

  test("by default in full mode where the response is public, of routes never", () => {
    expect(refusal(cookie("max-age=60"))).toBe("set-cookie");
    expect(refusal(cookie("max-age=60, public"))).toBe(STORED);
    expect(refusal(cookie("max-age=60, public"), route)).toBe("set-cookie");
  });
});

test("of routes Vary may name declared headers only", () => {
  const declared = resolvePolicy({ mode: "route", declared: ["Accept-Language"] });
  const vary = (Vary: string): StoreRefusal | undefined => refusal({ "Cache-Control": "max-age=60", Vary }, declared);
  expect(vary("accept-language")).toBe(STORED);
  expect(vary("Accept-Language, Accept-Encoding")).toBe("vary");
  expect(vary("*")).toBe("vary");
});

test("§5.2.1.5 a request may forbid it, where requests are listened to", () => {
  const asked = request({ "Cache-Control": "no-store" });
  expect(withControl("max-age=60", shared, asked)).toBe("request-no-store");
  expect(withControl("max-age=60", resolvePolicy({ obeyRequests: false }), asked)).toBe(STORED);
  expect(withControl("max-age=60", route, asked)).toBe(STORED);
});

describe("§3.1 which fields are stored", () => {
  const names = (fields: Written, settings = shared): string[] =>
    [...storedFields(response(fields), settings)].map(([name]) => name.toLowerCase()).filter((name) => name !== "date");

  test.each([
    ...["Test-Header", "X-Test-Header", "Content-Foo", "Content-Encoding", "Content-Length", "Content-Location"],
    ...[
      "Content-MD5",
      "Content-Range",
      "Content-Security-Policy",
      "Content-Type",
      "Clear-Site-Data",
      "ETag",
      "Expires",
    ],
    ...["Public-Key-Pins", "Set-Cookie", "Set-Cookie2", "X-Frame-Options", "X-XSS-Protection", "WWW-Authenticate"],
  ])("%s is", (name) => {
    expect(names({ [name]: "x" })).toEqual([name.toLowerCase()]);
  });

  test.each([
    ...["Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization"],
    ...["Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade", "Trailer"],
  ])("%s is not", (name) => {
    expect(names({ [name]: "x", b: "1" })).toEqual(["b"]);
  });

  test("RFC 9110 §7.6.1 what Connection names is not, but for what the cache needs", () => {
    expect(
      names({ Connection: "A, b , cache-control,Vary", a: "1", B: "2", c: "3", "Cache-Control": "private", Vary: "x" }),
    ).toEqual(["c", "cache-control", "vary"]);
  });

  test('§5.2.2.7 what private="…" names is not, in a shared cache', () => {
    const fields = { "Cache-Control": 'private="x-user, x-b"', "X-User": "me", "X-B": "1", "X-C": "2" };
    expect(names(fields)).toEqual(["cache-control", "x-c"]);
    expect(names(fields, privately)).toContain("x-user");
  });

  test.each([{}, { Date: "foo" }, { Date: date(-5) }])(
    "RFC 9110 §6.6.1 Date is, and made of when it came for %j",
    (fields) => {
      const expected = fields.Date === date(-5) ? date(-5) : date();
      expect(storedFields(response(fields, { receivedAt: NOW + 999 }), shared).all("date")).toEqual([expected]);
    },
  );

  test("a request is forwarded without the fields of its connection, and with credentials for the proxy", () => {
    const forwarded = endToEndFields(
      fieldsOf({ Connection: "close, X-Hop", "X-Hop": "1", TE: "trailers", "Proxy-Authorization": "x", a: "1" }),
    );
    expect([...forwarded]).toEqual([
      ["Proxy-Authorization", "x"],
      ["a", "1"],
    ]);
  });
});

describe("§4 the fields of a stored response that is given", () => {
  const given = (fields: Written, later = 0, settings = shared): Record<string, string> =>
    Object.fromEntries(reusedFields(response(fields), NOW + later, settings));

  test("§5.1 Age is how old it is, in whole seconds, and Date is left as it is", () => {
    expect(given({ Date: date(), a: "1" }, 2_999)).toEqual({ Date: date(), a: "1", Age: "2" });
    expect(given({ Date: date(), age: "30" }, 2_000)).toEqual({ Date: date(), Age: "32" });
  });

  test('§5.2.2.4 what no-cache="…" names is left out', () => {
    const fields = { "Cache-Control": 'max-age=3600, no-cache="a, B"', a: "1", b: "2", c: "3" };
    expect(Object.keys(given(fields))).toEqual(["Cache-Control", "c", "Age"]);
  });
});

test("nothing that is private or not to be stored is ever stored by a shared cache", () => {
  const word = fc.constantFrom(
    ...[
      "max-age=60",
      "public",
      "s-maxage=5",
      "x",
      'y="a, b"',
      "must-revalidate",
      "no-cache",
      "stale-if-error=1",
      ";",
      " = ",
    ],
  );
  const bar = fc.constantFrom(
    "no-store",
    "private",
    "NO-STORE",
    "Private",
    "no-store=1",
    "private=",
    "private;",
    " private ",
  );
  const settings = fc.constantFrom(shared, route, resolvePolicy({ setCookie: "store", declared: ["cookie"] }));
  fc.assert(
    fc.property(
      fc.array(word),
      bar,
      fc.array(word),
      settings,
      fc.constantFrom(", ", ","),
      (before, stop, after, policy, comma) => {
        expect(withControl([...before, stop, ...after].join(comma), policy)).toMatch(/^(no-store|private)$/);
      },
    ),
  );
});
