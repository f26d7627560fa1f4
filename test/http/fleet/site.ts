// One process's part of a fleet: a cache, and a handler or a fetch before an origin that the test holds in its hands.

import { cachedHandler } from "../../../src/http/cached-handler.ts";
import { cachedFetch } from "../../../src/http/full/cached-fetch.ts";
import { memoryTier, TieredCacheManager, type Clock } from "../../../src/index.ts";
import { systemClock } from "../../../src/model/clock.ts";
import { redisTier } from "../../../src/redis/index.ts";
import { sqliteTier } from "../../../src/sqlite/index.ts";
import type { Carried, RouteOptions, SiteOptions } from "./protocol.ts";

/** A command may take long: the machine is shared. */
const TIMEOUT_MS = 5_000;

/** A handler on a cache that others share. */
export class Site {
  readonly cache: TieredCacheManager;
  readonly #serve: (request: Request) => Promise<Response>;

  constructor({ name, origin, place, timeout = TIMEOUT_MS, route, clockOffsetMs = 0 }: SiteOptions) {
    const shared =
      typeof place === "string"
        ? sqliteTier({ path: place, timeout })
        : redisTier({ host: "127.0.0.1", port: place, timeout });
    const clock = clockWith(clockOffsetMs);
    this.cache = new TieredCacheManager({ name, clock, tiers: [memoryTier(), shared] });
    this.#serve =
      route === undefined
        ? cachedFetch((request) => fetch(request), { cache: this.cache, clock })
        : cachedHandler((request) => forward(request, origin), { cache: this.cache, clock, ...routeOf(route) });
  }

  async ask(url: string, init: RequestInit): Promise<Carried> {
    const response = await this.#serve(new Request(url, init));
    const { status, statusText, headers } = response;
    return { status, statusText, headers: [...headers], body: new Uint8Array(await response.arrayBuffer()) };
  }
}

/** What the handler does is the origin's business: so the test sees each of its runs, and can hold it up. */
async function forward(request: Request, origin: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const { method, headers, signal } = request;
  const body = method === "GET" || method === "HEAD" ? null : await request.arrayBuffer();
  return fetch(origin + pathname + search, { method, headers, signal, body });
}

function routeOf({ partition, ...options }: RouteOptions) {
  if (partition === undefined) return options;
  return { ...options, partition: ({ headers }: Request) => headers.get(partition) ?? undefined };
}

/** The clock of a process whose wall clock was wrong when it started. */
function clockWith(offsetMs: number): Clock {
  return { now: () => systemClock.now() + offsetMs, schedule: (...all) => systemClock.schedule(...all) };
}
