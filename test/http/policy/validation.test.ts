// RFC 9111 §4.3 and §3.2: asking the origin, and what its answer changes.

import { describe, expect, test } from "vitest";
import { fieldsOf } from "../../../src/http/policy/message.ts";
import type { StoredResponse } from "../../../src/http/policy/reuse.ts";
import { refusalToStore } from "../../../src/http/policy/storing.ts";
import { effectOfHead, updated } from "../../../src/http/policy/update.ts";
import { currentAgeMs } from "../../../src/http/policy/age.ts";
import { selectedBy, validationRequest } from "../../../src/http/policy/validation.ts";
import { date, NOW, privately, request, response, shared, type Written } from "./kit.ts";

describe("§4.3.1 the request that validates", () => {
  test.each<[string, Written[], Written]>([
    ["a strong tag", [{ ETag: '"a"' }], { "If-None-Match": '"a"' }],
    ["a weak tag", [{ ETag: 'W/"a"' }], { "If-None-Match": 'W/"a"' }],
    [
      "a date, as it was sent",
      [{ "Last-Modified": "Thursday, 01-Jan-20 00:00:00 GMT" }],
      { "If-Modified-Since": "Thursday, 01-Jan-20 00:00:00 GMT" },
    ],
    ["both", [{ ETag: '"a"', "Last-Modified": date(-9) }], { "If-None-Match": '"a"', "If-Modified-Since": date(-9) }],
    [
      "all tags of several",
      [{ ETag: '"a"', "Last-Modified": date(-9) }, { ETag: '"b"' }, { ETag: '"a"' }, {}],
      { "If-None-Match": '"a", "b"' },
    ],
    ["nothing to go by", [{}], {}],
    ["a tag that is none", [{ ETag: "a" }], {}],
    ["a date that is none", [{ "Last-Modified": "0" }], {}],
  ])("%s: %j gives %j", (_, stored, expected) => {
    const asked = validationRequest(
      request(),
      stored.map((fields) => response(fields)),
    );
    expect([...asked.fields]).toEqual([...fieldsOf(expected)]);
  });

  test("leaves out conditions and range of the client, and keeps what Vary may name", () => {
    const own = {
      Abc: "123",
      Range: "bytes=0-1",
      "If-Range": '"a"',
      "If-None-Match": '"z"',
      "If-Modified-Since": date(),
    };
    const asked = validationRequest(request(own, "GET", "https://example.test/b?c"), [response({ ETag: '"a"' })]);
    expect(asked).toMatchObject({ method: "GET", url: "https://example.test/b?c" });
    expect([...asked.fields]).toEqual([
      ["Abc", "123"],
      ["If-None-Match", '"a"'],
    ]);
  });
});

describe("§4.3.4 which stored responses a 304 is about", () => {
  const stored = [
    response({ ETag: '"a"', "Last-Modified": date(-9) }, { receivedAt: NOW - 3 }),
    response({ ETag: '"b"', "Last-Modified": date(-9) }, { receivedAt: NOW - 1 }),
    response({ ETag: '"a"' }, { receivedAt: NOW - 2 }),
    response({ ETag: 'W/"a"' }, { receivedAt: NOW - 4 }),
  ];
  const indexes = (fields: Written, among = stored): number[] =>
    selectedBy(response(fields, { status: 304 }), among).map((one) => among.indexOf(one));

  test.each<[string, Written, number[]]>([
    ["a strong tag: all that have it", { ETag: '"a"' }, [0, 2]],
    ["an unknown strong tag: none", { ETag: '"z"' }, []],
    ["an unknown strong tag beside a known date: none", { ETag: '"z"', "Last-Modified": date(-9) }, []],
    ["a weak tag: the latest that has it", { ETag: 'W/"a"' }, [2]],
    ["an unknown weak tag: none", { ETag: 'W/"z"' }, []],
    ["a date: the latest that has it", { "Last-Modified": date(-9) }, [1]],
    ["another date: none", { "Last-Modified": date(-8) }, []],
    ["nothing, of several: none", {}, []],
    ["a tag that is none counts as nothing", { ETag: "a" }, []],
  ])("%s", (_, fields, expected) => {
    expect(indexes(fields)).toEqual(expected);
  });

  test("nothing, of one: that one", () => {
    expect(indexes({}, [response()])).toEqual([0]);
    expect(indexes({}, [response({ ETag: '"a"' })])).toEqual([0]);
  });
});

describe("§3.2 updating stored fields", () => {
  const before: Written = [
    ["Date", date(-100)],
    ["Age", "30"],
    ["Cache-Control", "max-age=2"],
    ["ETag", '"a"'],
    ["Test-Header", "A"],
    ["X-Twice", "1"],
    ["X-Twice", "2"],
    ["Content-Type", "text/plain"],
    ["Content-Length", "5"],
    ["Content-Encoding", "gzip"],
    ["Content-Range", "bytes 0-4/5"],
  ];
  const stored: StoredResponse = response(before, { requestedAt: NOW - 100_000, receivedAt: NOW - 100_000 });
  const after = (fields: Written, settings = shared): Record<string, string> =>
    Object.fromEntries(updated(stored, response(fields, { status: 304 }), settings).fields);

  test.each([
    "Test-Header",
    "X-Test-Header",
    "Content-Foo",
    "Cache-Control",
    "Expires",
    "Content-Type",
    "Content-Location",
    "Last-Modified",
  ])("a 304 replaces %s", (name) => {
    expect(after({ [name]: "B" })[name]).toBe("B");
  });

  test.each(["Content-Length", "Content-Encoding", "Content-Range"])(
    "a 304 leaves %s, which is of the bytes",
    (name) => {
      expect(after({ [name]: "10" })[name]).toBe(new Map(before as [string, string][]).get(name));
    },
  );

  test.each(["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Proxy-Authenticate", "X-Hop"])(
    "a 304 does not bring %s",
    (name) => {
      expect(after({ [name]: "X-Hop", Connection: "X-Hop" })).not.toHaveProperty(name);
    },
  );

  test("keeps what the 304 does not have, and replaces all lines of what it has", () => {
    expect(after({})).toMatchObject({ "Test-Header": "A", "Cache-Control": "max-age=2", ETag: '"a"' });
    const lines = [...updated(stored, response({ "x-twice": "3" }, { status: 304 }), shared).fields];
    expect(lines.filter(([name]) => name.toLowerCase() === "x-twice")).toEqual([["x-twice", "3"]]);
    expect(updated(stored, response(), shared).status).toBe(200);
  });

  test("its age is that of the 304, not that of what came before", () => {
    const validated = updated(stored, response({ Date: date() }, { status: 304 }), shared);
    expect(currentAgeMs(validated, NOW + 1_000)).toBe(1_000);
    const throughCache = updated(stored, response({ Date: date(), Age: "7" }, { status: 304 }), shared);
    expect(currentAgeMs(throughCache, NOW)).toBe(7_000);
    const undated = updated(stored, response({}, { status: 304 }), shared);
    expect(currentAgeMs(undated, NOW)).toBe(0);
    expect(undated.fields.all("date")).toEqual([date()]);
  });

  test("a 304 that forbids it ends the storing, and brings no private field", () => {
    const asked = request();
    for (const fields of [{ "Cache-Control": "private" }, { "Cache-Control": "no-store" }, { "Set-Cookie": "a=b" }]) {
      const validated = updated(stored, response(fields as Written, { status: 304 }), shared);
      expect(refusalToStore(asked, validated, shared)).toBeDefined();
    }
    const named = { "Cache-Control": 'max-age=9, private="x-user"', "X-User": "me" };
    expect(after(named)).not.toHaveProperty("X-User");
    expect(after(named, privately)).toHaveProperty("X-User", "me");
  });
});

describe("§4.3.5 what HEAD says of a stored response", () => {
  const stored = response({ ETag: '"a"', "Last-Modified": date(-9), "Content-Length": "5", "Template-A": "1" });

  test.each<[Written, string]>([
    [{}, "update"],
    [{ "Template-A": "2", "Cache-Control": "max-age=1000" }, "update"],
    [{ ETag: '"a"', "Last-Modified": date(-9), "Content-Length": "5" }, "update"],
    [{ ETag: '"b"' }, "invalidate"],
    [{ ETag: 'W/"a"' }, "invalidate"],
    [{ ETag: "a" }, "invalidate"],
    [{ "Last-Modified": date(-8) }, "invalidate"],
    [{ ETag: '"a"', "Content-Length": "6" }, "invalidate"],
  ])("%j: %s", (fields, expected) => {
    expect(effectOfHead(stored, response(fields))).toBe(expected);
  });

  test("nothing, where one of both is no 200", () => {
    expect(effectOfHead(stored, response({ ETag: '"b"' }, { status: 410 }))).toBe("none");
    expect(effectOfHead({ ...stored, status: 404 }, response({ ETag: '"b"' }))).toBe("none");
  });

  test("a validator that the stored response does not have is not its own", () => {
    expect(effectOfHead(response(), response({ ETag: '"a"' }))).toBe("invalidate");
    expect(effectOfHead(response(), response({ "Content-Length": "5" }))).toBe("update");
  });
});
