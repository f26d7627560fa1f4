// A cached route of Hono, answered from memory, over real sockets.

import { httpWorkload } from "./http.mjs";

export const workload = httpWorkload({
  id: "http-hono",
  title: "Hono: `GET /products/:id` from memory, 1 KB of JSON",
  limit: "the same handler without a cache, whose product is at hand",
  framework: "hono",
});
