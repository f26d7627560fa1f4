// What TypeScript makes of cached routes. `tsc -p test` is the test; at run time the calls only have to work.

import { Hono, type Context } from "hono";
import { hc } from "hono/client";
import { createMiddleware } from "hono/factory";
import { validator } from "hono/validator";
import { expect, expectTypeOf, test } from "vitest";
import { cachedRoute } from "../../../src/http/hono/cached-route.ts";
import { cacheOptions } from "./kit.ts";

interface User {
  readonly id: string;
}

const requireUser = createMiddleware<{ Variables: { user: User } }>(async (c, next) => {
  c.set("user", { id: "1" });
  await next();
});

const { options } = cacheOptions();

test("the handler knows the variables of the application and of guards", async () => {
  const app = new Hono<{ Variables: { db: number } }>();
  app.use(async (c, next) => {
    c.set("db", 7);
    await next();
  });
  app.get(
    "/a/:id",
    requireUser,
    cachedRoute((c) => {
      expectTypeOf(c.get("db")).toEqualTypeOf<number>();
      expectTypeOf(c.get("user")).toEqualTypeOf<User>();
      expectTypeOf(c.var.user).toEqualTypeOf<User>();
      expectTypeOf(c.req.param("id")).toEqualTypeOf<string | undefined>();
      return c.json({ user: c.get("user").id, db: c.get("db") });
    }, options),
  );
  expect(await (await app.request("/a/1")).json()).toEqual({ user: "1", db: 7 });
});

test("so do the functions among the options, once it is said which Context they get", async () => {
  type Asked = Context<{ Variables: { user: User } }, "/a/:id">;
  const app = new Hono().get(
    "/a/:id",
    requireUser,
    cachedRoute((c: Asked) => c.text(c.req.param("id")), {
      ...options,
      partition: (c) => {
        expectTypeOf(c).toEqualTypeOf<Asked>();
        return c.get("user").id;
      },
      tags: (c) => [`product:${c.req.param("id")}`],
    }),
  );
  expect(await (await app.request("/a/2")).text()).toBe("2");
});

test("parameters and validated data are those that its Context names", async () => {
  interface Input {
    in: { query: { q: string } };
    out: { query: { q: string } };
  }
  const app = new Hono().get(
    "/search/:kind",
    validator("query", (query) => ({ q: String(query["q"]) })),
    cachedRoute((c: Context<object, "/search/:kind", Input>) => {
      expectTypeOf(c.req.valid("query")).toEqualTypeOf<{ q: string }>();
      return c.json({ kind: c.req.param("kind"), q: c.req.valid("query").q });
    }, options),
  );
  expect(await (await app.request("/search/shoes?q=red")).json()).toEqual({ kind: "shoes", q: "red" });
});

test("clients know what it answers with", async () => {
  const app = new Hono()
    .get(
      "/a/:id",
      cachedRoute((c) => c.json({ n: 1 }), options),
    )
    .get(
      "/b",
      cachedRoute(async (c) => c.text("text"), options),
    );
  const client = hc<typeof app>("http://localhost", { fetch: app.request });
  const a = await (await client.a[":id"].$get({ param: { id: "7" } })).json();
  expectTypeOf(a).toEqualTypeOf<{ n: number }>();
  const b = await (await client.b.$get()).text();
  expectTypeOf(b).toEqualTypeOf<"text">();
  expect([a, b]).toEqual([{ n: 1 }, "text"]);
});

test("what is no handler, or no option, is refused", () => {
  // @ts-expect-error It answers with nothing that Hono knows.
  expect(() => cachedRoute(() => 5, options)).not.toThrow();
  // @ts-expect-error There is no such option.
  expect(() => cachedRoute((c: Context) => c.text("x"), { ...options, lifetime: "1m" })).toThrow("options");
  // @ts-expect-error A partition is named by a text.
  cachedRoute((c: Context) => c.text("x"), { ...options, partition: () => 5 });
});
