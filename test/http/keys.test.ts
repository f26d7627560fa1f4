// Which requests share a response: by origin, path, query, declared headers, partition and credentials, and nothing else.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cachedHandler } from "../../src/http/cached-handler.ts";
import { cachedRoute as expressRoute } from "../../src/http/express/index.ts";
import { cachedRoute as nodeRoute } from "../../src/http/node/cached-route.ts";
import { HANDLER_DEFAULTS, type CachedHandlerOptions } from "../../src/http/options.ts";
import { createCache } from "../support/cache.ts";
import { fresh, serveCached } from "./handler-kit.ts";

describe("the key", () => {
  /** Whether the second request is answered by what the first has brought. */
  async function share(
    first: [string, RequestInit?],
    second: [string, RequestInit?],
    options: Omit<CachedHandlerOptions, "cache"> = {},
    control = "max-age=60",
  ): Promise<boolean> {
    const { ask } = serveCached((_, run) => fresh(`run ${run}`, control), options);
    await ask(...first);
    return (await ask(...second)).text === "run 1";
  }

  test.each<[string, string, boolean]>([
    ["/a", "/a", true],
    ["/a", "/b", false],
    ["/a", "/A", false],
    ["/a", "/a/", false],
    ["/a", "/a?", true],
    ["/a", "/a?x", false],
    ["/a?x", "/a?x=", false],
    ["/a?x=1&y=2", "/a?y=2&x=1", true],
    ["/a?x=1&x=2", "/a?x=2&x=1", false],
    ["/a?x=1&y=2", "/a?x=1%26y=2", false],
    ["/a?x=%20", "/a?x=+", false],
    ["/a?&x=1&&", "/a?x=1", true],
    ["/a#b", "/a#c", true],
    ["/a%23x", "/a#x", false],
    ["http://one.test/a", "http://two.test/a", true],
    ["http://one.test/a", "http://one.test:81/a", true],
    ["http://one.test/a", "https://one.test/a", false],
    ["https://one.test/a", "https://two.test:444/a", true],
  ])("of %s and %s is the same: %j", async (first, second, expected) => {
    expect(await share([first], [second])).toBe(expected);
  });

  test("is bounded, however long the URL", async () => {
    const long = "x".repeat(10_000);
    expect(await share([`/${long}?a`], [`/${long}?a`])).toBe(true);
    expect(await share([`/${long}?a`], [`/${long}?b`])).toBe(false);
  });

  test("is bounded by its bytes, of one's own as well", async () => {
    const key = ({ url }: Request): string => "鍵".repeat(200) + url;
    expect(await share(["/a"], ["/a"], { key })).toBe(true);
    expect(await share(["/a"], ["/b"], { key })).toBe(false);
  });

  test("holds the declared part of the query only, and the handler sees no other", async () => {
    const { ask, asked } = serveCached(undefined, { query: ["page"] });
    await ask("/a?utm=1&page=2");
    expect((await ask("/a?page=2&utm=3")).text).toBe("run 1");
    expect((await ask("/a?page=3")).text).toBe("run 2");
    expect(asked.map(({ url }) => url)).toEqual(["http://localhost/a?page=2", "http://localhost/a?page=3"]);
  });

  test("holds the configured origin, which the handler sees instead of what the request says", async () => {
    const { ask, asked, cache } = serveCached(undefined, { origin: "https://shop.example" });
    await ask("http://evil.test/a?x");
    expect(asked[0]?.url).toBe("https://shop.example/a?x");
    expect(await cache.has("https://shop.example/a?x", { namespace: "http" })).toBe(true);
  });

  test("does not hold the scheme where there is an origin", async () => {
    const { ask, asked } = serveCached(undefined, { origin: "https://shop.example" });
    await ask("http://evil.test/a", { headers: { "X-Forwarded-Proto": "http" } });
    const second = await ask("https://evil.test/a", { headers: { "X-Forwarded-Proto": "https" } });
    expect([second.way, asked[0]?.headers.has("x-forwarded-proto")]).toEqual(["hit; ttl=60", false]);
  });

  test("holds no host without one, and the handler does not see which was asked for", async () => {
    const { ask, asked } = serveCached((request) => fresh(new URL("/next", request.url).href));
    await ask("http://evil.test:81/a?x");
    expect(asked[0]?.url).toBe("http://localhost/a?x");
    expect((await ask("http://shop.example/a?x")).text).toBe("http://localhost/next");
  });

  test("can be one's own; without one the handler is asked", async () => {
    const { ask, asked } = serveCached(undefined, {
      key: (request) => new URL(request.url).searchParams.get("id") ?? undefined,
    });
    await ask("/a?id=1&x=2");
    expect((await ask("/b?id=1")).text).toBe("run 1");
    expect(await ask("/a")).toMatchObject({ text: "run 2", way: "fwd=bypass" });
    expect(asked[0]?.url).toBe("http://localhost/a?id=1&x=2");
    await ask("/c?id=1", { method: "DELETE" });
    expect((await ask("/b?id=1")).text).toBe("run 4");
  });

  test("of one's own cannot be made to name what is for requests with credentials", async () => {
    const key = (request: Request): string => new URL(request.url).searchParams.get("id") ?? "none";
    const { ask } = serveCached((_, run) => fresh(`run ${run}`, "public, max-age=60"), { key });
    await ask("/a?id=1", { headers: { Cookie: "a=b" } });
    expect((await ask(`/a?id=${encodeURIComponent('1#["credentials"]')}`)).text).toBe("run 2");
    expect((await ask(`/a?id=${encodeURIComponent('1#["credentials"]')}`)).text).toBe("run 2");
  });

  test("of one's own cannot be made to name one that was too long", async () => {
    const key = (request: Request): string => new URL(request.url).searchParams.get("q") ?? "none";
    const { ask } = serveCached((_, run) => fresh(`run ${run}`), { key });
    const long = "x".repeat(300);
    await ask(`/a?q=sha256:${createHash("sha256").update(long).digest("hex")}`);
    expect((await ask(`/a?q=${long}`)).text).toBe("run 2");
  });

  test("holds declared headers, and says so in Vary", async () => {
    const options = { vary: ["Accept-Language", "X-A"] };
    const get = (headers: Record<string, string>): [string, RequestInit] => ["/a", { headers }];
    expect(await share(get({ "Accept-Language": "en, de" }), get({ "accept-language": "en, de" }), options)).toBe(true);
    expect(await share(get({ "Accept-Language": "en" }), get({ "Accept-Language": "de" }), options)).toBe(false);
    expect(await share(get({ "X-A": "" }), get({}), options)).toBe(false);
    expect(await share(get({ "X-B": "1" }), get({ "X-B": "2" }), options)).toBe(true);
    const { ask } = serveCached(() => fresh("x", "max-age=60", { Vary: "X-A" }), options);
    expect((await ask("/a")).headers.get("Vary")).toBe("X-A, accept-language");
  });

  test.each([
    ["Accept-Language", "en, de", "de, en"],
    ["Accept-Language", "de", "DE"],
    ["Accept", "text/html, application/json", "application/json, text/html"],
    ["X-Tenant", "a", ",a"],
    ["X-Tenant", "a,b", "a, b"],
  ])("%s: what a handler makes of %j is not for %j, which it may read otherwise", async (name, one, other) => {
    const { ask } = serveCached((request) => fresh(`for ${request.headers.get(name)}`), { vary: [name] });
    for (const value of [one, other, one, other])
      expect((await ask("/a", { headers: { [name]: value } })).text).toBe(`for ${value}`);
    expect((await ask("/a", { headers: { [name]: one } })).way).toBe("hit; ttl=60");
  });

  test.each<[string, Record<string, string>, boolean]>([
    ["max-age=60", { Cookie: "a=b" }, false],
    ["max-age=60", { Authorization: "x" }, false],
    ["public, max-age=60", { Cookie: "a=b" }, true],
    ["public, max-age=60", { Authorization: "x" }, true],
    ["s-maxage=60", { Authorization: "x" }, true],
    ["s-maxage=60", { Cookie: "a=b" }, false],
    ["max-age=60, must-revalidate", { Authorization: "x" }, true],
  ])(
    "%s: requests with %j share it among themselves: %j, and never with those without",
    async (control, headers, expected) => {
      expect(await share(["/a", { headers }], ["/a", { headers }], {}, control)).toBe(expected);
      expect(await share(["/a", { headers }], ["/a"], {}, control)).toBe(false);
      expect(await share(["/a"], ["/a", { headers }], {}, control)).toBe(false);
    },
  );

  test("requests with credentials do not keep others from the cache", async () => {
    const { ask } = serveCached();
    expect((await ask("/a", { headers: { Cookie: "a=b" } })).way).toBe("fwd=uri-miss; detail=credentials");
    expect((await ask("/a")).way).toBe("fwd=uri-miss; ttl=60; stored");
    expect((await ask("/a")).way).toBe("hit; ttl=60");
  });

  test("a declared header of credentials is part of the key", async () => {
    const get = (Cookie: string): [string, RequestInit] => ["/a", { headers: { Cookie } }];
    expect(await share(get("theme=dark"), get("theme=dark"), { vary: ["Cookie"] })).toBe(true);
    expect(await share(get("theme=dark"), get("theme=light"), { vary: ["Cookie"] })).toBe(false);
  });

  test("a partition has responses of its own, which no cache in front may share", async () => {
    const { ask } = serveCached((_, run) => fresh(`run ${run}`), {
      partition: async (request) => request.headers.get("Authorization") ?? undefined,
    });
    const as = (Authorization: string): RequestInit => ({ headers: { Authorization } });
    expect((await ask("/a", as("ann"))).text).toBe("run 1");
    expect((await ask("/a", as("bob"))).text).toBe("run 2");
    const again = await ask("/a", as("ann"));
    expect([again.text, again.headers.get("Cache-Control")]).toEqual(["run 1", "private, no-cache"]);
    expect((await ask("/a")).headers.get("Cache-Control")).toBe("no-cache");
  });

  test("a partition that cannot be told is the request's failure, and nobody else's", async () => {
    const { ask, asked } = serveCached(undefined, { partition: () => Promise.reject(new Error("who?")) });
    await expect(ask("/a")).rejects.toThrow("who?");
    expect(asked).toHaveLength(0);
  });
});

test.each([
  [{ partition: () => "" }, "partition(request) must be a text that is not empty, or undefined, got ''"],
  [
    { partition: () => 5 as unknown as string },
    "partition(request) must be a text that is not empty, or undefined, got 5",
  ],
  [{ key: () => "" }, "key(request) must be a text that is not empty, or undefined, got ''"],
])("%# what would put users together is refused", async (options, message) => {
  await expect(serveCached(undefined, options).ask("/a")).rejects.toThrow(message);
});

describe("one user's response never reaches another", () => {
  const user = fc.constantFrom("ann", "bob", "eve", undefined);
  const step = fc.record({
    user,
    as: fc.constantFrom("Cookie", "Authorization"),
    path: fc.constantFrom("/a", "/b"),
    method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST"),
    control: fc.constantFrom(
      "max-age=60",
      "max-age=1, stale-while-revalidate=60",
      "private, max-age=60",
      "no-store",
      "max-age=1, stale-if-error=60",
    ),
    status: fc.constantFrom(200, 200, 200, 404, 503),
    setsCookie: fc.boolean(),
    passes: fc.constantFrom(0, 2_000, 20_000),
    waits: fc.boolean(),
  });

  test.each<[string, Omit<CachedHandlerOptions, "cache">]>([
    ["by default", {}],
    ["with a grace", { staleWhileRevalidate: "1h", staleIfError: "1h", ttl: "1m" }],
    ["by partition", { partition: (request) => nameOf(request) }],
    ["with credentials declared", { vary: ["cookie", "authorization"] }],
    ["without hit-for-miss", { hitForMiss: 0 }],
  ])("%s, in whatever order, together or not", { timeout: 60_000 }, async (_, options) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        const { ask, clock } = serveCached(async (request, run) => {
          const { control, status, setsCookie } = steps[(run - 1) % steps.length] as (typeof steps)[number];
          await Promise.resolve();
          const cookie: Record<string, string> = setsCookie ? { "Set-Cookie": `session=${run}` } : {};
          return new Response(nameOf(request) ?? "nobody", {
            status,
            headers: { "Cache-Control": control, ...cookie },
          });
        }, options);
        const running: Promise<void>[] = [];
        const cookies: string[] = [];
        for (const one of steps) {
          const headers: Record<string, string> = one.user === undefined ? {} : { [one.as]: `user=${one.user}` };
          const answered = ask(one.path, { method: one.method, headers }).then(({ text, headers: got }) => {
            if (one.method !== "HEAD") expect(text).toBe(one.user ?? "nobody");
            cookies.push(...got.getSetCookie());
          });
          running.push(answered);
          if (one.waits) await answered;
          await clock.advance(one.passes);
        }
        await Promise.all(running);
        // A cookie is for who was there when it was set.
        expect(new Set(cookies).size).toBe(cookies.length);
      }),
      { numRuns: 100 },
    );
  });

  function nameOf(request: Request): string | undefined {
    return (request.headers.get("Cookie") ?? request.headers.get("Authorization"))?.replace("user=", "");
  }
});

describe("options", () => {
  const { cache } = createCache();

  test.each<[string, (...given: never[]) => unknown]>([
    ["cachedHandler", cachedHandler],
    ["cachedRoute of node:http", nodeRoute],
    ["cachedRoute of Express", expressRoute],
  ])("in the place of the handler are refused by %s", (_, make) => {
    for (const given of [[{ cache }], [undefined, { cache }]]) {
      expect(() => make(...(given as never[]))).toThrow(/^handler must be a function, got /);
    }
  });

  test.each<[object, string]>([
    [{ cache: undefined }, "options.cache must be a cache, got undefined"],
    [{ origin: "shop.example" }, "options.origin must be an origin, as \"https://shop.example\", got 'shop.example'"],
    [{ origin: "https://shop.example/x" }, "options.origin must be an origin"],
    [{ origin: "data:x" }, "options.origin must be an origin"],
    [{ query: "none" }, "options.query must be an array of strings"],
    [{ vary: ["a b"] }, "policy.declared[0] must be the name of a field"],
    [{ vary: "a" }, "options.vary must be an array of strings"],
    [{ partition: "u" }, "options.partition must be a function"],
    [{ key: 1 }, "options.key must be a function"],
    [{ namespace: "" }, "options.namespace must be a non-empty string"],
    [{ tags: [""] }, "options.tags[0] must be a non-empty string"],
    [{ maxBodyBytes: -1 }, "options.maxBodyBytes must be a whole number of at least 0, got -1"],
    [{ hitForMiss: "x" }, "options.hitForMiss must be a duration"],
    [{ browser: 5 }, "options.browser must be a text, got 5"],
    [{ cacheName: "" }, "options.cacheName must be a text, got ''"],
    [{ ttl: -1 }, "options.ttl must be a duration"],
    [{ maxAge: 1 }, "options must hold known options only"],
  ])("%j are refused", (options, message) => {
    expect(() => cachedHandler(() => new Response(), { cache, ...options })).toThrow(message);
  });

  test("have the defaults that they are said to have", () => {
    expect(HANDLER_DEFAULTS).toEqual({
      namespace: "http",
      maxBodyBytes: 1_048_576,
      hitForMiss: "10s",
      cacheName: "freshtier",
    });
  });
});
