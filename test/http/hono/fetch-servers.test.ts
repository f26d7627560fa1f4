// cachedHandler on servers that speak fetch: that of Hono for Node, and a bridge to node:http such as anybody writes.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { cachedHandler, type RequestHandler } from "../../../src/http/cached-handler.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { gate } from "../handler-kit.ts";
import type { Ask } from "../asking.ts";
import { askingOf, cacheOptions, listen, type Fetching } from "./kit.ts";

async function bridge({ fetch }: Fetching): Promise<Ask> {
  const server = createServer((incoming, outgoing) => void answer(fetch, incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return askingOf(server satisfies Server);
}

async function answer(fetch: Fetching["fetch"], incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  const { method = "GET" } = incoming;
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2)
    headers.append(String(incoming.rawHeaders[at]), String(incoming.rawHeaders[at + 1]));
  const hasBody = method !== "GET" && method !== "HEAD";
  const init = {
    method,
    headers,
    signal: gone.signal,
    duplex: "half",
    body: hasBody ? Readable.toWeb(incoming) : null,
  };
  try {
    const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host}`);
    const response = await fetch(new Request(url, init as RequestInit));
    outgoing.writeHead(response.status, [...response.headers].flat());
    if (response.body === null) outgoing.end();
    else await pipeline(Readable.fromWeb(response.body), outgoing);
  } catch {
    if (!outgoing.headersSent) outgoing.writeHead(500);
    outgoing.end();
  }
}

describe.each([
  ["the server for Node", listen],
  ["a bridge", bridge],
])("%s", (_, open) => {
  async function serve(handler: RequestHandler) {
    const { clock, options } = cacheOptions();
    return { ask: await open({ fetch: cachedHandler(handler, options as never) }), clock };
  }

  test("gives hits, heads, parts, and word that a client has it already", async () => {
    let runs = 0;
    const { ask } = await serve(() => {
      runs++;
      return new Response("0123456789", { headers: { "Content-Type": "text/x-digits" } });
    });
    const { headers, text, way } = await ask("/a");
    expect([text, way]).toEqual(["0123456789", "fwd=uri-miss; ttl=60; stored"]);
    expect(await ask("/a")).toMatchObject({ text, way: "hit; ttl=60", headers: { "content-type": "text/x-digits" } });
    expect(await ask("/a", { method: "HEAD" })).toMatchObject({ text: "", headers: { "content-length": "10" } });
    expect(await ask("/a", { headers: { Range: "bytes=-2" } })).toMatchObject({ status: 206, text: "89" });
    const known = { "If-None-Match": headers.etag ?? "" };
    expect(await ask("/a", { headers: known })).toMatchObject({ status: 304, text: "" });
    expect(runs).toBe(1);
  });

  test("hands bodies on, and what they change ends what is stored", async () => {
    let stock = "1";
    const { ask } = await serve(async (request) => {
      if (request.method === "PUT") stock = await request.text();
      return new Response(stock);
    });
    await ask("/a");
    expect(await ask("/a", { method: "PUT", body: "2" })).toMatchObject({ text: "2", way: "fwd=method" });
    expect((await ask("/a")).text).toBe("2");
  });

  test("many clients share one run, whoever leaves", async () => {
    const opened = gate();
    let runs = 0;
    const { ask } = await serve(async (request) => {
      runs++;
      await opened.opened;
      return new Response(String(request.signal.aborted));
    });
    const leaving = new AbortController();
    const left = ask("/a", { signal: leaving.signal }).catch((error: Error) => error.name);
    await waitUntil(() => runs === 1, { what: "the run has begun" });
    const asked = Array.from({ length: 100 }, () => ask("/a"));
    leaving.abort();
    expect(await left).toBe("AbortError");
    opened.open();
    expect(new Set((await Promise.all(asked)).map(({ text }) => text))).toEqual(new Set(["false"]));
    expect(runs).toBe(1);
  });

  test("streams what is too long to be stored", async () => {
    const opened = gate();
    const chunk = new Uint8Array(600_000);
    const { ask } = await serve(() => {
      let chunks = 0;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (++chunks === 4) await opened.opened;
          if (chunks === 5) controller.close();
          else controller.enqueue(chunk);
        },
      });
      return new Response(body);
    });
    const asked = ask("/a");
    opened.open();
    expect(await asked).toMatchObject({ way: "fwd=uri-miss; detail=too-large", status: 200 });
    expect((await asked).text).toHaveLength(2_400_000);
  });

  test("credentials share nothing", async () => {
    const { ask } = await serve((request) => new Response(request.headers.get("Cookie") ?? "nobody"));
    for (const cookie of ["a", "b", undefined, "a", "b"])
      expect((await ask("/a", cookie === undefined ? {} : { headers: { Cookie: cookie } })).text).toBe(
        cookie ?? "nobody",
      );
  });
});
