// freshtier's @Cached as it is after `npm run build`, with a template.

import { decorated } from "./decorate.mjs";

const built = (path) => import(new URL(`../../../../dist/${path}`, import.meta.url).href);
const [{ TieredCacheManager, memoryTier }, { Cached }] = await Promise.all([
  built("index.js"),
  built("decorators/index.js"),
]);

export const contender = {
  name: "freshtier @Cached",
  create({ maxEntries, ttlMs, load }) {
    const cache = new TieredCacheManager({ name: "bench", tiers: [memoryTier({ maxEntries })], ttl: ttlMs });
    return decorated(load, Cached("product:{0}", { cache }));
  },
};
