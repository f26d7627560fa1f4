// A service that tells what its cache does: /metrics for Prometheus, /health for probes. Run it, ask for a few products, look.

import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { healthEndpoint, memoryTier, TieredCacheManager } from "freshtier";
import { registerCacheMetrics } from "freshtier/prometheus";
import { Registry } from "prom-client";

const cache = new TieredCacheManager({
  name: "shop",
  tiers: [memoryTier({ maxEntries: 1_000 })],
  ttl: "10s",
  staleWhileRevalidate: "1m",
});
const registry = new Registry();
registerCacheMetrics(cache, { registry, namespaces: ["products"] });
const health = healthEndpoint(cache, { warn: { utilization: 0.9 } });

/** Stands for a slow database. */
async function loadProduct(id: string): Promise<object> {
  await new Promise((resolve) => setTimeout(resolve, 20 + 30 * Math.random()));
  return { id, name: `Product ${id}`, loadedAt: new Date().toISOString() };
}

async function answer(path: string, response: ServerResponse): Promise<void> {
  if (path === "/metrics") {
    response.setHeader("content-type", registry.contentType).end(await registry.metrics());
    return;
  }
  const id = path.replace("/products/", "");
  const product = await cache.get(id, () => loadProduct(id), { namespace: "products" });
  response.setHeader("content-type", "application/json").end(JSON.stringify(product));
}

/** Listens on a port of this machine, 0 for any that is free. */
export async function start(port: number): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (path === "/health") void health.node(request, response);
    else void answer(path, response);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { url } = await start(Number(process.env["PORT"] ?? 8080));
  console.log(`products: ${url}/products/1   metrics: ${url}/metrics   health: ${url}/health`);
}
