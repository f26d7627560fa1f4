// The entry point `freshtier/express`.

export { cachedRoute } from "./cached-route.ts";
export type { CachedRouteOptions } from "../options.ts";
