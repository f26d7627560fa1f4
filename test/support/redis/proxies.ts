// A proxy before each server of a cluster or a sentinel group, and the map that leads clients there.

import { startProxy } from "./proxy.ts";
import type { Proxy, ProxyOptions, ProxyTarget } from "./proxy.ts";

/** Proxies by server. */
export interface Proxies {
  /** For ioredis: servers tell each other's addresses, and this turns them into those of the proxies. */
  readonly natMap: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  readonly all: readonly Proxy[];
  /** The proxy before a server. */
  before(server: { readonly port: number }): Proxy;
  stop(): Promise<void>;
}

/** Starts a proxy before each of these servers. Their seeds differ and follow from the one given. */
export async function startProxies(
  servers: readonly Required<ProxyTarget>[],
  { seed = 1 }: ProxyOptions = {},
): Promise<Proxies> {
  const pairs = await Promise.all(
    servers.map(async (server, index) => ({ server, proxy: await startProxy(server, { seed: seed * 1_000 + index }) })),
  );
  const all = pairs.map(({ proxy }) => proxy);
  const entries = pairs.map(({ server: { host, port }, proxy }) => {
    return [`${host}:${port}`, { host: proxy.host, port: proxy.port }] as const;
  });
  return {
    natMap: Object.fromEntries(entries),
    all,
    before: ({ port }) => {
      const pair = pairs.find(({ server }) => server.port === port);
      if (pair === undefined) throw new Error(`no proxy leads to port ${port}`);
      return pair.proxy;
    },
    stop: async () => {
      await Promise.all(all.map((proxy) => proxy.stop()));
    },
  };
}
