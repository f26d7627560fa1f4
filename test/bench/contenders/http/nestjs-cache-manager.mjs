// The interceptor of @nestjs/cache-manager, with the memory that it comes with.

import { CacheInterceptor, CacheModule } from "@nestjs/cache-manager";
import { listenNest, TTL_MS } from "./servers.mjs";

export const contender = {
  name: "@nestjs/cache-manager",
  lacks: { express: "is of NestJS", fastify: "is of NestJS", hono: "is of NestJS" },
  listen: {
    nest: listenNest({
      imports: [CacheModule.register({ ttl: TTL_MS })],
      decorators: ({ UseInterceptors }) => [UseInterceptors(CacheInterceptor)],
    }),
  },
};
