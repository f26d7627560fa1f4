// The entry point `freshtier/hono`.

export { cachedRoute, type AnyHandler, type ContextOf } from "./cached-route.ts";
export type { CachedRouteOptions } from "../options.ts";
