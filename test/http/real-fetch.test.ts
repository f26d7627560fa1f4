// cachedFetch on Node's own fetch and a real server.

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { cachedFetch } from "../../src/http/full/cached-fetch.ts";
import { createCache } from "../support/cache.ts";
import { read } from "./handler-kit.ts";

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map(stop));
});

async function serve(listener: RequestListener) {
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
  return {
    ask: async (init?: RequestInit) => read(await get(new Request(url, init))),
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
