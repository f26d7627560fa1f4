// What the tests of cachedFetch share: a cache between a client and an origin that says what a test tells it to.

import { cachedFetch } from "../../src/http/full/cached-fetch.ts";
import type { CachedFetchOptions } from "../../src/http/full/options.ts";
import { createCache } from "../support/cache.ts";
import { read, type Answer } from "./handler-kit.ts";

/** Answers the requests that reach it, the first with `run` 1. */
export type Origin = (request: Request, run: number) => Response | Promise<Response>;

/** `get` asks for one URI with headers, `ask` for any. */
export function connect(origin: Origin, options: Omit<CachedFetchOptions, "cache"> = {}) {
  const { cache, clock } = createCache();
  const asked: Request[] = [];
  const fetch = cachedFetch(
    async (request) => {
      asked.push(request);
      return origin(request, asked.length);
    },
    { cache, clock, ...options },
  );
  const ask = async (path: string, init?: RequestInit): Promise<Answer> =>
    read(await fetch(new Request(new URL(path, "https://example.test"), init)));
  const get = (headers: Record<string, string> = {}): Promise<Answer> => ask("/a", { headers });
  return { ask, get, asked, cache, clock, fetch };
}
