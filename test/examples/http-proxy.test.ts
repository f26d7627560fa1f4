// The caching reverse proxy, between a real client and a real origin.

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { startProxy } from "../../examples/http-proxy.ts";

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** An origin, a proxy before it, and a client. */
async function open(listener: RequestListener) {
  const asked: IncomingMessage[] = [];
  const origin = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const { port } = origin.address() as AddressInfo;
  const proxy = await startProxy({ origin: `http://127.0.0.1:${port}`, port: 0 });
  const stopOrigin = (): Promise<void> => stop(origin);
  ends.push(() => proxy.close(), stopOrigin);
  return { asked, proxy, stopOrigin, ask: (path: string, init?: RequestInit) => fetch(proxy.url + path, init) };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

test("http-proxy.ts answers from the cache, with age and status, until the origin changes it", async () => {
  let version = 1;
  const { ask, asked } = await open((request, response) => {
    if (request.method === "POST") version += 1;
    response.setHeader("Cache-Control", "max-age=60");
    response.setHeader("Set-Cookie", ["a=1", "b=2"]);
    if (request.url === "/page") response.removeHeader("Set-Cookie");
    response.end(`version ${version}`);
  });
  const first = await ask("/page");
  expect([await first.text(), first.headers.get("cache-status")]).toEqual([
    "version 1",
    expect.stringContaining("stored"),
  ]);
  const second = await ask("/page");
  expect([await second.text(), second.headers.get("age")]).toEqual(["version 1", "0"]);
  expect(second.headers.get("cache-status")).toMatch(/^freshtier; hit/);
  expect([asked.length, asked[0]?.headers.via]).toEqual([1, "1.1 freshtier"]);
  expect(await (await ask("/page", { method: "POST", body: "change" })).text()).toBe("version 2");
  expect(await (await ask("/page")).text()).toBe("version 2");
  expect((await ask("/other")).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect((await ask("/page", { method: "HEAD" })).headers.get("content-length")).toBe("9");
});

test("http-proxy.ts passes bodies on as they are, in both directions", async () => {
  const { ask } = await open((request, response) => {
    response.writeHead(200, { "Content-Encoding": "x-own", "Content-Type": "application/octet-stream" });
    request.pipe(response);
  });
  const body = Buffer.alloc(2_000_000, "bytes ");
  const response = await ask("/echo", { method: "PUT", body });
  expect(response.headers.get("content-encoding")).toBe("x-own");
  expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
});

test("http-proxy.ts gives what is old when the origin is gone, and 502 for what it never had", async () => {
  const { ask, stopOrigin } = await open((_, response) => {
    response.writeHead(200, { "Cache-Control": "max-age=0, stale-if-error=60" }).end("old");
  });
  await (await ask("/page")).text();
  await stopOrigin();
  const old = await ask("/page");
  expect([old.status, await old.text()]).toEqual([200, "old"]);
  expect((await ask("/never")).status).toBe(502);
});

test("http-proxy.ts leads to no other origin than its own", async () => {
  const { proxy, asked } = await open((request, response) => void response.end(request.url));
  const raw = async (target: string): Promise<string> => {
    const socket = connect(Number(new URL(proxy.url).port), "127.0.0.1");
    socket.write(`GET ${target} HTTP/1.1\r\nHost: elsewhere.test\r\nConnection: close\r\n\r\n`);
    return text(socket);
  };
  expect(await raw("http://elsewhere.test/x")).toMatch(/^HTTP\/1\.1 400 /);
  expect(await raw("//elsewhere.test/x")).toContain("//elsewhere.test/x");
  expect(asked.map(({ headers }) => headers.host)).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
});
