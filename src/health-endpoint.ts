// The answer to a probe: `health()` as a response, 200 or 503.

import type { ServerResponse } from "node:http";
import type { TieredCacheManager } from "./manager.ts";
import { checkChoice, checkObject } from "./model/check.ts";
import { checkHealthOptions, type HealthOptions } from "./model/health.ts";

/** What a probe is told. */
export interface HealthEndpointOptions extends HealthOptions {
  /**
   * From which status on the answer is 503. Default `"down"`: without its shared tier a cache still does its work, and who
   * took all processes out of service for that would make an outage of it. `"degraded"` is for those who repair it.
   */
  readonly failOn?: "down" | "degraded" | undefined;
}

/** An endpoint for probes, in both shapes that servers know. */
export interface HealthEndpoint {
  /** For `node:http`, Express and what else hands out Node's own response: `app.get("/health", endpoint.node)`. */
  readonly node: (request: unknown, response: ServerResponse) => Promise<void>;
  /** For what answers with a `Response`: `app.get("/health", endpoint.fetch)`. */
  readonly fetch: () => Promise<Response>;
}

/**
 * An endpoint that answers with what `health()` says, as JSON: 200, or 503 where the cache cannot do its work.
 * @throws CacheError `invalid_option`
 */
export function healthEndpoint(
  cache: Pick<TieredCacheManager, "health">,
  options: HealthEndpointOptions = {},
): HealthEndpoint {
  checkObject<HealthEndpointOptions>(options, ["warn", "failOn"], "options");
  const failOn = checkChoice(options.failOn, ["down", "degraded"], "down", "options.failOn");
  const warn = checkHealthOptions({ warn: options.warn });
  const answer = async (): Promise<{ status: 200 | 503; body: string }> => {
    const health = await cache.health({ warn });
    const isFailed = health.status === "down" || health.status === failOn;
    return { status: isFailed ? 503 : 200, body: `${JSON.stringify(health)}\n` };
  };
  return {
    async node(_request, response) {
      const { status, body } = await answer();
      response.writeHead(status, HEADERS).end(body);
    },
    async fetch() {
      const { status, body } = await answer();
      return new Response(body, { status, headers: HEADERS });
    },
  };
}

/** A proxy that kept an answer would tell of the past. */
const HEADERS = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
