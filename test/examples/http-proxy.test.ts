// The caching reverse proxy, between a real client and a real origin.

import {
  createServer,
  request as requestHttp,
  type IncomingMessage,
  type InformationEvent,
  type RequestListener,
  type Server,
} from "node:http";
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { startProxy, type ProxyOptions } from "../../examples/http-proxy.ts";

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** An origin, a proxy before it, and a client. */
async function open(listener: RequestListener, options: Partial<ProxyOptions> = {}) {
  const asked: IncomingMessage[] = [];
  const origin = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const { port } = origin.address() as AddressInfo;
  const proxy = await startProxy({ origin: `http://127.0.0.1:${port}`, port: 0, ...options });
  const stopOrigin = (): Promise<void> => stop(origin);
  ends.push(() => proxy.close(), stopOrigin);
  return { asked, origin, proxy, stopOrigin, ask: (path: string, init?: RequestInit) => fetch(proxy.url + path, init) };
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
  expect([await second.text(), second.headers.get("age")]).toEqual(["version 1", expect.stringMatching(/^\d$/)]);
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

test("http-proxy.ts shares by Redis what it has stored, from the first response on", async () => {
  const redis = await startRedis();
  ends.push(() => redis.stop());
  const listener: RequestListener = (_, response) =>
    void response.writeHead(200, { "Cache-Control": "max-age=60" }).end("page");
  const { origin, ask, asked } = await open(listener, { redis: redis.url });
  const { port } = origin.address() as AddressInfo;
  const other = await startProxy({ origin: `http://127.0.0.1:${port}`, port: 0, redis: redis.url });
  ends.unshift(() => other.close());
  await (await ask("/page")).text();
  expect(await (await fetch(`${other.url}/page`)).text()).toBe("page");
  expect(asked).toHaveLength(1);
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

/** Asks for something, and tells what came before the answer. */
function askWithInterim(url: string): Promise<{ interim: InformationEvent[]; text: string; headers: object }> {
  return new Promise((resolve, reject) => {
    const interim: InformationEvent[] = [];
    const asking = requestHttp(url, { agent: false });
    asking.on("error", reject);
    asking.on("information", (one: InformationEvent) => interim.push(one));
    asking.on("response", (answer) => {
      text(answer).then((body) => resolve({ interim, text: body, headers: answer.headers }), reject);
    });
    asking.end();
  });
}

test("http-proxy.ts passes hints on as they come, to whom they are for, and stores none", async () => {
  const links = ["</a.css>; rel=preload; as=style", "</b.js>; rel=preload; as=script"];
  const { proxy, asked } = await open((_, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: links, "x-hint": "1" });
    response.writeHead(200, { "Cache-Control": "max-age=60" }).end("page");
  });
  const first = await askWithInterim(`${proxy.url}/page`);
  expect(first.interim.map(({ statusCode }) => statusCode)).toEqual([102, 103]);
  expect(first.interim[1]?.headers).toEqual({ link: links.join(", "), "x-hint": "1" });
  expect([first.text, Object.keys(first.headers)]).toEqual(["page", expect.not.arrayContaining(["link", "x-hint"])]);
  expect(await askWithInterim(`${proxy.url}/page`)).toMatchObject({ interim: [], text: "page" });
  expect(asked).toHaveLength(1);
});

test("http-proxy.ts writes no hints into an answer that a client has begun to get", async () => {
  const links = { link: "</a.css>; rel=preload; as=style" };
  const { ask, asked, proxy } = await open((_, response) => {
    if (asked.length === 2) response.writeEarlyHints(links);
    response.writeHead(200, { "Cache-Control": "max-age=0, stale-while-revalidate=60" });
    response.end(String(asked.length).repeat(4_000_000));
  });
  await (await ask("/page")).text();
  // Reads no more than the head until what is stored has been validated behind.
  const slow = connect(Number(new URL(proxy.url).port), "127.0.0.1");
  slow.setEncoding("latin1").write("GET /page HTTP/1.1\r\nHost: here.test\r\nConnection: close\r\n\r\n");
  const [head] = (await once(slow, "data")) as [string];
  slow.pause();
  await waitUntil(() => asked.length === 2, { what: "it is validated" });
  await waitUntil(async () => (await (await ask("/page")).text()).startsWith("2"), { what: "there is another" });
  const rest = await text(slow);
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  expect(head.length + rest.length).toBeGreaterThan(4_000_000);
  expect(rest).not.toContain("HTTP/1.1 103");
});

/** Sends the head of a request that asks before it sends its body, and tells all that comes back until the connection ends. */
async function expectContinue(url: string, field: string, onContinue: () => string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let told = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    const isFirst = told === "";
    told += chunk;
    if (isFirst && told.startsWith("HTTP/1.1 100 ")) socket.write(onContinue());
  });
  const head = "PUT /thing HTTP/1.1\r\nHost: here.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n";
  socket.write(`${head}${field}\r\n\r\n`);
  await once(socket, "end");
  return told;
}

test("http-proxy.ts tells a client to send its body when the origin does, and not before", async () => {
  const willing = await open((request, response) => void text(request).then((body) => response.end(`got ${body}`)));
  const said = await expectContinue(willing.proxy.url, "Connection: close", () => "body");
  expect(said.match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 100", "HTTP/1.1 200"]);
  expect(said).toContain("got body");

  const unwilling = await open(() => expect.unreachable());
  unwilling.origin.on("checkContinue", (_, response) => void response.writeHead(413).end("too much"));
  const refused = await expectContinue(unwilling.proxy.url, "Accept: */*", () => expect.unreachable());
  expect(refused).toMatch(/^HTTP\/1\.1 413 /);
  expect(refused).toMatch(/^connection: close\r$/im);
});

test("http-proxy.ts keeps responses with cookies when it is told to, and otherwise public ones alone", async () => {
  const listener: RequestListener = ({ url }, response) => {
    const control = url === "/public" ? "public, max-age=60" : "max-age=60";
    response.writeHead(200, { "Cache-Control": control, "Set-Cookie": "a=b" }).end();
  };
  for (const [setCookie, path, times] of [
    [undefined, "/public", 1],
    [undefined, "/page", 2],
    ["store", "/page", 1],
    ["never", "/public", 2],
  ] as const) {
    const { ask, asked } = await open(listener, { setCookie });
    for (const _ of [1, 2]) expect((await ask(path)).headers.getSetCookie()).toEqual(["a=b"]);
    expect([setCookie, path, asked.length]).toEqual([setCookie, path, times]);
  }
});

test("http-proxy.ts gives a language to whoever wants it most", async () => {
  const { ask, asked } = await open((_, response) => {
    response.writeHead(200, { "Cache-Control": "max-age=60", Vary: "Accept-Language", "Content-Language": "de" });
    response.end("Seite");
  });
  for (const wanted of ["de", "fr;q=0.5, de;q=1.0", "en, de;q=0.5"])
    await (await ask("/page", { headers: { "Accept-Language": wanted } })).text();
  expect(asked.map(({ headers }) => headers["accept-language"])).toEqual(["de", "en, de;q=0.5"]);
});
