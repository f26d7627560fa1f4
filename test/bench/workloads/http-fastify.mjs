// A cached route of Fastify, answered from memory, over real sockets.

import { httpWorkload } from "./http.mjs";

export const workload = httpWorkload({
  id: "http-fastify",
  title: "Fastify: `GET /products/:id` from memory, 1 KB of JSON",
  limit: "the same handler without a cache, whose product is at hand",
  framework: "fastify",
});
