// BentoCache over Redis; with memory in front of it also with its bus, which keeps the memories of processes together.

import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";
import { connect } from "./connect.mjs";

export const contender = {
  name: "bentocache",
  async create({ url, name, concurrent, memoryEntries, ttlMs, staleMs, refresh }) {
    const connection = await connect({ url, concurrent });
    const bento = new BentoCache({
      default: "store",
      prefix: name,
      ttl: ttlMs,
      // A timeout of 0 serves the graced value at once and runs the factory in the background.
      grace: staleMs,
      timeout: 0,
      stores: { store: storeOf(connection, url, memoryEntries) },
    });
    const cache = bento.use("store");
    const namespaces = new Map();
    const within = (namespace) => {
      if (!namespaces.has(namespace)) namespaces.set(namespace, cache.namespace(namespace));
      return namespaces.get(namespace);
    };
    return {
      get: (key) => cache.get({ key }),
      set: (key, value) => cache.set({ key, value }),
      getOrRefresh: (key) => cache.getOrSet({ key, factory: refresh }),
      setIn: (namespace, key, value) => within(namespace).set({ key, value }),
      getIn: (namespace, key) => within(namespace).get({ key }),
      clearNamespace: (namespace) => within(namespace).clear(),
      close: () => bento.disconnectAll(),
    };
  },
};

function storeOf(connection, url, memoryEntries) {
  const remote = redisDriver({ connection });
  if (memoryEntries === 0) return bentostore().useL2Layer(remote);
  const { hostname: host, port } = new URL(url);
  return (
    bentostore()
      // Memory has to hold JSON: with `serialize: false` a hit of Redis leaves text there, and the next read throws.
      .useL1Layer(memoryDriver({ maxItems: memoryEntries }))
      .useL2Layer(remote)
      .useBus(redisBusDriver({ connection: { host, port: Number(port) } }))
  );
}
