// RFC 9111 §4 and RFC 5861: when a stored response is given, fresh or stale, and when the origin is asked first.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideReuse, mayReuseOnError, type Reuse } from "../../../src/http/policy/reuse.ts";
import { resolvePolicy, type PolicySettings } from "../../../src/http/policy/settings.ts";
import { isFailure } from "../../../src/http/policy/status.ts";
import { date, NOW, privately, request, response, route, shared, type Written } from "./kit.ts";

/** In a word: `fresh`, `max-stale`, `stale-while-revalidate`, or what the origin has to be asked for. */
function verdict(reuse: Reuse): string {
  return reuse.kind === "fresh" ? "fresh" : `${reuse.kind} ${reuse.because}`;
}

/** Of a response that says `control`, that many seconds after it came. */
function after(seconds: number, control: string, asked: Written = {}, settings: PolicySettings = shared): string {
  return verdict(decideReuse(request(asked), response({ "Cache-Control": control }), NOW + seconds * 1_000, settings));
}

const GRACE = resolvePolicy({ staleWhileRevalidate: "1h", staleIfError: "1h" });

describe("§4.2 fresh or stale", () => {
  test.each<[string, number, string]>([
    ["max-age=60", 0, "fresh"],
    ["max-age=60", 59.999, "fresh"],
    ["max-age=60", 60, "validate stale"],
    ["max-age=0", 0, "validate stale"],
    ["max-age=-3600", 0, "validate stale"],
    ["max-age=2147483648", 1e9, "fresh"],
    ["max-age=99999999999", 1e9, "fresh"],
    ["max-age=60, must-revalidate", 59, "fresh"],
    ["max-age=60, must-revalidate", 60, "validate stale"],
    ["max-age=60, no-cache", 0, "validate no-cache"],
    ["No-CaChE, max-age=60", 0, "validate no-cache"],
    ['max-age=60, no-cache="a"', 0, "fresh"],
    ['max-age=60, no-cache="a"', 60, "validate stale"],
    ["max-age=3600, s-maxage=1", 2, "validate stale"],
    ["s-maxage=3600, max-age=1", 2, "fresh"],
    ["", 0, "validate stale"],
  ])("%s after %d s: %s", (control, seconds, expected) => {
    expect(after(seconds, control)).toBe(expected);
  });

  test("an age of its own counts", () => {
    const one = response({ Date: date(), "Cache-Control": "max-age=3600", Age: "7200" });
    expect(decideReuse(request(), one, NOW, shared)).toEqual({ kind: "validate", because: "stale" });
  });
});

describe("§4 what is for another request", () => {
  const one = response({ "Cache-Control": "max-age=60" });
  const of = (asked: ReturnType<typeof request>, settings = shared, stored = one): string =>
    verdict(decideReuse(asked, stored, NOW, settings));

  test.each([
    ["GET", "fresh"],
    ["HEAD", "fresh"],
    ["POST", "unusable method"],
    ["OPTIONS", "unusable method"],
    ["get", "unusable method"],
  ])("%s: %s", (method, expected) => {
    expect(of(request({}, method))).toBe(expected);
  });

  test("§4.3.2 conditions that only the origin can judge", () => {
    expect(of(request({ "If-Match": '"a"' }))).toBe("unusable precondition");
    expect(of(request({ "If-Unmodified-Since": date() }))).toBe("unusable precondition");
    expect(of(request({ "If-None-Match": '"a"', "If-Modified-Since": date() }))).toBe("fresh");
  });

  test("§3.4 a part answers for what it holds", () => {
    const part = response(
      { "Cache-Control": "max-age=60", "Content-Range": "bytes 4-9/10", ETag: '"a"' },
      { status: 206 },
    );
    const range = (value: string, more: Written = {}): string =>
      of(request({ Range: value, ...(more as object) }), shared, part);
    for (const value of ["bytes=4-9", "bytes=-5", "bytes=6-8", "bytes=6-", "bytes=-1", "bytes=4-99"]) {
      expect([value, range(value)]).toEqual([value, "fresh"]);
    }
    for (const value of ["bytes=3-9", "bytes=-7", "bytes=0-", "bytes=10-", "bytes=5-6,7-8", "items=5-6", ""]) {
      expect([value, range(value)]).toEqual([value, "unusable partial"]);
    }
    expect(of(request(), shared, part)).toBe("unusable partial");
    expect(of(request({ Range: "bytes=4-9" }, "HEAD"), shared, part)).toBe("unusable partial");
    expect(range("bytes=4-9", { "If-Range": '"a"' })).toBe("fresh");
    expect(range("bytes=4-9", { "If-Range": '"b"' })).toBe("unusable partial");
    const unknown = response({ "Cache-Control": "max-age=60", "Content-Range": "bytes 4-9/*" }, { status: 206 });
    expect(of(request({ Range: "bytes=4-9" }), shared, unknown)).toBe("fresh");
    expect(of(request({ Range: "bytes=5-" }), shared, unknown)).toBe("unusable partial");
    expect(of(request({ Range: "bytes=-2" }), shared, unknown)).toBe("unusable partial");
  });

  test.each([
    ["max-age=60", { Authorization: "x" }, "unusable credentials"],
    ["max-age=60", { Cookie: "a=b" }, "unusable credentials"],
    ["max-age=60, public", { Authorization: "x", Cookie: "a=b" }, "fresh"],
    ["s-maxage=60", { Authorization: "x" }, "fresh"],
    ["s-maxage=60", { Cookie: "a=b" }, "unusable credentials"],
    ["max-age=60", {}, "fresh"],
  ])("of a route that says %s to %j: %s", (control, asked, expected) => {
    expect(after(0, control, asked, route)).toBe(expected);
    expect(after(0, control, asked, resolvePolicy({ mode: "route", declared: ["cookie", "authorization"] }))).toBe(
      "fresh",
    );
    expect(after(0, control, asked)).toBe("fresh");
  });
});

describe("§5.2.1 what requests ask for", () => {
  test.each<[string, number, string, string]>([
    ["max-age=3600", 1, "max-age=0", "validate request"],
    ["max-age=3600", 1, "max-age=1", "fresh"],
    ["max-age=3600", 2, "max-age=1", "validate request"],
    ["max-age=3600", 0, "max-age=x", "fresh"],
    ["max-age=3600", 1, "max-age=x", "validate request"],
    ["max-age=3600", 0, "no-cache", "validate request"],
    ["max-age=3600", 0, "NO-CACHE=x", "validate request"],
    ["max-age=3600", 0, "no-store", "fresh"],
    ["max-age=1500", 0, "min-fresh=2000", "validate request"],
    ["max-age=1500", 501, "min-fresh=1000", "validate request"],
    ["max-age=1500", 500, "min-fresh=1000", "fresh"],
    ["max-age=1500", 0, "min-fresh=x", "validate request"],
    ["max-age=1", 3, "max-stale=1000", "stale max-stale"],
    ["max-age=1", 3, "max-stale", "stale max-stale"],
    ["max-age=1", 3, "max-stale=2", "stale max-stale"],
    ["max-age=1", 4, "max-stale=2", "validate stale"],
    ["max-age=1", 3, "max-stale=x", "validate stale"],
    ["max-age=1", 3, "max-stale, max-stale=1000", "validate stale"],
    ["max-age=1", 3, "max-stale; foo", "validate stale"],
    ["max-age=1", 3, "max-stale=1000, max-age=1", "validate request"],
    ["max-age=1, must-revalidate", 3, "max-stale", "validate stale"],
    ["max-age=1, must-revalidate", 1, "max-stale=0", "validate stale"],
    ["max-age=1, proxy-revalidate", 3, "max-stale", "validate stale"],
    ["max-age=1, no-cache", 3, "max-stale", "validate no-cache"],
    ["s-maxage=1", 3, "max-stale", "validate stale"],
  ])("%s after %d s, asked for %s: %s", (control, seconds, asked, expected) => {
    expect(after(seconds, control, { "Cache-Control": asked })).toBe(expected);
  });

  test("they count with the age that the response came with", () => {
    const aged = response({ "Cache-Control": "max-age=3600", Age: "1800" });
    expect(verdict(decideReuse(request({ "Cache-Control": "max-age=600" }), aged, NOW, shared))).toBe(
      "validate request",
    );
    const stale = response({ "Cache-Control": "max-age=1500", Age: "2000" });
    expect(verdict(decideReuse(request({ "Cache-Control": "max-stale=1000" }), stale, NOW, shared))).toBe(
      "stale max-stale",
    );
  });

  test("§5.4 Pragma: no-cache counts without Cache-Control", () => {
    expect(after(0, "max-age=60", { Pragma: "no-cache" })).toBe("validate request");
    expect(after(0, "max-age=60", { Pragma: "x" })).toBe("fresh");
    expect(after(0, "max-age=60", { Pragma: "no-cache", "Cache-Control": "x" })).toBe("fresh");
  });

  test("a route does not listen", () => {
    for (const asked of ["no-cache", "max-age=0", "min-fresh=100"]) {
      expect(after(1, "max-age=60", { "Cache-Control": asked }, route)).toBe("fresh");
    }
    expect(after(61, "max-age=60", { "Cache-Control": "max-stale" }, route)).toBe("validate stale");
    expect(after(0, "max-age=60", { Pragma: "no-cache" }, route)).toBe("fresh");
  });
});

describe("RFC 5861 §3 stale-while-revalidate", () => {
  test.each<[string, number, string]>([
    ["max-age=1, stale-while-revalidate=4", 1, "stale stale-while-revalidate"],
    ["max-age=1, stale-while-revalidate=4", 4.999, "stale stale-while-revalidate"],
    ["max-age=1, stale-while-revalidate=4", 5, "validate stale"],
    ["max-age=1, stale-while-revalidate=0", 1, "validate stale"],
    ["max-age=1, stale-while-revalidate=x", 1, "validate stale"],
    ["max-age=1, s-maxage=2, stale-while-revalidate=4", 3, "stale stale-while-revalidate"],
    ["max-age=1, stale-while-revalidate=4, must-revalidate", 2, "validate stale"],
    ["max-age=1, stale-while-revalidate=4, proxy-revalidate", 2, "validate stale"],
    ["max-age=1, stale-while-revalidate=4, no-cache", 2, "validate no-cache"],
  ])("%s after %d s: %s", (control, seconds, expected) => {
    expect(after(seconds, control)).toBe(expected);
    // What the response says itself counts instead of the grace by default, and what forbids forbids both.
    expect(after(seconds, control, {}, GRACE)).toBe(expected);
  });

  test.each<[string, string]>([
    ["max-age=1", "stale stale-while-revalidate"],
    ["s-maxage=1", "validate stale"],
    ["s-maxage=1, max-age=1", "validate stale"],
    ["max-age=1, must-revalidate", "validate stale"],
    ["max-age=1, proxy-revalidate", "validate stale"],
    ["max-age=1, no-cache", "validate no-cache"],
    ['max-age=1, no-cache="a"', "stale stale-while-revalidate"],
  ])("with a grace by default, %s: %s", (control, expected) => {
    expect(after(2, control, {}, GRACE)).toBe(expected);
  });

  test("proxy-revalidate and s-maxage are nothing to a private cache", () => {
    const grace = resolvePolicy({ shared: false, staleWhileRevalidate: "1h" });
    expect(after(2, "max-age=1, s-maxage=1, proxy-revalidate", {}, grace)).toBe("stale stale-while-revalidate");
    expect(after(2, "max-age=1, s-maxage=9", { "Cache-Control": "max-stale" }, privately)).toBe("stale max-stale");
  });

  test("a client that asks for something else does not get it", () => {
    const swr = "max-age=1, stale-while-revalidate=9";
    for (const asked of ["no-cache", "max-age=1", "min-fresh=1"]) {
      expect(after(2, swr, { "Cache-Control": asked })).toBe("validate request");
    }
  });
});

describe("RFC 5861 §4 stale-if-error", () => {
  function onError(seconds: number, control: string, asked: Written = {}, settings = shared): boolean {
    const one = response({ "Cache-Control": control });
    return mayReuseOnError(request(asked), one, NOW + seconds * 1_000, settings);
  }

  test.each<[string, number, string, boolean, boolean]>([
    // response, seconds, request, allowed, allowed with a grace by default
    ["max-age=2", 3, "", false, true],
    ["max-age=2, stale-if-error=60", 3, "", true, true],
    ["max-age=2, stale-if-error=60", 61.999, "", true, true],
    ["max-age=2, stale-if-error=60", 62, "", false, false],
    ["max-age=2, stale-if-error=0", 3, "", false, false],
    ["max-age=2, stale-if-error=x", 3, "", false, false],
    ["max-age=2, stale-if-error=60, must-revalidate", 3, "", false, false],
    ["max-age=2, stale-if-error=60, proxy-revalidate", 3, "", false, false],
    ["max-age=2, stale-if-error=60, no-cache", 3, "", false, false],
    ["s-maxage=2", 3, "", false, false],
    ["s-maxage=2, stale-if-error=60", 3, "", true, true],
    ["max-age=2", 3, "stale-if-error=60", true, true],
    ["max-age=2", 63, "stale-if-error=60", false, false],
    ["max-age=2, stale-if-error=60", 3, "stale-if-error=0", false, false],
    ["max-age=2, stale-if-error=1", 9, "stale-if-error=60", true, true],
    ["max-age=2, must-revalidate", 3, "stale-if-error=60", false, false],
    ["s-maxage=2", 3, "stale-if-error=60", false, false],
    ["s-maxage=2, stale-if-error=1", 9, "stale-if-error=60", true, true],
    ["max-age=2, stale-if-error=60", 3, "no-cache", false, false],
    ["max-age=2, stale-if-error=60", 3, "max-age=0", true, true],
  ])("%s after %d s, asked %s: %j, with a grace by default %j", (control, seconds, asked, plain, grace) => {
    const fields: Written = asked === "" ? {} : { "Cache-Control": asked };
    expect(onError(seconds, control, fields)).toBe(plain);
    expect(onError(seconds, control, fields, GRACE)).toBe(grace);
  });

  test("not for another request", () => {
    const one = response(
      { "Cache-Control": "max-age=2, stale-if-error=60", Vary: "Foo" },
      { selection: [["foo", "1"]] },
    );
    expect(mayReuseOnError(request({ Foo: "1" }), one, NOW + 3_000, shared)).toBe(true);
    expect(mayReuseOnError(request({ Foo: "2" }), one, NOW + 3_000, shared)).toBe(false);
    expect(mayReuseOnError(request({ Foo: "1" }, "POST"), one, NOW + 3_000, shared)).toBe(false);
  });

  test("errors are 500, 502, 503 and 504", () => {
    expect([400, 404, 429, 500, 501, 502, 503, 504, 505, 599].filter(isFailure)).toEqual([500, 502, 503, 504]);
  });
});

test("nothing stale is ever given where the response forbids it", () => {
  const forbids = fc.constantFrom(
    "must-revalidate",
    "proxy-revalidate",
    "no-cache",
    "must-revalidate=x",
    "no-cache=",
    "Must-Revalidate;",
  );
  const word = fc.constantFrom(
    "max-age=1",
    "s-maxage=1",
    "stale-while-revalidate=999",
    "stale-if-error=999",
    "public",
    "x",
  );
  const asks = fc.constantFrom("max-stale", "max-stale=999", "stale-if-error=999", "x");
  fc.assert(
    fc.property(
      fc.array(word),
      forbids,
      fc.array(word),
      asks,
      fc.constantFrom(shared, GRACE),
      (before, stop, more, asked, settings) => {
        const one = response({ "Cache-Control": [...before, stop, ...more].join(", ") });
        const client = request({ "Cache-Control": asked });
        expect(decideReuse(client, one, NOW + 2_000, settings).kind).toBe("validate");
        expect(mayReuseOnError(client, one, NOW + 2_000, settings)).toBe(false);
      },
    ),
  );
});
