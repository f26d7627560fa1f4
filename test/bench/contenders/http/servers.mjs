// One route in each framework. A contender says what stands around the handler.

import { once } from "node:events";

export const TTL_MS = 300_000;

/** @param {(handler: Function) => Function[]} around what is put on the route, of a handler of Express */
export function listenExpress(around) {
  return async (product) => {
    const { default: express } = await import("express");
    const app = express();
    app.get("/products/:id", ...around((request, response) => response.json(product(request.params.id))));
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server.address().port;
  };
}

/** @param {(handler: Function) => Function} around */
export function listenFastify(around) {
  return async (product) => {
    const { default: fastify } = await import("fastify");
    const app = fastify();
    app.get(
      "/products/:id",
      around(async (request) => product(request.params.id)),
    );
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server.address().port;
  };
}

/** @param {(handler: Function) => Function} around */
export function listenHono(around) {
  return async (product) => {
    const [{ Hono }, { serve }] = await Promise.all([import("hono"), import("@hono/node-server")]);
    const app = new Hono();
    app.get(
      "/products/:id",
      around((context) => context.json(product(context.req.param("id")))),
    );
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
    if (!server.listening) await once(server, "listening");
    return server.address().port;
  };
}

/**
 * A controller, decorated by hand: these files are not compiled.
 * @param {{ imports?: object[], decorators?: (nest: object) => Function[], load?: (name: string) => Promise<object> }} parts what is
 *   imported, and put on the method; where NestJS is found: its objects are compared by identity
 */
export function listenNest({ imports = [], decorators = () => [], load = (name) => import(name) } = {}) {
  return async (product) => {
    await load("reflect-metadata");
    const nest = await load("@nestjs/common");
    const { NestFactory } = await load("@nestjs/core");
    class Products {
      product(id) {
        return product(id);
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Products.prototype, "product");
    nest.Param("id")(Products.prototype, "product", 0);
    for (const decorate of [nest.Get(":id"), ...decorators(nest)]) {
      decorate(Products.prototype, "product", descriptor);
    }
    Object.defineProperty(Products.prototype, "product", descriptor);
    nest.Controller("products")(Products);
    class Application {}
    nest.Module({ imports, controllers: [Products] })(Application);
    const app = await NestFactory.create(Application, { logger: false });
    await app.listen(0, "127.0.0.1");
    return app.getHttpServer().address().port;
  };
}
