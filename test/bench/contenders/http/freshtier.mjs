// freshtier's cached routes, as they are after `npm run build`.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { listenExpress, listenFastify, listenHono, listenNest, TTL_MS } from "./servers.mjs";

const load = (path) => import(new URL(`../../../../dist/${path}`, import.meta.url).href);
const { TieredCacheManager, memoryTier } = await load("index.js");

/** Where freshtier finds NestJS. */
const fromRoot = createRequire(new URL("../../../../package.json", import.meta.url));

const cache = new TieredCacheManager({ name: "bench", tiers: [memoryTier()] });
const options = { cache, ttl: TTL_MS };

/** Each framework is loaded where it is asked for alone. */
const routeOf = async (framework) => (await load(`http/${framework}/index.js`)).cachedRoute;

export const contender = {
  name: "freshtier",
  listen: {
    express: async (product) => {
      const cachedRoute = await routeOf("express");
      return listenExpress((handler) => [cachedRoute(handler, options)])(product);
    },
    fastify: async (product) => {
      const cachedRoute = await routeOf("fastify");
      return listenFastify((handler) => cachedRoute(handler, options))(product);
    },
    hono: async (product) => {
      const cachedRoute = await routeOf("hono");
      return listenHono((handler) => cachedRoute(handler, options))(product);
    },
    nest: async (product) => {
      const { CachedRoute, TieredCacheModule } = await load("nestjs/index.js");
      return listenNest({
        imports: [TieredCacheModule.forRoot({ cache })],
        decorators: () => [CachedRoute({ ttl: TTL_MS })],
        load: (name) => import(pathToFileURL(fromRoot.resolve(name)).href),
      })(product);
    },
  },
};
