// Applications of Hono on real sockets, by the server for Node, and clients of them.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { Context } from "hono";
import { onTestFinished } from "vitest";
import type { CachedRouteOptions } from "../../../src/http/options.ts";
import type { TieredCacheManager } from "../../../src/index.ts";
import { createCache } from "../../support/cache.ts";
import type { FakeClock } from "../../support/fake-clock.ts";
import { askPort, type Ask } from "../asking.ts";

/** What answers requests: an application of Hono, or a function. */
export interface Fetching {
  readonly fetch: (request: Request) => Response | Promise<Response>;
}

/** Serves until the test is over, and gives what asks. */
export async function listen({ fetch }: Fetching): Promise<Ask> {
  const server = await new Promise<Server>((resolve) => {
    const started = serve({ fetch, hostname: "127.0.0.1", port: 0 }, () => resolve(started as Server));
  });
  return askingOf(server);
}

/** A client of a server that listens, which is stopped when the test is over. */
export function askingOf(server: Server): Ask {
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return (path, asking) => askPort(port, path, asking);
}

/** A cache whose time is in the hands of the test, and options with it. */
export function cacheOptions(): {
  readonly cache: TieredCacheManager;
  readonly clock: FakeClock;
  readonly options: Pick<CachedRouteOptions<Context>, "cache" | "clock"> & { readonly ttl: "1m" };
} {
  const { cache, clock } = createCache();
  return { cache, clock, options: { cache, clock, ttl: "1m" } };
}
