// cachedFetch with stored parts: RFC 9111 §3.3 and §3.4, RFC 9110 §14 and §15.3.7.

import { describe, expect, test } from "vitest";
import { connect, type Origin } from "./fetch-kit.ts";
import { fresh, type Answer } from "./handler-kit.ts";

const WHOLE = "0123456789";
const TAGGED = { ETag: '"a"' };

/** Bytes of the whole as a 206, which says what it holds. */
function part(first: number, last: number, fields: Record<string, string> = TAGGED): Response {
  const headers = { "Cache-Control": "max-age=60", "Content-Range": `bytes ${first}-${last}/10`, ...fields };
  return new Response(WHOLE.slice(first, last + 1), { status: 206, statusText: "Partial Content", headers });
}

/** Serves ranges of the whole as they are asked for, and the whole to whoever asks for no range. */
const ranges: Origin = ({ headers }) => {
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get("Range") ?? "");
  return range === null ? fresh(WHOLE, "max-age=60", TAGGED) : part(Number(range[1]), Number(range[2] || "9"));
};

describe("§3.3 stored parts", () => {
  test("answer what they hold", async () => {
    const { get, asked } = connect((request, run) =>
      run === 1 ? part(5, 9, {}) : fresh(request.headers.get("Range") ?? "whole"),
    );
    expect(await get({ Range: "bytes=-5" })).toMatchObject({ status: 206, text: "56789" });
    expect(await get({ Range: "bytes=6-8" })).toMatchObject({ status: 206, text: "678" });
    expect((await get({ Range: "bytes=-1" })).headers.get("Content-Range")).toBe("bytes 9-9/10");
    expect(asked).toHaveLength(1);
    // Another part is asked for, as it is; the whole that comes instead is stored, and cut.
    expect(await get({ Range: "bytes=0-1" })).toMatchObject({
      status: 206,
      text: "by",
      way: expect.stringContaining("fwd=partial"),
    });
    expect(asked[1]?.headers.get("Range")).toBe("bytes=0-1");
    expect((await get()).text).toBe("bytes=0-1");
  });

  test.each(["bytes 4-9/10", "bytes 5-8/10"])(
    "of another length than %s are passed on, and not stored",
    async (range) => {
      const { get, asked } = connect(() => part(5, 9, { ...TAGGED, "Content-Range": range }));
      for (const run of [1, 2]) {
        expect(await get({ Range: "bytes=5-8" })).toMatchObject({ status: 206, text: "56789" });
        expect(asked).toHaveLength(run);
      }
    },
  );
});

describe("§3.4 parts that touch become one", () => {
  test.each([[["bytes=0-4", "bytes=5-9"]], [["bytes=5-9", "bytes=0-4"]], [["bytes=0-2", "bytes=2-5", "bytes=6-"]]])(
    "%j is the whole",
    async (wanted) => {
      const { get, asked } = connect(ranges);
      for (const Range of wanted) expect((await get({ Range })).status).toBe(206);
      const whole = await get();
      expect([whole.status, whole.text, whole.way]).toEqual([200, WHOLE, "hit; ttl=60"]);
      expect([whole.headers.get("Content-Range"), whole.headers.get("Content-Length")]).toEqual([null, "10"]);
      expect(await get({ Range: "bytes=1-8" })).toMatchObject({ status: 206, text: "12345678" });
      expect(asked).toHaveLength(wanted.length);
    },
  );

  test("and each request gets the part that it asked for", async () => {
    const { get } = connect(ranges);
    await get({ Range: "bytes=0-2" });
    const second = await get({ Range: "bytes=3-5" });
    expect([second.text, second.headers.get("Content-Range")]).toEqual(["345", "bytes 3-5/10"]);
    const both = await get({ Range: "bytes=1-4" });
    expect([both.text, both.headers.get("Content-Range"), both.way]).toEqual(["1234", "bytes 1-4/10", "hit; ttl=60"]);
  });

  test.each<[string, Record<string, string>]>([
    ["another tag", { ETag: '"b"' }],
    ["a weak tag", { ETag: 'W/"a"' }],
    ["no tag", {}],
  ])("but not with %s", async (_, fields) => {
    const { get, asked } = connect((_request, run) => (run === 1 ? part(0, 4) : part(5, 9, fields)));
    await get({ Range: "bytes=0-4" });
    await get({ Range: "bytes=5-9" });
    await get({ Range: "bytes=4-5" });
    expect(asked).toHaveLength(3);
  });
});

describe("§3.4 who asks for the whole makes a part complete", () => {
  test.each([
    ["the end", "bytes=0-4", "bytes=5-"],
    ["the beginning", "bytes=5-9", "bytes=0-4"],
  ])("with %s", async (_, first, rest) => {
    const { get, asked } = connect(ranges);
    await get({ Range: first });
    const whole = await get({ "If-None-Match": '"other"' });
    expect([whole.status, whole.text]).toEqual([200, WHOLE]);
    expect(whole.way).toBe("fwd=partial; fwd-status=206; ttl=60; stored");
    const sent = asked[1]?.headers;
    expect([sent?.get("Range"), sent?.get("If-Range"), sent?.get("If-None-Match")]).toEqual([rest, '"a"', null]);
    expect((await get()).text).toBe(WHOLE);
    expect(asked).toHaveLength(2);
  });

  test("also of a stale one, with the fields of the rest", async () => {
    const { get, clock } = connect(({ headers }) => {
      const isRest = headers.has("If-Range");
      return part(isRest ? 5 : 0, isRest ? 9 : 4, { ...TAGGED, "X-A": isRest ? "2" : "1" });
    });
    await get({ Range: "bytes=0-4" });
    await clock.advance(61_000);
    const whole = await get();
    expect([whole.text, whole.headers.get("X-A"), whole.headers.get("Age")]).toEqual([WHOLE, "2", null]);
  });

  test.each<[string, () => Response, Partial<Answer>, number]>([
    ["the whole, because it is another", () => fresh("another"), { status: 200, text: "another" }, 2],
    ["nothing, because there is no rest", () => new Response("", { status: 416 }), { status: 200, text: "plain" }, 3],
    ["bytes of something else", () => part(5, 9, { ETag: '"b"' }), { status: 200, text: "plain" }, 3],
    ["less than it was asked for", () => part(5, 7), { status: 200, text: "plain" }, 3],
    ["other bytes than it was asked for", () => part(6, 9), { status: 200, text: "plain" }, 3],
    [
      "what may not be stored",
      () => part(5, 9, { ...TAGGED, "Cache-Control": "no-store" }),
      { status: 200, text: "plain" },
      3,
    ],
    ["a failure", () => new Response("broken", { status: 503 }), { status: 503, text: "broken" }, 2],
    ["that it is gone", () => new Response("gone", { status: 410 }), { status: 410, text: "gone" }, 2],
  ])(
    "and where the origin answers with %s, that is answered, or the whole is asked for",
    async (_, rest, answer, times) => {
      const { get, asked } = connect((_request, run) => [part(0, 4), rest(), fresh("plain")][run - 1] as Response);
      await get({ Range: "bytes=0-4" });
      expect(await get()).toMatchObject(answer);
      expect(asked).toHaveLength(times);
      expect(asked.slice(2).map(({ headers }) => headers.get("Range"))).toEqual(times === 3 ? [null] : []);
    },
  );

  test("but not for a request whose answer is not to be stored", async () => {
    const { get, asked } = connect(ranges);
    await get({ Range: "bytes=0-4" });
    expect(await get({ "Cache-Control": "no-store" })).toMatchObject({ status: 200, text: WHOLE });
    expect(asked[1]?.headers.get("Range")).toBeNull();
  });

  test.each<[string, Record<string, string>, number?]>([
    ["has a weak tag", { ETag: 'W/"a"' }],
    ["has no tag", {}],
    ["does not know the length", { ...TAGGED, "Content-Range": "bytes 0-4/*" }],
    ["is of something too long to be kept", TAGGED, 9],
  ])("but a part that %s is no help", async (_, fields, maxBodyBytes = 100) => {
    const { get, asked } = connect((_request, run) => (run === 1 ? part(0, 4, fields) : fresh("whole")), {
      maxBodyBytes,
    });
    await get({ Range: "bytes=0-4" });
    expect((await get()).text).toBe("whole");
    expect(asked[1]?.headers.get("Range")).toBeNull();
  });
});
