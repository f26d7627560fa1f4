// The service that tells what its cache does, asked over its socket.

import { expect, test } from "vitest";
import { start } from "../../examples/observability/server.ts";
import { valueOf } from "../prometheus/exposition.ts";

test("observability/server.ts serves products, metrics and health", async () => {
  const { url, server } = await start(0);
  const ask = async (path: string): Promise<Response> => fetch(url + path, { headers: { connection: "close" } });
  try {
    const product = await (await ask("/products/7")).text();
    expect(await (await ask("/products/7")).text()).toBe(product);
    const metrics = await ask("/metrics");
    const text = await metrics.text();
    expect(metrics.headers.get("content-type")).toContain("version=0.0.4");
    const products = { namespace: "products", cache: "shop" };
    expect(valueOf(text, "freshtier_namespace_requests_total", { ...products, result: "hit" })).toBe(1);
    expect(valueOf(text, "freshtier_refresh_duration_seconds_count", { cache: "shop" })).toBe(1);
    const health = await ask("/health");
    expect([health.status, await health.json()]).toMatchObject([200, { status: "healthy" }]);
  } finally {
    server.close();
  }
});
