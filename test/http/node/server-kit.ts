// A real server on a real socket for a handler, and clients that read all that it sends.

import {
  Agent,
  createServer,
  request,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
} from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { CachedRouteOptions } from "../../../src/http/options.ts";
import { createCache } from "../../support/cache.ts";
import type { FakeClock } from "../../support/fake-clock.ts";

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly bytes: Buffer;
  readonly headers: IncomingHttpHeaders;
  /** What is said in `Cache-Status`, without the name of the cache. */
  readonly way: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** A server that listens, and its client. */
export interface Running {
  readonly port: number;
  readonly server: Server;
  /** @throws when the answer breaks off */
  readonly ask: (path: string, asking?: Asking) => Promise<Reply>;
  /** Otherwise done when the test is over. */
  readonly close: () => Promise<void>;
}

export async function listen(
  listener: RequestListener,
  agent: Agent = new Agent({ keepAlive: true }),
): Promise<Running> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = async (): Promise<void> => {
    agent.destroy();
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  return { port, server, ask: (path, asking = {}) => ask(port, agent, path, asking), close };
}

function ask(
  port: number,
  agent: Agent,
  path: string,
  { method = "GET", headers, body, signal }: Asking,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = { host: "127.0.0.1", port, path, method, agent, headers: { ...headers }, ...(signal && { signal }) };
    const asked = request(sent, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const said = String(response.headers["cache-status"] ?? "");
        const way = said.replace(/^freshtier(; )?/, "");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString(), way });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** A client that says on its socket just what the test says. */
export interface RawClient {
  readonly socket: Socket;
  /** All that has come so far. */
  readonly received: () => string;
}

export async function rawClient(port: number, text: string): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  onTestFinished(() => void socket.destroy());
  socket.write(text);
  return { socket, received: () => received };
}

/** Options of a route on a cache whose time is in the hands of the test. */
export function onFakeTime<R>(options: Omit<CachedRouteOptions<R>, "cache" | "clock"> = {}): {
  options: CachedRouteOptions<R>;
  clock: FakeClock;
} {
  const { cache, clock } = createCache();
  return { options: { cache, clock, ...options }, clock };
}
