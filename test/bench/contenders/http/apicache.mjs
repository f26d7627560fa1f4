// apicache, with its own memory.

import apicache from "apicache";
import { listenExpress, TTL_MS } from "./servers.mjs";

export const contender = {
  name: "apicache",
  lacks: { fastify: "is middleware of Express", hono: "is middleware of Express", nest: "is middleware of Express" },
  listen: { express: listenExpress((handler) => [apicache.middleware(TTL_MS), handler]) },
};
