// A caching reverse proxy: RFC 9111 in full between any client and one origin, in memory, and in Redis where it is given one.
//   npx tsx examples/http-proxy.ts --origin https://example.com --port 8080 [--redis redis://127.0.0.1:6379] [--set-cookie store]

import {
  createServer,
  request as requestHttp,
  type IncomingMessage,
  type InformationEvent,
  type Server,
  type ServerResponse,
} from "node:http";
import { request as requestHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { memoryTier, TieredCacheManager } from "freshtier";
import { cachedFetch, type SetCookieRule } from "freshtier/http";
import { redisTier } from "freshtier/redis";

/** What concerns one connection alone, and is not passed on (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = [
  ...["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
];
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

type ResponseBody = ConstructorParameters<typeof Response>[0];

/** What the proxy is told. */
export interface ProxyOptions {
  readonly origin: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly redis?: string | undefined;
  /** Responses with cookies: kept where the response is called public (`"public"`, the default), `"never"`, or like any other (`"store"`). */
  readonly setCookie?: SetCookieRule | undefined;
}

/** Whose response a request is answered by: interim ones go there as well. */
type Clients = WeakMap<Request, ServerResponse>;

/** Listens on this machine. Whoever closes the server closes the cache, too. */
export async function startProxy({
  origin,
  port,
  redis,
  setCookie,
}: ProxyOptions): Promise<{ url: string; close(): Promise<void> }> {
  const base = new URL(origin).origin;
  const memory = memoryTier({ maxEntries: 10_000, maxBytes: 256 * 1024 * 1024 });
  // Longer than the default: a machine that is busy is no outage, and an origin takes its time, too.
  const tiers = redis === undefined ? [memory] : [memory, redisTier({ url: redis, timeout: "1s" })];
  const cache = new TieredCacheManager({ name: "proxy", tiers });
  const clients: Clients = new WeakMap();
  const fetch = cachedFetch((request, client) => forward(request, clients.get(client)), {
    cache,
    maxBodyBytes: 8 * 1024 * 1024,
    policy: { staleIfError: "1h", selectLanguage: true, setCookie },
  });
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void =>
    void serve(incoming, outgoing, base, async (request) => {
      clients.set(request, outgoing);
      return fetch(request);
    });
  // Whoever asks before he sends a body is told by the origin to go on.
  const server = createServer(answer).on("checkContinue", answer);
  // Connects, so that the first responses are stored as well.
  await cache.health();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    await stop(server);
    await cache.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  base: string,
  fetch: (request: Request) => Promise<Response>,
): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  try {
    // What a client says instead of a path must not lead anywhere else.
    if (incoming.url?.startsWith("/") !== true) return fail(outgoing, 400, "the request target must be a path");
    const response = await fetch(toRequest(incoming, base + incoming.url, gone.signal));
    outgoing.writeHead(response.status, response.statusText, [...response.headers].flat());
    if (response.body === null) outgoing.end();
    else await pipeline(Readable.fromWeb(response.body), outgoing);
  } catch (error) {
    if (outgoing.headersSent) outgoing.destroy();
    else fail(outgoing, 502, `the origin cannot be asked: ${String(error)}`);
  }
}

function fail(outgoing: ServerResponse, status: number, reason: string): void {
  outgoing.writeHead(status, { "content-type": "text/plain", "cache-control": "no-store" }).end(`${reason}\n`);
}

function toRequest(incoming: IncomingMessage, url: string, signal: AbortSignal): Request {
  const headers = headersOf(incoming.rawHeaders);
  const listed = (headers.get("connection") ?? "").split(",").map((name) => name.trim());
  for (const name of [...HOP_BY_HOP, ...listed, "host"]) if (name !== "") headers.delete(name);
  headers.append("via", "1.1 freshtier");
  const { method = "GET" } = incoming;
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers, signal });
  return new Request(url, { method, headers, signal, body: Readable.toWeb(incoming), duplex: "half" });
}

/** Asks the origin, and passes on what it says as it says it: Node's own fetch would decode bodies. */
function forward(request: Request, client: ServerResponse | undefined): Promise<Response> {
  const { url, method, headers, signal, body } = request;
  const ask = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = ask(url, { method, headers: Object.fromEntries(headers), signal });
    outgoing.on("error", reject);
    outgoing.on("information", (interim) => passOn(interim, client));
    outgoing.on("response", (incoming) => {
      try {
        resolve(toResponse(incoming, method));
      } catch (error) {
        outgoing.destroy();
        reject(error);
      }
    });
    if (body === null) outgoing.end();
    else pipeline(Readable.fromWeb(body), outgoing).catch(reject);
  });
}

/** Of the interim responses those that Node can write: 100, 102 and 103 (RFC 9110 section 15.2). They are never stored. */
function passOn({ statusCode, rawHeaders }: InformationEvent, client: ServerResponse | undefined): void {
  // Answered already, as the client of a refresh behind; or one of HTTP/1.0, which knows none.
  if (client === undefined || client.headersSent || client.req.httpVersionMinor === 0) return;
  if (statusCode === 100) client.writeContinue();
  if (statusCode === 102) client.writeProcessing();
  if (statusCode === 103) hint(client, rawHeaders);
}

/** A hint that Node takes for malformed goes no further. */
function hint(client: ServerResponse, raw: readonly string[]): void {
  try {
    const headers = headersOf(raw);
    for (const name of HOP_BY_HOP) headers.delete(name);
    // Node wants a list of links, each by itself.
    const link = headers.get("link")?.split(/,\s*(?=<)/) ?? [];
    client.writeEarlyHints({ ...Object.fromEntries(headers), link });
  } catch {
    // It was a hint.
  }
}

function toResponse(incoming: IncomingMessage, method: string): Response {
  const { statusCode: status = 502, statusMessage: statusText, rawHeaders } = incoming;
  const init = { status, statusText: statusText ?? "", headers: headersOf(rawHeaders) };
  if (method !== "HEAD" && !WITHOUT_BODY.has(status))
    return new Response(Readable.toWeb(incoming) as ResponseBody, init);
  incoming.resume();
  return new Response(null, init);
}

/** Names and values in turn, as they came. */
function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at < raw.length; at += 2) headers.append(raw[at] as string, raw[at + 1] as string);
  return headers;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { origin: text, port: text, redis: text, "set-cookie": text } });
  if (values.origin === undefined) throw new Error("say which origin: --origin http://127.0.0.1:3000");
  const { origin, port = 8080, redis } = values;
  const setCookie = values["set-cookie"] as SetCookieRule | undefined;
  const { url } = await startProxy({ origin, port: Number(port), redis, setCookie });
  console.log(`${url} answers for ${origin}`);
}
