// The entry point `freshtier/fastify`.

export type { CachedRouteOptions } from "../options.ts";
