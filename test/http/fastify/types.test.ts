// What TypeScript makes of cached routes of Fastify. `tsc -p test` is the test; at run time the calls only have to work.

import fastify, { type FastifyInstance, type FastifyTypeProvider, type RouteHandlerMethod } from "fastify";
import { expect, expectTypeOf, test } from "vitest";
import { cachedRoute } from "../../../src/http/fastify/index.ts";
import { createCache } from "../../support/cache.ts";

const { cache } = createCache();

declare module "fastify" {
  interface FastifyRequest {
    tenant?: string;
  }
}

test("the generics of a route reach its handler and its options", () => {
  const app = fastify();
  app.get<{ Params: { id: string }; Querystring: { page: number }; Reply: { name: string } }>(
    "/products/:id",
    { preHandler: async () => undefined },
    cachedRoute(
      async function product(request, reply) {
        expectTypeOf(this).toEqualTypeOf<FastifyInstance>();
        expectTypeOf(request.params).toEqualTypeOf<{ id: string }>();
        expectTypeOf(request.query).toEqualTypeOf<{ page: number }>();
        expectTypeOf(request.tenant).toEqualTypeOf<string | undefined>();
        expectTypeOf(reply.header).parameter(0).toEqualTypeOf<Parameters<typeof reply.header>[0]>();
        return { name: request.params.id };
      },
      {
        cache,
        ttl: "1m",
        partition: (request) => {
          expectTypeOf(request.params.id).toEqualTypeOf<string>();
          return request.tenant;
        },
        tags: ({ params }) => [`product:${params.id}`],
      },
    ),
  );
});

test("what a handler returns is checked", () => {
  const app = fastify();
  app.get<{ Reply: { name: string } }>(
    "/a",
    // @ts-expect-error a number is no name
    cachedRoute(async () => ({ name: 1 }), { cache }),
  );
  app.get<{ Params: { id: string } }>(
    "/b",
    // @ts-expect-error there is no such parameter
    cachedRoute(async (request) => request.params.other, { cache }),
  );
  expect(app.hasRoute({ method: "GET", url: "/b" })).toBe(true);
});

interface Literal extends FastifyTypeProvider {
  readonly validator: this["schema"] extends { readonly is: infer T } ? T : unknown;
  readonly serializer: this["schema"] extends { readonly is: infer T } ? T : unknown;
}

test("a type provider knows the schemas of a route", () => {
  const app = fastify().withTypeProvider<Literal>();
  const schema = { params: { is: { id: 1 } }, response: { 200: { is: { name: "a" } } } } as const;
  app.get(
    "/products/:id",
    { schema },
    cachedRoute(
      async (request) => {
        expectTypeOf(request.params.id).toEqualTypeOf<1>();
        return { name: "a" } as const;
      },
      { cache, tags: ({ params }) => [String(params.id)] },
    ),
  );
  app.route({
    method: "GET",
    url: "/other/:id",
    schema,
    handler: cachedRoute(
      async (request) => {
        expectTypeOf(request.params.id).toEqualTypeOf<1>();
        return { name: "a" } as const;
      },
      { cache },
    ),
  });
});

test("a handler of its own has the types that it says", () => {
  const handler = cachedRoute(async (request) => request.url, { cache });
  expectTypeOf(handler).toEqualTypeOf<RouteHandlerMethod>();
  fastify().get("/a", handler);
  fastify({ http2: true }).get(
    "/a",
    cachedRoute(async (request) => request.url, { cache }),
  );
});
