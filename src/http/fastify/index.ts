// The entry point `freshtier/fastify`.

export { cachedRoute } from "./cached-route.ts";
export type { CachedRouteOptions } from "../options.ts";
