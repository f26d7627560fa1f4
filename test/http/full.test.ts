// cachedFetch: RFC 9111 in full, between a client and an origin that says what a test tells it to.

import { describe, expect, test } from "vitest";
import { cachedFetch } from "../../src/http/full/cached-fetch.ts";
import type { CachedFetchOptions } from "../../src/http/full/options.ts";
import { createCache } from "../support/cache.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { connect, type Origin } from "./fetch-kit.ts";
import { fresh, gate, type Answer } from "./handler-kit.ts";

const notModified = (headers: Record<string, string> = {}): Response => new Response(null, { status: 304, headers });
const sayRun: Origin = (_, run) => fresh(`run ${run}`);

describe("§4 answers from the cache", () => {
  test("while they are fresh", async () => {
    const { get, clock } = connect(sayRun);
    expect(await get()).toMatchObject({ text: "run 1", way: "fwd=uri-miss; ttl=60; stored" });
    await clock.advance(59_000);
    const hit = await get();
    expect([hit.text, hit.way, hit.headers.get("Age"), hit.headers.get("Cache-Control")]).toEqual([
      "run 1",
      "hit; ttl=1",
      "59",
      "max-age=60",
    ]);
    await clock.advance(1_000);
    expect(await get()).toMatchObject({ text: "run 2", way: "fwd=stale; ttl=60; stored" });
  });

  test("of different URIs are different, whatever their fragment", async () => {
    const { ask } = connect(sayRun);
    const long = `/${"x".repeat(5_000)}`;
    for (const path of ["/a", "/a?", "/a?x", "/b", "https://other.test/a", long, `${long}y`]) await ask(path);
    expect((await ask("/a#x")).text).toBe("run 1");
    expect((await ask(`${long}y`)).text).toBe("run 7");
  });

  test("to HEAD come from GET; HEAD itself is not stored, but brings what is stored up to date", async () => {
    const { ask, asked, clock } = connect(({ method }, run) =>
      fresh(method === "HEAD" ? null : `run ${run}`, "max-age=9", { "X-Run": String(run) }),
    );
    expect(await ask("/a", { method: "HEAD" })).toMatchObject({ way: "fwd=uri-miss; detail=method" });
    expect((await ask("/a")).text).toBe("run 2");
    expect(await ask("/a", { method: "HEAD" })).toMatchObject({ text: "", way: "hit; ttl=9" });
    await clock.advance(10_000);
    await ask("/a", { method: "HEAD" });
    const updated = await ask("/a");
    expect([updated.text, updated.headers.get("X-Run"), updated.way]).toEqual(["run 2", "3", "hit; ttl=9"]);
    expect(asked.map(({ method }) => method)).toEqual(["HEAD", "GET", "HEAD"]);
  });

  test("§4.3.5 end when HEAD tells of other ones", async () => {
    const { ask, clock } = connect(({ method }, run) =>
      fresh(method === "HEAD" ? null : `run ${run}`, "max-age=9", { ETag: `"${run}"` }),
    );
    await ask("/a");
    await clock.advance(10_000);
    await ask("/a", { method: "HEAD" });
    expect(await ask("/a")).toMatchObject({ text: "run 3", way: "fwd=uri-miss; ttl=9; stored" });
  });
});

describe("§4.1 variants", () => {
  const byFoo: Origin = (request, run) => fresh(`${request.headers.get("Foo")} ${run}`, "max-age=60", { Vary: "Foo" });

  test("are stored side by side", async () => {
    const { get } = connect(byFoo);
    expect((await get({ Foo: "1" })).text).toBe("1 1");
    expect(await get({ Foo: "2" })).toMatchObject({ text: "2 2", way: "fwd=vary-miss; ttl=60; stored" });
    expect((await get({ Foo: "1", Other: "x" })).text).toBe("1 1");
    expect((await get({ Foo: "2" })).text).toBe("2 2");
    expect((await get()).text).toBe("null 3");
  });

  test("are bounded", async () => {
    const { get } = connect(byFoo, { maxVariants: 2 });
    for (const Foo of ["1", "2", "3"]) await get({ Foo });
    expect((await get({ Foo: "2" })).text).toBe("2 2");
    expect((await get({ Foo: "1" })).text).toBe("1 4");
  });

  test("that came together are each asked for", async () => {
    const { get, asked } = connect(byFoo);
    const answers = await Promise.all(["1", "1", "2"].map((Foo) => get({ Foo })));
    expect(answers.map(({ text }) => text.split(" ")[0])).toEqual(["1", "1", "2"]);
    expect(asked).toHaveLength(2);
  });
});

describe("§4.3 validation", () => {
  test("a 304 updates what is stored, which is given", async () => {
    const { get, asked, clock } = connect((_, run) =>
      run === 1
        ? fresh("body", "max-age=2", { ETag: '"a"', "X-A": "1", "X-B": "1" })
        : notModified({ ETag: '"a"', "X-A": "2", "Cache-Control": "max-age=30", "Content-Length": "99" }),
    );
    await get();
    await clock.advance(3_000);
    const validated = await get();
    expect([validated.status, validated.text, validated.way]).toEqual([
      200,
      "body",
      "fwd=stale; fwd-status=304; ttl=30; stored",
    ]);
    expect(asked[1]?.headers.get("If-None-Match")).toBe('"a"');
    const again = await get();
    expect([again.way, again.headers.get("X-A"), again.headers.get("X-B")]).toEqual(["hit; ttl=30", "2", "1"]);
    expect([validated.headers.has("Age"), again.headers.get("Age")]).toEqual([false, "0"]);
  });

  test("no-cache is validated each time, and so is what the client asks for", async () => {
    const { get, asked } = connect((request, run) =>
      request.headers.has("If-None-Match") ? notModified() : fresh(`run ${run}`, "no-cache", { ETag: '"a"' }),
    );
    await get();
    expect(await get()).toMatchObject({ text: "run 1", way: "fwd=stale; fwd-status=304; ttl=0; stored" });
    const fresher = connect((request, run) =>
      request.headers.has("If-None-Match") ? notModified() : fresh(`run ${run}`, "max-age=60", { ETag: '"a"' }),
    );
    await fresher.get();
    expect(await fresher.get({ "Cache-Control": "no-cache" })).toMatchObject({
      text: "run 1",
      way: "fwd=request; fwd-status=304; ttl=60; stored",
    });
    expect([asked.length, fresher.asked.length]).toEqual([2, 2]);
  });

  test("a 304 about something else brings another request", async () => {
    const { get, asked, clock } = connect((_, run) =>
      run === 2 ? notModified({ ETag: '"z"' }) : fresh(`run ${run}`, "max-age=2", { ETag: '"a"' }),
    );
    await get();
    await clock.advance(3_000);
    expect((await get()).text).toBe("run 3");
    expect(asked[2]?.headers.has("If-None-Match")).toBe(false);
  });

  test("a 304 that forbids it ends the storing", async () => {
    const { get, asked, clock } = connect((_, run) =>
      run === 2
        ? notModified({ ETag: '"a"', "Cache-Control": "private" })
        : fresh(`run ${run}`, "max-age=2", { ETag: '"a"' }),
    );
    await get();
    await clock.advance(3_000);
    expect(await get()).toMatchObject({
      text: "run 1",
      way: expect.stringContaining("fwd=stale; fwd-status=304; ttl=") as string,
    });
    expect((await get()).text).toBe("run 3");
    expect(asked[2]?.headers.has("If-None-Match")).toBe(false);
  });

  test("the client's own condition is judged by what comes of it", async () => {
    const { get, clock } = connect((_, run) =>
      run === 1 ? fresh("body", "max-age=2", { ETag: '"a"' }) : notModified({ ETag: '"a"' }),
    );
    await get();
    expect(await get({ "If-None-Match": '"a"' })).toMatchObject({ status: 304, way: "hit; ttl=2" });
    await clock.advance(3_000);
    expect(await get({ "If-None-Match": '"a"' })).toMatchObject({ status: 304 });
    expect(await get({ "If-None-Match": '"b"' })).toMatchObject({ status: 200, text: "body" });
  });

  test("without anything stored it goes to the origin as it is, and If-Match always does", async () => {
    const { get, asked } = connect(() => notModified());
    expect(await get({ "If-None-Match": '"a"' })).toMatchObject({ status: 304, way: "fwd=uri-miss; detail=status" });
    expect(asked[0]?.headers.get("If-None-Match")).toBe('"a"');
    const other = connect(sayRun);
    await other.get();
    expect((await other.get({ "If-Match": '"a"' })).text).toBe("run 2");
  });
});

describe("§4.2.4 and RFC 5861 stale answers", () => {
  test("are given while the origin is asked behind", async () => {
    const { get, clock, asked } = connect((_, run) => fresh(`run ${run}`, "max-age=2, stale-while-revalidate=10"));
    await get();
    await clock.advance(5_000);
    expect(await get()).toMatchObject({ text: "run 1", way: "hit; ttl=-3" });
    await expect.poll(() => asked.length).toBe(2);
    await expect.poll(async () => (await get()).text).toBe("run 2");
  });

  test.each<[string, Origin]>([
    ["that cannot be reached", () => Promise.reject(new Error("away"))],
    ["that answers 503", () => new Response("away", { status: 503 })],
  ])("are given instead of an origin %s, where that is allowed", async (_, fail) => {
    for (const [control, expected] of [
      ["max-age=2, stale-if-error=60", "old"],
      ["max-age=2, stale-if-error=60, must-revalidate", "away"],
      ["max-age=2", "away"],
    ] as const) {
      const { get, clock } = connect((request, run) => (run === 1 ? fresh("old", control) : fail(request, run)));
      await get();
      await clock.advance(3_000);
      await expect(
        get().then(
          ({ text }) => text,
          (error: Error) => error.message,
        ),
      ).resolves.toBe(expected);
      // What is stored is not lost by a failure.
      expect((await get({ "Cache-Control": "max-stale" }).catch(() => ({ text: "away" }))).text).toBe(
        control.includes("must") ? "away" : "old",
      );
    }
  });

  test("§5.2.1.7 only-if-cached gets a 504 where nothing is", async () => {
    const { get, asked } = connect(sayRun);
    expect(await get({ "Cache-Control": "only-if-cached" })).toMatchObject({
      status: 504,
      way: "detail=only-if-cached",
    });
    await get();
    expect(await get({ "Cache-Control": "only-if-cached" })).toMatchObject({ status: 200 });
    expect(asked).toHaveLength(1);
  });
});

describe("§3 what is stored, and what is not", () => {
  test.each([
    ["no-store", "no-store"],
    ["private, max-age=60", "private"],
  ])("%s is not, and leaves what is there", async (control, because) => {
    const { get, clock } = connect((_, run) => fresh(`run ${run}`, run === 2 ? control : "max-age=60"));
    await get();
    expect(await get({ "Cache-Control": "no-cache" })).toMatchObject({
      text: "run 2",
      way: `fwd=request; detail=${because}`,
    });
    await clock.advance(59_000);
    expect((await get()).text).toBe("run 1");
  });

  test("requests that come together share what is stored, and nothing else", async () => {
    const hold = gate();
    const slow: Origin = async (_, run) => {
      await hold.opened;
      return fresh(`run ${run}`);
    };
    const { get, asked, clock } = connect(slow);
    const all = Array.from({ length: 100 }, () => get());
    await drainMicrotasks();
    await clock.advance(1);
    hold.open();
    expect(new Set((await Promise.all(all)).map(({ text }) => text))).toEqual(new Set(["run 1"]));
    expect(asked).toHaveLength(1);
    const never = connect((_, run) => fresh(`run ${run}`, "no-store"));
    const answers = await Promise.all([1, 2, 3].map(() => never.get()));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(3);
  });

  test("§3.5 an authorized response is not given to others, unless it says so", async () => {
    const { ask } = connect((request) =>
      fresh(request.headers.get("Authorization") ?? "nobody", new URL(request.url).search.slice(1)),
    );
    const as = (query: string, Authorization?: string): Promise<Answer> =>
      ask(`/a?${query}`, Authorization === undefined ? {} : { headers: { Authorization } });
    for (const [query, text] of [
      ["max-age=60", "bob"],
      ["max-age=60,public", "ann"],
      ["s-maxage=60", "ann"],
      ["max-age=60,must-revalidate", "ann"],
    ] as const) {
      await as(query, "ann");
      expect([query, (await as(query, "bob")).text]).toEqual([query, text]);
    }
    const together = await Promise.all(["ann", "bob", undefined].map((name) => as("max-age=61", name)));
    expect(together.map(({ text }) => text)).toEqual(["ann", "bob", "nobody"]);
  });

  test("a private cache has what is its user's", async () => {
    const { get } = connect((_, run) => fresh(`run ${run}`, "private, max-age=60", { "Set-Cookie": "a=b" }), {
      policy: { shared: false },
    });
    await get();
    expect(await get()).toMatchObject({ text: "run 1", way: "hit; ttl=60" });
  });

  test("fields of the connection go no further, either way", async () => {
    const { get, asked } = connect(() => fresh("x", "max-age=60", { Connection: "X-Hop", "X-Hop": "1", "X-End": "2" }));
    for (const run of [1, 2]) {
      const { headers } = await get({ "Keep-Alive": "5", "X-Mine": "1" });
      expect([run, headers.has("X-Hop"), headers.get("X-End")]).toEqual([run, false, "2"]);
    }
    expect([asked[0]?.headers.has("Keep-Alive"), asked[0]?.headers.get("X-Mine")]).toEqual([false, "1"]);
  });

  test("a body of another length than it says is passed on, and not stored", async () => {
    const { get } = connect((_, run) => fresh(`run ${run}`, "max-age=60", { "Content-Length": "99" }));
    expect(await get()).toMatchObject({ text: "run 1", way: "fwd=uri-miss; detail=length" });
    expect((await get()).text).toBe("run 2");
  });

  test("a longer body is passed through", async () => {
    const { get, asked } = connect(() => fresh("x".repeat(101)), { maxBodyBytes: 100 });
    for (const run of [1, 2]) expect([run, (await get()).text.length]).toEqual([run, 101]);
    expect(asked).toHaveLength(2);
  });
});

describe("RFC 9110 §14.2 ranges", () => {
  test("are cut out of the whole", async () => {
    const { get, asked } = connect(() => fresh("0123456789"));
    await get();
    const part = await get({ Range: "bytes=2-4" });
    expect([part.status, part.text, part.headers.get("Content-Range"), part.way]).toEqual([
      206,
      "234",
      "bytes 2-4/10",
      "hit; ttl=60",
    ]);
    expect((await get({ Range: "bytes=10-" })).status).toBe(416);
    expect(asked).toHaveLength(1);
  });
});

test("what forwards a request is told whose it is, also when it validates behind", async () => {
  const { cache, clock } = createCache();
  const told: (string | null)[] = [];
  const fetch = cachedFetch(
    async (request, client) => {
      told.push(`${request.method} for ${client.headers.get("Name")}`);
      return fresh("x", "max-age=1, stale-while-revalidate=60");
    },
    { cache, clock },
  );
  const ask = (Name: string, method: string): Promise<Response> =>
    fetch(new Request("https://example.test/a", { method, headers: { Name } }));
  await ask("ann", "GET");
  await clock.advance(2_000);
  await ask("bob", "GET");
  await drainMicrotasks();
  await ask("cyd", "DELETE");
  expect(told).toEqual(["GET for ann", "GET for bob", "DELETE for cyd"]);
});

describe("§4.4 invalidation", () => {
  test.each(["POST", "PUT", "DELETE", "M-SEARCH"])("%s ends what its URI has, unless it fails", async (method) => {
    const { ask } = connect((request, run) =>
      request.method === "GET" ? fresh(`run ${run}`) : new Response("", { status: run === 2 ? 500 : 200 }),
    );
    await ask("/a");
    await ask("/a", { method });
    expect((await ask("/a")).text).toBe("run 1");
    expect(await ask("/a", { method })).toMatchObject({ way: "fwd=method" });
    expect((await ask("/a")).text).toBe("run 4");
  });

  test("and what Location and Content-Location name", async () => {
    const { ask } = connect((request, run) =>
      request.method === "GET"
        ? fresh(`run ${run}`)
        : new Response("", { headers: { Location: "/b", "Content-Location": "https://other.test/a" } }),
    );
    for (const path of ["/b", "https://other.test/a"]) await ask(path);
    await ask("/a", { method: "POST" });
    expect([(await ask("/b")).text, (await ask("https://other.test/a")).text]).toEqual(["run 4", "run 2"]);
  });

  test("RFC 9110 §9.3.3 a response to POST may answer GET", async () => {
    const { ask, asked } = connect(() => fresh("made", "max-age=60", { "Content-Location": "/a" }));
    expect((await ask("/a", { method: "POST", body: "x" })).way).toBe("fwd=method; ttl=60; stored");
    expect(await ask("/a")).toMatchObject({ text: "made", way: "hit; ttl=60" });
    expect(asked).toHaveLength(1);
  });

  test("P3 an exchange that began before it does not undo it", async () => {
    const hold = gate();
    const { ask } = connect(async (request, run) => {
      if (run === 1) await hold.opened;
      return request.method === "GET" ? fresh(`run ${run}`) : new Response("");
    });
    const early = ask("/a");
    await drainMicrotasks();
    await ask("/a", { method: "POST" });
    hold.open();
    expect((await early).text).toBe("run 1");
    expect((await ask("/a")).text).toBe("run 3");
  });
});

test.each([
  [{ cache: undefined }, "options.cache must be a cache, got undefined"],
  [{ policy: { shared: 1 } }, "policy.shared must be true or false, got 1"],
  [{ maxVariants: 0 }, "options.maxVariants must be a whole number of at least 1, got 0"],
  [{ keepStale: "x" }, "options.keepStale must be a duration"],
  [{ vary: [] }, "options must hold known options only"],
])("%j is refused", (options, message) => {
  const { cache } = createCache();
  expect(() => cachedFetch(fetch, { cache, ...options } as CachedFetchOptions)).toThrow(message);
});
