// A real server on a real socket for a handler, and clients that read all that it sends.

import { Agent, createServer, type RequestListener, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { CachedRouteOptions } from "../../../src/http/options.ts";
import { createCache } from "../../support/cache.ts";
import type { FakeClock } from "../../support/fake-clock.ts";
import { askPort, type Ask } from "../asking.ts";

/** A server that listens, and its client. */
export interface Running {
  readonly port: number;
  readonly server: Server;
  readonly ask: Ask;
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
  return { port, server, ask: (path, asking) => askPort(port, path, asking, agent), close };
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
