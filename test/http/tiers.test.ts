// Responses come back from tiers outside the process as they were: bytes, headers, and who may see them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { cachedHandler } from "../../src/http/cached-handler.ts";
import { TieredCacheManager } from "../../src/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { read } from "./handler-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "freshtier-http-"));
const caches: TieredCacheManager[] = [];

afterEach(async () => {
  await Promise.all(caches.map((cache) => cache.close()));
  rmSync(folder, { recursive: true, force: true });
});

test("another process, or the next one, answers with what this one has stored", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  let runs = 0;
  const serve = (): ((request: Request) => Promise<Response>) => {
    const cache = new TieredCacheManager({ tiers: [sqliteTier({ path: join(folder, "cache.db") })] });
    caches.push(cache);
    return cachedHandler(
      () => {
        runs++;
        return new Response(bytes, { headers: { "Cache-Control": "max-age=60", "X-Run": String(runs) } });
      },
      { cache },
    );
  };
  const get = (): Request => new Request("http://localhost/a");
  await read(await serve()(get()));
  const response = await serve()(get());
  expect(response.headers.get("Cache-Status")).toMatch(/^freshtier; hit; ttl=/);
  expect(response.headers.get("X-Run")).toBe("1");
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([...bytes]);
  expect(runs).toBe(1);
});
