// BentoCache, memory only, without serialisation: its fastest configuration.

import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";

export const contender = {
  name: "bentocache",
  packages: ["bentocache"],
  imports: ["bentocache", "bentocache/drivers/memory"],
  lacks: {
    getSync: "no synchronous read",
  },
  create({ maxEntries, ttlMs, staleMs, tag, refresh }) {
    const bento = new BentoCache({
      default: "memory",
      ttl: ttlMs,
      // A timeout of 0 serves the graced value at once and runs the factory in the background.
      grace: staleMs,
      timeout: 0,
      stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: maxEntries, serialize: false })) },
    });
    const cache = bento.use("memory");
    const tags = tag === undefined ? undefined : [tag];
    return {
      get: (key) => cache.get({ key }),
      set: tags ? (key, value) => cache.set({ key, value, tags }) : (key, value) => cache.set({ key, value }),
      getOrRefresh: tags
        ? (key) => cache.getOrSet({ key, factory: refresh, tags })
        : (key) => cache.getOrSet({ key, factory: refresh }),
      close: () => bento.disconnectAll(),
    };
  },
};
