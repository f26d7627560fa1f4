// cachedHandler: what comes from the cache, what goes to the handler, and what both say about it.

import { describe, expect, test } from "vitest";
import { cachedHandler } from "../../src/http/cached-handler.ts";
import type { Refresh } from "../../src/index.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { fresh, gate, read, serveCached } from "./handler-kit.ts";

describe("a route that says how long it is fresh", () => {
  test("is run once, and answered from the cache until then", async () => {
    const { ask, asked, clock } = serveCached();
    const first = await ask("/a");
    expect([first.status, first.text, first.way]).toEqual([200, "run 1", "fwd=uri-miss; ttl=60; stored"]);
    expect(first.headers.has("Age")).toBe(false);
    await clock.advance(59_000);
    const second = await ask("/a");
    expect([second.text, second.way]).toEqual(["run 1", "hit; ttl=1"]);
    expect(second.headers.get("Age")).toBe("59");
    expect(second.headers.get("Date")).toBe(first.headers.get("Date"));
    expect(first.headers.get("Date")).toBe("Thu, 01 Jan 1970 00:16:40 GMT");
    await clock.advance(1_000);
    expect((await ask("/a")).text).toBe("run 2");
    expect(asked).toHaveLength(2);
  });

  test("keeps status and headers", async () => {
    const { ask } = serveCached(
      () =>
        new Response("gone", {
          status: 410,
          statusText: "Away",
          headers: { "Cache-Control": "max-age=9", "X-A": "1" },
        }),
    );
    for (const run of ["miss", "hit"]) {
      const answer = await ask("/a");
      expect([run, answer.status, answer.text, answer.headers.get("X-A")]).toEqual([run, 410, "gone", "1"]);
    }
  });

  test("keeps bytes as they are", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { serve } = serveCached(() => fresh(bytes));
    for (const run of [1, 2]) {
      const response = await serve(new Request("http://localhost/a"));
      expect([run, ...new Uint8Array(await response.arrayBuffer())]).toEqual([run, ...bytes]);
      expect(response.headers.get("Content-Length")).toBe("256");
    }
  });

  test("answers without a body without one", async () => {
    const { ask, asked } = serveCached(
      () => new Response(null, { status: 204, headers: { "Cache-Control": "max-age=9" } }),
    );
    for (const run of [1, 2]) expect([run, (await ask("/a")).status]).toEqual([run, 204]);
    expect(asked).toHaveLength(1);
    expect((await ask("/a")).headers.has("Content-Length")).toBe(false);
  });

  test("that came with an age lives that much shorter", async () => {
    const { ask, clock } = serveCached((_, run) => fresh(`run ${run}`, "max-age=60", { Age: "50" }));
    await ask("/a");
    await clock.advance(9_999);
    expect((await ask("/a")).headers.get("Age")).toBe("59");
    await clock.advance(1);
    expect((await ask("/a")).text).toBe("run 2");
  });
});

test("the time that the handler takes is no age, but that of a response that comes from a cache is", async () => {
  const slow = serveCached(async (request, run) => {
    await slow.clock.advance(2_000);
    return fresh(`run ${run}`, "max-age=3", request.url.endsWith("/age") ? { Age: "0" } : {});
  });
  expect((await slow.ask("/a")).way).toBe("fwd=uri-miss; ttl=3; stored");
  expect((await slow.ask("/age")).way).toBe("fwd=uri-miss; ttl=1; stored");
});

describe("lifetimes of the options", () => {
  test("hold for responses without one, and not for errors", async () => {
    const { ask, asked, clock } = serveCached(
      (request) => new Response("x", { status: request.url.endsWith("/e") ? 404 : 200 }),
      { ttl: "10s" },
    );
    await ask("/a");
    await clock.advance(9_000);
    expect((await ask("/a")).way).toBe("hit; ttl=1");
    expect((await ask("/e")).way).toBe("fwd=uri-miss; detail=no-lifetime");
    expect((await ask("/e")).way).toBe("fwd=bypass; detail=no-lifetime");
    expect(asked).toHaveLength(3);
  });

  test("what the response says itself counts, s-maxage before max-age, and CDN-Cache-Control before both", async () => {
    const { ask, clock } = serveCached(
      (request, run) => {
        const control = new URL(request.url).pathname === "/s" ? {} : { "CDN-Cache-Control": "max-age=30" };
        return fresh(`run ${run}`, "s-maxage=20, max-age=5", control);
      },
      { ttl: "1h" },
    );
    expect((await ask("/s")).way).toBe("fwd=uri-miss; ttl=20; stored");
    const targeted = await ask("/t");
    expect(targeted.way).toBe("fwd=uri-miss; ttl=30; stored");
    expect(targeted.headers.has("CDN-Cache-Control")).toBe(false);
    await clock.advance(25_000);
    expect((await ask("/s")).text).toBe("run 3");
    expect((await ask("/t")).text).toBe("run 2");
  });
});

describe("RFC 5861", () => {
  test("a stale response is given at once, and the handler run behind", async () => {
    const behind = gate();
    const { ask, asked, clock } = serveCached(async (_, run) => {
      if (run === 2) await behind.opened;
      return fresh(`run ${run}`, "max-age=10, stale-while-revalidate=20");
    });
    await ask("/a");
    await clock.advance(15_000);
    const stale = await ask("/a");
    expect([stale.text, stale.way]).toEqual(["run 1", "hit; ttl=-5"]);
    await drainMicrotasks();
    expect(asked).toHaveLength(2);
    behind.open();
    await expect.poll(async () => (await ask("/a")).text).toBe("run 2");
  });

  test("after the window the handler is waited for", async () => {
    const { ask, clock } = serveCached((_, run) => fresh(`run ${run}`, "max-age=10, stale-while-revalidate=20"));
    await ask("/a");
    await clock.advance(30_000);
    expect((await ask("/a")).text).toBe("run 2");
  });

  test.each([
    ["max-age=10, must-revalidate"],
    ["max-age=10, proxy-revalidate"],
    ["s-maxage=10"],
    ["max-age=10, stale-while-revalidate=0, stale-if-error=0"],
  ])("a grace by default does not apply to %s", async (control) => {
    const options = { staleWhileRevalidate: "1h", staleIfError: "1h" } as const;
    const { ask, clock } = serveCached(
      (_, run) => (run === 1 ? fresh("old", control) : new Response("down", { status: 503 })),
      options,
    );
    await ask("/a");
    await clock.advance(11_000);
    expect(await ask("/a")).toMatchObject({ status: 503, text: "down", way: "fwd=uri-miss; detail=failure" });
  });

  test.each([
    ["an error of the handler", () => Promise.reject(new Error("down"))],
    ["a 500", () => new Response("down", { status: 500 })],
    [
      "a 503 with a lifetime of its own",
      () => new Response("down", { status: 503, headers: { "Cache-Control": "max-age=9" } }),
    ],
  ])("instead of %s the old response is given", async (_, fail) => {
    const { ask, clock } = serveCached((_request, run) =>
      run === 1 ? fresh("old", "max-age=10, stale-if-error=60") : fail(),
    );
    await ask("/a");
    await clock.advance(15_000);
    expect(await ask("/a")).toMatchObject({ status: 200, text: "old" });
    await clock.advance(55_000);
    await expect(
      ask("/a").then(
        ({ text }) => text,
        (error: Error) => error.message,
      ),
    ).resolves.toBe("down");
  });

  test("Cache-Status says what the old response stands for", async () => {
    const { ask, clock } = serveCached((_, run) =>
      run === 1 ? fresh("old", "max-age=10, stale-if-error=60") : new Response("down", { status: 503 }),
    );
    await ask("/a");
    await clock.advance(15_000);
    expect((await ask("/a")).way).toBe("fwd=stale; fwd-status=503; ttl=-5; detail=stale-if-error");
  });

  test("other answers than failures take the place of the old one", async () => {
    const { ask, clock } = serveCached((_, run) =>
      run === 1 ? fresh("old", "max-age=10, stale-if-error=60") : new Response("none", { status: 404 }),
    );
    await ask("/a");
    await clock.advance(15_000);
    expect(await ask("/a")).toMatchObject({ status: 404, way: "fwd=stale; detail=no-lifetime" });
  });
});

describe("conditions, HEAD and ranges", () => {
  test("a strong ETag of the bytes, equal after the next run, brings a 304", async () => {
    const { ask, clock } = serveCached(() => fresh("same"));
    const etag = (await ask("/a")).headers.get("ETag") ?? "";
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    const known = await ask("/a", { headers: { "If-None-Match": etag } });
    expect(known).toMatchObject({ status: 304, text: "", way: "hit; ttl=60" });
    expect(known.headers.get("ETag")).toBe(etag);
    expect(known.headers.has("Content-Length")).toBe(false);
    await clock.advance(61_000);
    expect((await ask("/a", { headers: { "If-None-Match": etag } })).status).toBe(304);
    expect((await ask("/a", { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
    expect((await ask("/b", { headers: { "If-None-Match": etag } })).status).toBe(304);
  });

  test("the handler's own validators are kept", async () => {
    const { ask } = serveCached(() =>
      fresh("x", "max-age=9", { ETag: 'W/"7"', "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT" }),
    );
    expect((await ask("/a")).headers.get("ETag")).toBe('W/"7"');
    expect((await ask("/a", { headers: { "If-None-Match": '"7"' } })).status).toBe(304);
    expect((await ask("/a", { headers: { "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT" } })).status).toBe(304);
    expect((await ask("/a", { headers: { "If-Match": '"7"' } })).status).toBe(412);
  });

  test("HEAD is answered from GET, and fills for it", async () => {
    const { ask, asked } = serveCached();
    const head = await ask("/a", { method: "HEAD" });
    expect([head.status, head.text, head.headers.get("Content-Length"), head.way]).toEqual([
      200,
      "",
      "5",
      "fwd=uri-miss; ttl=60; stored",
    ]);
    expect((await ask("/a")).text).toBe("run 1");
    expect((await ask("/a", { method: "HEAD" })).headers.get("Content-Length")).toBe("5");
    expect(asked.map(({ method }) => method)).toEqual(["GET"]);
  });

  test("HEAD of what is not stored has no body either", async () => {
    const { ask, asked } = serveCached(() => fresh("x", "no-store"));
    for (const way of ["fwd=uri-miss; detail=no-store", "fwd=bypass; detail=no-store"]) {
      expect(await ask("/a", { method: "HEAD" })).toMatchObject({ text: "", way });
    }
    expect(asked.map(({ method }) => method)).toEqual(["GET", "HEAD"]);
  });

  test("a range is cut out of the whole, which the handler is asked for", async () => {
    const { ask, asked } = serveCached(() => fresh("0123456789"));
    const range = (value: string, more: Record<string, string> = {}): ReturnType<typeof ask> =>
      ask("/a", { headers: { Range: value, ...more } });
    const part = await range("bytes=2-4");
    expect([part.status, part.text, part.headers.get("Content-Range"), part.headers.get("Content-Length")]).toEqual([
      206,
      "234",
      "bytes 2-4/10",
      "3",
    ]);
    expect(asked[0]?.headers.has("Range")).toBe(false);
    expect(await range("bytes=-1")).toMatchObject({ status: 206, text: "9" });
    const none = await range("bytes=10-");
    expect([none.status, none.text, none.headers.get("Content-Range")]).toEqual([416, "", "bytes */10"]);
    expect(await range("bytes=2-4", { "If-Range": '"other"' })).toMatchObject({ status: 200, text: "0123456789" });
    expect(await range("bytes=2-4", { "If-Range": part.headers.get("ETag") ?? "" })).toMatchObject({ status: 206 });
    expect(await range("bytes=0-1,3-4")).toMatchObject({ status: 200 });
    expect(asked).toHaveLength(1);
  });

  test("the handler is not asked conditionally", async () => {
    const conditions = {
      "If-None-Match": '"x"',
      "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
      "If-Range": '"x"',
      Range: "bytes=0-1",
      "If-Match": '"x"',
      "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
    };
    const { ask, asked } = serveCached();
    await ask("/a", { headers: conditions });
    expect(Object.keys(conditions).filter((name) => asked[0]?.headers.has(name))).toEqual([]);
  });

  test.each(["If-Match", "If-Unmodified-Since"])("%s of one client is not answered to another", async (name) => {
    const conditional = (request: Request): Response =>
      request.headers.has(name) ? new Response("refused", { status: 412 }) : new Response("found");
    const { ask } = serveCached((request) => {
      const answer = conditional(request);
      answer.headers.set("Cache-Control", "max-age=60");
      return answer;
    });
    const mine = await ask("/a", {
      headers: { [name]: name === "If-Match" ? '"x"' : "Thu, 01 Jan 1970 00:00:00 GMT" },
    });
    expect(mine.status).toBe(name === "If-Match" ? 412 : 200);
    expect(await ask("/a")).toMatchObject({ status: 200, text: "found", way: "hit; ttl=60" });
  });

  test("the handler is not asked with what is of the client's connection, unless that is declared", async () => {
    const ofConnection = { Connection: "close", "Keep-Alive": "timeout=5", TE: "trailers", Upgrade: "h2c" };
    const headers = { ...ofConnection, Expect: "100-continue", "Content-Length": "5", "Proxy-Authorization": "x" };
    const { ask, asked } = serveCached();
    await ask("/a", { headers: { ...headers, "X-A": "1" } });
    expect([...(asked[0]?.headers ?? [])]).toEqual([["x-a", "1"]]);
    const declared = serveCached(undefined, { vary: ["TE"] });
    await declared.ask("/a", { headers });
    expect([...(declared.asked[0]?.headers ?? [])]).toEqual([["te", "trailers"]]);
  });
});

describe("what browsers are told", () => {
  test("to ask again each time, whatever the server's lifetime", async () => {
    const { ask } = serveCached(() =>
      fresh("x", "public, s-maxage=60, max-age=30", { Expires: "Thu, 01 Jan 2099 00:00:00 GMT" }),
    );
    for (const run of [1, 2]) {
      const { headers } = await ask("/a");
      expect([run, headers.get("Cache-Control"), headers.get("Expires")]).toEqual([run, "no-cache", null]);
    }
  });

  test("what the options say, or the handler", async () => {
    const one = serveCached(undefined, { browser: "max-age=5" });
    expect((await one.ask("/a")).headers.get("Cache-Control")).toBe("max-age=5");
    const other = serveCached(() => fresh("x", "max-age=60", { "CDN-Cache-Control": "max-age=90" }), {
      browser: "as-is",
    });
    expect((await other.ask("/a")).headers.get("Cache-Control")).toBe("max-age=60");
    expect((await other.ask("/a")).headers.has("CDN-Cache-Control")).toBe(false);
  });

  test("what is not stored goes out as the handler said", async () => {
    const { ask } = serveCached(() => fresh("x", "private, max-age=30"));
    expect((await ask("/a")).headers.get("Cache-Control")).toBe("private, max-age=30");
  });
});

describe("what cannot be stored", () => {
  test.each<[string, () => Response]>([
    ["no-store", () => fresh("x", "no-store")],
    ["private", () => fresh("x", "Private, max-age=60")],
    ["set-cookie", () => fresh("x", "public, max-age=60", { "Set-Cookie": "a=b" })],
    ["vary", () => fresh("x", "max-age=60", { Vary: "*" })],
    ["no-cache", () => fresh("x", "no-cache, max-age=60", { ETag: '"a"' })],
    ["no-lifetime", () => new Response("x")],
    ["no-lifetime", () => fresh("x", "max-age=0")],
    [
      "partial",
      () =>
        new Response("x", { status: 206, headers: { "Cache-Control": "max-age=60", "Content-Range": "bytes 0-0/9" } }),
    ],
    ["stream", () => fresh("x", "max-age=60", { "Content-Type": "text/event-stream; charset=utf-8" })],
    ["tags", () => fresh("x", "max-age=60", { "Cache-Tag": "x".repeat(513) })],
    ["length", () => fresh("x", "max-age=60", { "Content-Length": "5" })],
  ])("%s: says so, and each request gets a run of its own", async (because, answer) => {
    const { ask, asked } = serveCached(answer);
    expect(await ask("/a")).toMatchObject({ text: "x", way: `fwd=uri-miss; detail=${because}` });
    expect(await ask("/a")).toMatchObject({ text: "x", way: `fwd=bypass; detail=${because}` });
    expect(asked).toHaveLength(2);
  });

  test("is not serialised: once known, nobody waits for anybody", async () => {
    const hold = gate();
    const { ask, asked } = serveCached(async (_, run) => {
      if (run === 2) await hold.opened;
      return fresh(`run ${run}`, "no-store");
    });
    await ask("/a");
    const second = ask("/a");
    expect((await ask("/a")).text).toBe("run 3");
    hold.open();
    expect((await second).text).toBe("run 2");
    expect(asked).toHaveLength(3);
  });

  test("is not shared by those who came together", async () => {
    const { ask, asked } = serveCached((_, run) => fresh(`run ${run}`, "private"));
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask("/a")));
    expect(answers.map(({ text }) => text).toSorted()).toEqual(["run 1", "run 2", "run 3", "run 4", "run 5"]);
    expect(asked).toHaveLength(5);
  });

  test("is tried again after a while", async () => {
    const { ask, clock } = serveCached((_, run) => fresh(`run ${run}`, run === 1 ? "no-store" : "max-age=60"), {
      hitForMiss: "5s",
    });
    await ask("/a");
    expect((await ask("/a")).way).toBe("fwd=bypass; detail=no-store");
    await clock.advance(5_000);
    expect((await ask("/a")).way).toBe("fwd=uri-miss; ttl=60; stored");
    const never = serveCached((_, run) => fresh(`run ${run}`, run === 1 ? "no-store" : "max-age=60"), {
      hitForMiss: 0,
    });
    await never.ask("/a");
    expect((await never.ask("/a")).way).toBe("fwd=uri-miss; ttl=60; stored");
  });

  test("Vary of an undeclared header is said in development, once", async () => {
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", listen);
    try {
      const { ask } = serveCached(() => fresh("x", "max-age=60", { Vary: "X-Undeclared" }));
      await ask("/a");
      await ask("/b");
      await expect.poll(() => warnings).toEqual([expect.stringContaining('"Vary: X-Undeclared"')]);
    } finally {
      process.off("warning", listen);
    }
  });
});

describe("bodies", () => {
  function chunks(sizes: readonly number[]): {
    body: ReadableStream<Uint8Array>;
    pulled: () => number;
    cancelled: () => unknown;
  } {
    let at = 0;
    let reason: unknown;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const size = sizes[at++];
          if (size === undefined) controller.close();
          else controller.enqueue(new Uint8Array(size).fill(at));
        },
        cancel(why) {
          reason = why ?? "cancelled";
        },
      },
      { highWaterMark: 0 },
    );
    return { body, pulled: () => at, cancelled: () => reason };
  }

  test("up to the limit are stored, however they come", async () => {
    const { ask, asked } = serveCached(() => fresh(chunks([40, 60]).body), { maxBodyBytes: 100 });
    for (const run of [1, 2]) expect([run, (await ask("/a")).text.length]).toEqual([run, 100]);
    expect(asked).toHaveLength(1);
  });

  test("beyond it are passed through, in full, and read as they are asked for", async () => {
    const source = chunks([40, 61, 100, 100]);
    const { serve } = serveCached(() => fresh(source.body), { maxBodyBytes: 100 });
    const response = await serve(new Request("http://localhost/a"));
    expect(response.headers.get("Cache-Status")).toBe("freshtier; fwd=uri-miss; detail=too-large");
    await drainMicrotasks();
    // Two were read to see that it is too long, and nothing more.
    expect(source.pulled()).toBe(2);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect([bytes.length, bytes[39], bytes[40], bytes[300]]).toEqual([301, 1, 2, 4]);
  });

  test("a client that leaves in the middle ends such a body", async () => {
    const source = chunks([101, 100, 100]);
    const { serve } = serveCached(() => fresh(source.body), { maxBodyBytes: 100 });
    const response = await serve(new Request("http://localhost/a"));
    await response.body?.cancel("left");
    expect(source.cancelled()).toBe("left");
  });

  test("that say they are too long are not read at all", async () => {
    const source = chunks([200]);
    const { serve } = serveCached(() => fresh(source.body, "max-age=60", { "Content-Length": "200" }), {
      maxBodyBytes: 100,
    });
    await serve(new Request("http://localhost/a"));
    expect(source.pulled()).toBe(0);
  });

  test("nobody reads are ended", async () => {
    const sources = [chunks([9]), chunks([9])];
    const { ask, clock } = serveCached((_, run) =>
      run === 1
        ? fresh("old", "max-age=10, stale-while-revalidate=60")
        : fresh(sources[run - 2]?.body ?? "x", "no-store"),
    );
    await ask("/a");
    await clock.advance(11_000);
    expect((await ask("/a")).text).toBe("old");
    await expect.poll(() => sources[0]?.cancelled()).toBe("cancelled");
  });

  test("HEAD does not give are ended, too", async () => {
    const source = chunks([9]);
    const { ask } = serveCached(() => fresh(source.body, "no-store"));
    expect((await ask("/a", { method: "HEAD" })).text).toBe("");
    await expect.poll(() => source.cancelled()).toBe("cancelled");
  });

  test("that break off are not stored, and whoever waits is told", async () => {
    const broken = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        pull(controller) {
          controller.error(new Error("broken off"));
        },
      });
    const { ask, asked } = serveCached((_, run) => fresh(run === 1 ? broken() : "whole"));
    await expect(ask("/a")).rejects.toThrow("broken off");
    expect((await ask("/a")).text).toBe("whole");
    expect(asked).toHaveLength(2);
  });
});

describe("those who come together", () => {
  test("1,000 of them share one run", async () => {
    const hold = gate();
    const { ask, asked, clock } = serveCached(async (_, run) => {
      await hold.opened;
      return fresh(`run ${run}`);
    });
    const all = Array.from({ length: 1_000 }, () => ask("/a"));
    await drainMicrotasks();
    await clock.advance(100);
    hold.open();
    const answers = await Promise.all(all);
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["run 1"]));
    expect(asked).toHaveLength(1);
    expect(answers.filter(({ way }) => way === "fwd=uri-miss; ttl=60; collapsed")).toHaveLength(999);
    expect(answers.filter(({ way }) => way === "fwd=uri-miss; ttl=60; stored")).toHaveLength(1);
  });

  test("one that leaves does not hurt the others, also if the run is its own", async () => {
    const hold = gate();
    const { serve, asked } = serveCached(async () => {
      await hold.opened;
      return fresh("x");
    });
    const leaving = new AbortController();
    const first = serve(new Request("http://localhost/a", { signal: leaving.signal }));
    const second = serve(new Request("http://localhost/a"));
    await drainMicrotasks();
    leaving.abort(new Error("left"));
    await expect(first).rejects.toThrow("left");
    expect(asked[0]?.signal.aborted).toBe(false);
    hold.open();
    expect(await read(await second)).toMatchObject({ text: "x" });
    expect(asked).toHaveLength(1);
  });

  test("the run ends when the last one leaves", async () => {
    const { serve, asked } = serveCached(() => new Promise<Response>(() => undefined));
    const leaving = new AbortController();
    const requests = [1, 2].map(() => serve(new Request("http://localhost/a", { signal: leaving.signal })));
    await drainMicrotasks();
    leaving.abort(new Error("left"));
    for (const one of requests) await expect(one).rejects.toThrow("left");
    await expect.poll(() => asked[0]?.signal.aborted).toBe(true);
  });

  test("a failure is its run's; the others try for themselves", async () => {
    const { ask, asked } = serveCached((_, run) => new Response(`down ${run}`, { status: 503 }));
    const answers = await Promise.all([1, 2, 3].map(() => ask("/a")));
    expect(answers.map(({ status, text }) => `${status} ${text}`).toSorted()).toEqual([
      "503 down 1",
      "503 down 2",
      "503 down 3",
    ]);
    expect(asked).toHaveLength(3);
  });
});

describe("purging", () => {
  test("by tags of the options, and by surrogate keys, which go no further", async () => {
    const { ask, cache } = serveCached(
      (_, run) => fresh(`run ${run}`, "max-age=60", { "Cache-Tag": "a, b", "Surrogate-Key": "c d" }),
      { tags: (request) => [new URL(request.url).pathname] },
    );
    let runs = 1;
    for (const tag of ["a", "b", "c", "d", "/x"]) {
      const answer = await ask("/x");
      expect([answer.text, answer.headers.has("Cache-Tag"), answer.headers.has("Surrogate-Key")]).toEqual([
        `run ${runs}`,
        false,
        false,
      ]);
      await cache.invalidateTags([tag]);
      runs++;
      expect((await ask("/x")).text).toBe(`run ${runs}`);
    }
  });

  test("surrogate keys go no further of what is not stored, either", async () => {
    const { ask } = serveCached(() => fresh("x", "no-store", { "Cache-Tag": "a" }));
    expect((await ask("/x")).headers.has("Cache-Tag")).toBe(false);
  });

  test("P3 a purge during a run is not undone by it", async () => {
    const hold = gate();
    const { ask, cache } = serveCached(async (_, run) => {
      if (run === 1) await hold.opened;
      return fresh(`run ${run}`);
    });
    const early = ask("/a");
    await drainMicrotasks();
    await cache.clearNamespace("http");
    hold.open();
    expect((await early).text).toBe("run 1");
    expect((await ask("/a")).text).toBe("run 2");
    expect((await ask("/a")).way).toBe("hit; ttl=60");
  });

  test.each(["POST", "PUT", "DELETE", "PATCH"])("%s goes to the handler, and ends what its URI has", async (method) => {
    const { ask, asked } = serveCached((request, run) =>
      request.method === "GET" ? fresh(`run ${run}`) : new Response("done"),
    );
    await ask("/a?b=1");
    await ask("/a");
    expect(await ask("/a", { method, body: "x" })).toMatchObject({ text: "done", way: "fwd=method" });
    expect((await ask("/a")).text).toBe("run 4");
    expect((await ask("/a?b=1")).text).toBe("run 1");
    expect(await asked[2]?.text()).toBe("x");
  });

  test("and what Location and Content-Location name; an error ends nothing", async () => {
    const { ask } = serveCached((request, run) => {
      if (request.method === "GET") return fresh(`run ${run}`);
      const headers = { Location: "/b", "Content-Location": "http://other.test/c" };
      return new Response("", { status: request.method === "PUT" ? 500 : 201, headers });
    });
    const texts = async (): Promise<string[]> => [
      (await ask("/a")).text,
      (await ask("/b")).text,
      (await ask("/c")).text,
    ];
    expect(await texts()).toEqual(["run 1", "run 2", "run 3"]);
    await ask("/a", { method: "PUT" });
    expect(await texts()).toEqual(["run 1", "run 2", "run 3"]);
    await ask("/a", { method: "POST" });
    expect(await texts()).toEqual(["run 6", "run 7", "run 3"]);
  });

  test("of all variants, partitions and requests with credentials", async () => {
    const options = { vary: ["X-V"], partition: (request: Request) => request.headers.get("X-User") ?? undefined };
    const { ask } = serveCached(
      (request, run) => (request.method === "GET" ? fresh(`run ${run}`, "public, max-age=60") : new Response("")),
      options,
    );
    const variants = [{}, { "X-V": "1" }, { "X-User": "u" }, { Cookie: "a=b" }].map((headers) => ({ headers }));
    const texts = async (): Promise<string[]> => {
      const all: string[] = [];
      for (const init of variants) all.push((await ask("/a", init)).text);
      return all;
    };
    expect(await texts()).toEqual(["run 1", "run 2", "run 3", "run 4"]);
    await ask("/a", { method: "POST" });
    expect(await texts()).toEqual(["run 6", "run 7", "run 8", "run 9"]);
    expect(await texts()).toEqual(["run 6", "run 7", "run 8", "run 9"]);
  });

  test("OPTIONS ends nothing", async () => {
    const { ask } = serveCached();
    await ask("/a");
    await ask("/a", { method: "OPTIONS" });
    expect((await ask("/a")).text).toBe("run 1");
  });
});

test("what the cache gives counts, and not what the request's own run has brought", async () => {
  const { cache, ask: fill } = serveCached(() => fresh("newer"));
  await fill("/a");
  const newer = await cache.get("/a", { namespace: "http" });
  // As when a run has been overtaken.
  const overtaken = Object.create(cache, {
    freshHit: { value: () => undefined },
    getEntry: { value: () => undefined },
    get: {
      value: async (key: string, refresh: Refresh) => {
        await cache.get(`${key}-own`, refresh, { forceRefresh: true });
        return newer;
      },
    },
  }) as typeof cache;
  const source = new ReadableStream<Uint8Array>({ cancel: () => void (ended = true) });
  let ended = false;
  for (const [control, body] of [
    ["max-age=60", "older"],
    ["no-store", source],
  ] as const) {
    const serve = cachedHandler(() => fresh(body, control), { cache: overtaken });
    expect(await read(await serve(new Request("http://localhost/a")))).toMatchObject({ text: "newer" });
  }
  expect(ended).toBe(true);
});

test("a closed cache is no reason not to answer", async () => {
  const { ask, cache } = serveCached();
  await ask("/a");
  await cache.close();
  expect(await ask("/a")).toMatchObject({ text: "run 2", way: "fwd=uri-miss; detail=closed" });
  expect(await ask("/a", { method: "POST" })).toMatchObject({ text: "run 3", way: "fwd=method" });
});

test("what a handler throws at one user's request is not told another's, who has waited for it", async () => {
  const { opened, open } = gate();
  const { serve, asked } = serveCached(async ({ headers }) => {
    await opened;
    throw new Error(`no such account: ${headers.get("Authorization")}`);
  });
  const ask = (name: string): Promise<Response> =>
    serve(new Request("http://localhost/a", { headers: { Authorization: name } }));
  const asking = ["ann", "ben", "cleo"].map(ask);
  await expect.poll(() => asked.length).toBe(1);
  open();
  const errors = (await Promise.allSettled(asking)).map(
    (outcome) => (outcome as PromiseRejectedResult).reason as Error,
  );
  expect(errors.map(({ message }) => message)).toEqual(
    ["ann", "ben", "cleo"].map((name) => `no such account: ${name}`),
  );
});

test("who has no credentials shares what a handler throws, and its one run", async () => {
  const { opened, open } = gate();
  const { serve, asked } = serveCached(async () => {
    await opened;
    throw new Error("no database");
  });
  const asking = [1, 2, 3].map(() => serve(new Request("http://localhost/a")));
  await expect.poll(() => asked.length).toBe(1);
  open();
  for (const one of asking) await expect(one).rejects.toThrow("no database");
  expect(asked).toHaveLength(1);
});
