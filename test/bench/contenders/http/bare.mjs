// The limit: the handler alone.

import { listenExpress, listenFastify, listenHono, listenNest } from "./servers.mjs";

export const contender = {
  name: "the bare handler",
  listen: {
    express: listenExpress((handler) => [handler]),
    fastify: listenFastify((handler) => handler),
    hono: listenHono((handler) => handler),
    nest: listenNest(),
  },
};
