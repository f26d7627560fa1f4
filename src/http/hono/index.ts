// The entry point `freshtier/hono`.

export type { CachedRouteOptions } from "../options.ts";
