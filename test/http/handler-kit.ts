// A cached handler on a cache whose time is in the hands of a test, and what the handler was asked for.

import { cachedHandler, type RequestHandler } from "../../src/http/cached-handler.ts";

import type { CachedHandlerOptions } from "../../src/http/options.ts";
import type { TieredCacheManager } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import type { FakeClock } from "../support/fake-clock.ts";
import { wayIn } from "./asking.ts";

export interface Served {
  /** Asks for a path, or a URL, and reads the answer. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Answer>;
  readonly serve: (request: Request) => Promise<Response>;
  /** The requests that the handler got. */
  readonly asked: Request[];
  readonly cache: TieredCacheManager;
  readonly clock: FakeClock;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** What is said in `Cache-Status`, without the name of the cache. */
  readonly way: string;
}

/** The handler answers by `answer`: with a text and `max-age=60` if nothing else is said. */
export function serveCached(
  answer: (request: Request, run: number) => Response | Promise<Response> = (_, run) => fresh(`run ${run}`),
  options: Omit<CachedHandlerOptions, "cache"> = {},
): Served {
  const { cache, clock } = createCache();
  const asked: Request[] = [];
  const handler: RequestHandler = (request) => {
    asked.push(request);
    return answer(request, asked.length);
  };
  const serve = cachedHandler(handler, { cache, clock, ...options });
  const ask = async (path: string, init?: RequestInit): Promise<Answer> =>
    read(await serve(new Request(new URL(path, "http://localhost"), init)));
  return { serve, ask, asked, cache, clock };
}

/** A response that is fresh for a minute, or lives as `control` says. */
export function fresh(
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
  control = "max-age=60",
  headers: Record<string, string> = {},
): Response {
  return new Response(body, { headers: { "Cache-Control": control, ...headers } });
}

export async function read(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return { status, headers, way: wayIn(headers.get("Cache-Status")), text: await response.text() };
}

/** A promise and its settling. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
