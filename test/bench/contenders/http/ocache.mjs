// ocache, with its own memory. It has events instead of frameworks: what is called a request by fetch is enough.

import { defineCachedHandler } from "ocache";
import { listenHono, TTL_MS } from "./servers.mjs";

export const contender = {
  name: "ocache",
  lacks: { express: "has handlers of fetch", fastify: "has handlers of fetch", nest: "has handlers of fetch" },
  listen: {
    hono: listenHono((handler) => {
      const cached = defineCachedHandler(({ context }) => handler(context), { maxAge: TTL_MS / 1_000 });
      return (context) => cached({ req: context.req.raw, context });
    }),
  },
};
