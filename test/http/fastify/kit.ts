// Apps of Fastify with cached routes on real sockets, on a cache whose time is in the hands of a test.

import type { AddressInfo } from "node:net";
import fastify, {
  type FastifyInstance,
  type FastifyRequest,
  type FastifyServerOptions,
  type RouteHandlerMethod,
} from "fastify";
import { onTestFinished } from "vitest";
import type { TieredCacheManager } from "../../../src/index.ts";
import { cachedRoute, type CachedRouteOptions } from "../../../src/http/fastify/index.ts";
import { createCache } from "../../support/cache.ts";
import type { FakeClock } from "../../support/fake-clock.ts";
import { askPort, type Asking, type Reply } from "../asking.ts";
import { read, type Answer } from "../handler-kit.ts";

export interface Site {
  readonly app: FastifyInstance;
  readonly cache: TieredCacheManager;
  readonly clock: FakeClock;
  /** What `cachedRoute` is to have. */
  readonly shared: { readonly cache: TieredCacheManager; readonly clock: FakeClock };
  readonly url: () => string;
  /** Asks for a path with fetch, and reads the answer. Nothing is followed. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Answer>;
  /** Listens, after the routes have been made. */
  readonly listen: () => Promise<Site>;
}

/** An app that is closed when the test is over. */
export function site(options: FastifyServerOptions = {}): Site {
  const app = fastify({ forceCloseConnections: true, ...options }) as FastifyInstance;
  const { cache, clock } = createCache();
  onTestFinished(async () => {
    await app.close();
    await cache.close();
  });
  const url = (): string => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const ask: Site["ask"] = async (path, init) => read(await fetch(url() + path, { redirect: "manual", ...init }));
  const listen = async (): Promise<Site> => {
    await app.listen({ port: 0, host: "127.0.0.1" });
    return made;
  };
  const made: Site = { app, cache, clock, shared: { cache, clock }, url, ask, listen };
  return made;
}

export type Handler = RouteHandlerMethod;
export type Options = Omit<CachedRouteOptions<FastifyRequest>, "cache" | "clock">;

/** An app with one route, `/a` and whatever is behind it, which is fresh for a minute if nothing else is said. */
export async function serveRoute(
  handler: Handler,
  options: Options = {},
  prepare: (app: FastifyInstance) => unknown = () => undefined,
  server: FastifyServerOptions = {},
): Promise<Site> {
  const made = site(server);
  await prepare(made.app);
  made.app.get("/a*", cachedRoute(handler, { ...made.shared, ttl: "1m", ...options }));
  return made.listen();
}

/** What a server answers to exactly these bytes of a target: fetch would make it another. */
export function askRaw(url: string, path: string, asking?: Asking): Promise<Reply> {
  return askPort(Number(new URL(url).port), path, asking);
}
