// cachedFetch on Node's own fetch and a real server.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { cachedFetch } from "../../src/http/full/cached-fetch.ts";
import { createCache } from "../support/cache.ts";
import { waitUntil } from "../support/wait-until.ts";
import { fresh, read, type Answer } from "./handler-kit.ts";

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map(stop));
});

async function serve(listener: RequestListener): Promise<{
  readonly ask: (init?: RequestInit) => Promise<Answer>;
  /** The answer, whose body nobody has read. */
  readonly begin: (init?: RequestInit, path?: string) => Promise<Response>;
  readonly asked: IncomingMessage[];
  readonly stop: () => Promise<void>;
}> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a`;
  const { cache } = createCache();
  // The server writes Date by the clock of the system, so the cache goes by that as well.
  const get = cachedFetch((request) => fetch(request), { cache });
  const begin = (init?: RequestInit, path = "/a"): Promise<Response> => get(new Request(new URL(path, url), init));
  return {
    ask: async (init) => read(await begin(init)),
    begin,
    asked,
    stop: () => stop(server),
  };
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

describe("a real server", () => {
  test("is asked once for what is fresh, and if it still holds for what is not", async () => {
    const { ask, asked } = await serve((request, response) => {
      response.setHeader("Cache-Control", request.url === "/a" ? "no-cache" : "max-age=60");
      response.setHeader("ETag", '"a"');
      response.statusCode = request.headers["if-none-match"] === '"a"' ? 304 : 200;
      response.end(response.statusCode === 304 ? undefined : "body");
    });
    expect(await ask()).toMatchObject({ status: 200, text: "body" });
    expect(await ask()).toMatchObject({ status: 200, text: "body", way: "fwd=stale; fwd-status=304; ttl=0; stored" });
    expect(asked).toHaveLength(2);
  });

  test("may compress: what fetch has decoded is stored so", async () => {
    const { ask, asked } = await serve((_, response) => {
      response.writeHead(200, { "Cache-Control": "max-age=60", "Content-Encoding": "gzip" });
      response.end(gzipSync("text ".repeat(100)));
    });
    for (const run of [1, 2]) expect([run, (await ask()).text]).toEqual([run, "text ".repeat(100)]);
    expect(asked).toHaveLength(1);
  });

  test("that breaks off in the middle has given nothing", async () => {
    const { ask, asked } = await serve((_, response) => {
      response.writeHead(200, { "Cache-Control": "max-age=60", "Content-Length": "10" });
      response.write("12345", () => response.destroy());
    });
    for (const run of [1, 2])
      expect([run, await ask().catch((error: Error) => error.message)]).toEqual([run, "terminated"]);
    expect(asked).toHaveLength(2);
  });

  test("that is gone rejects, unless an old response may be given", async () => {
    const { ask, stop: end } = await serve((_, response) => {
      response.writeHead(200, { "Cache-Control": "max-age=0, stale-if-error=60" });
      response.end("old");
    });
    await ask();
    await end();
    expect(await ask()).toMatchObject({ text: "old", way: expect.stringContaining("detail=stale-if-error") as string });
    await expect(ask({ headers: { "Cache-Control": "no-cache" } })).rejects.toThrow("fetch failed");
  });

  test("gets the bodies of what changes something", async () => {
    const { ask } = await serve((request, response) => {
      request.setEncoding("utf8").on("data", (text: string) => response.end(`got ${text}`));
    });
    expect(await ask({ method: "POST", body: "x" })).toMatchObject({ text: "got x", way: "fwd=method" });
  });
});

describe("what fetch does with a Request", () => {
  test.each(["no-store", "max-age=60"])(
    "its signal ends a body that is passed on, also later (%s)",
    async (control) => {
      const left = new Set<string>();
      const { begin } = await serve((request, response) => {
        response.on("close", () => left.add(String(request.url)));
        response.writeHead(200, { "Cache-Control": control });
        // More than is stored, and not all of it.
        response.write(Buffer.alloc(control === "no-store" ? 10 : 1_100_000));
      });
      const leaving = new AbortController();
      const response = await begin({ signal: leaving.signal });
      const body = response.text();
      leaving.abort();
      await expect(body).rejects.toMatchObject({ name: "AbortError" });
      await waitUntil(() => left.size === 1, { what: "the origin is left" });
      await expect(begin({ signal: leaving.signal })).rejects.toMatchObject({ name: "AbortError" });
    },
  );

  test("its cache mode counts", async () => {
    let runs = 0;
    const { ask, begin } = await serve((_, response) => {
      response.writeHead(200, { "Cache-Control": "max-age=60" });
      response.end(`run ${++runs}`);
    });
    const texts: string[] = [];
    for (const cache of ["no-store", "default", "no-store", "default", "reload", "default", "no-cache", "force-cache"])
      texts.push((await ask({ cache } as RequestInit)).text.slice(4));
    expect(texts.join(" ")).toBe("1 2 3 2 4 4 5 5");
    expect((await begin({ cache: "only-if-cached", mode: "same-origin" } as RequestInit, "/other")).status).toBe(504);
    expect(runs).toBe(5);
  });

  test("its integrity is checked, so the cache has nothing to do with it", async () => {
    const { ask } = await serve((_, response) => response.writeHead(200, { "Cache-Control": "max-age=60" }).end("x"));
    const wrong = { integrity: `sha256-${createHash("sha256").update("y").digest("base64")}` };
    const right = { integrity: `sha256-${createHash("sha256").update("x").digest("base64")}` };
    await expect(ask(wrong)).rejects.toThrow("fetch failed");
    expect((await ask()).way).toMatch(/stored$/);
    await expect(ask(wrong)).rejects.toThrow("fetch failed");
    expect(await ask(right)).toMatchObject({ text: "x", way: "fwd=bypass; detail=integrity" });
  });

  test.each([303, 307])(
    "a change that is redirected (%i) stores nothing of where that has led, and ends what there was",
    async (status) => {
      let runs = 0;
      const { ask, begin } = await serve((request, response) => {
        const host = String(request.headers.host);
        if (request.url === "/elsewhere")
          response.writeHead(runs === 1 ? 200 : 404, {
            "Cache-Control": "max-age=60",
            "Content-Location": `http://${host}/a`,
          });
        else if (request.method === "POST") response.writeHead(status, { Location: "/elsewhere" });
        else response.writeHead(200, { "Cache-Control": "max-age=60" });
        response.end(request.url === "/a" && request.method === "GET" ? `run ${++runs}` : "elsewhere");
      });
      expect((await ask()).text).toBe("run 1");
      expect((await ask({ method: "POST", body: "x" })).text).toBe("elsewhere");
      expect((await ask()).text).toBe("run 2");
      await ask({ method: "POST", body: "x" });
      expect((await ask()).text).toBe("run 3");
      expect((await begin({}, "/elsewhere")).status).toBe(404);
    },
  );

  test("what Connection names is not sent, so nothing is stored for it", async () => {
    const asked: (string | undefined)[] = [];
    const { cache } = createCache();
    const get = cachedFetch(
      async (request) => {
        asked.push(request.headers.get("Accept-Language") ?? undefined);
        return fresh(request.headers.get("Accept-Language") ?? "default", "max-age=60", { Vary: "Accept-Language" });
      },
      { cache },
    );
    const ask = async (headers: Record<string, string>): Promise<string> =>
      (await get(new Request("http://localhost/a", { headers }))).text();
    expect(await ask({ "Accept-Language": "de", Connection: "Accept-Language" })).toBe("default");
    expect(await ask({ "Accept-Language": "de" })).toBe("de");
    expect(asked).toEqual([undefined, "de"]);
  });

  test.each(["http://localhost/", undefined, { url: "http://localhost/" }])(
    "%j is refused by name",
    async (request) => {
      const get = cachedFetch((one) => fetch(one), { cache: createCache().cache });
      await expect(get(request as never)).rejects.toThrow(
        "request must be a Request, as `new Request(url)` makes one, got ",
      );
    },
  );
});
