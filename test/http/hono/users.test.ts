// One user's answer never reaches another, whatever guards find users by, and whatever the handler says.

import { Hono, type Context } from "hono";
import { basicAuth } from "hono/basic-auth";
import { jwt, sign } from "hono/jwt";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/hono/cached-route.ts";
import type { CachedRouteOptions } from "../../../src/http/options.ts";
import { gate } from "../handler-kit.ts";
import type { Ask, Reply } from "../asking.ts";
import { cacheOptions, listen } from "./kit.ts";

interface Env {
  Variables: { user: { id: string } | null };
}

const USERS = ["a", "b", "c"];
const SECRET = "a secret that is long enough for HS256";

/** By a header that no cache knows of. */
function app(handler: (c: Context<Env>) => Response | Promise<Response>, options: CachedRouteOptions<Context<Env>>) {
  const served = new Hono<Env>();
  served.use(async (c, next) => {
    const id = c.req.header("X-Token");
    c.set("user", id === undefined ? null : { id });
    await next();
  });
  served.get("/me", cachedRoute(handler, options));
  return served;
}

function nameOf(c: Context<Env>): string {
  return c.get("user")?.id ?? "nobody";
}

async function askAs(ask: Ask, user: string | undefined): Promise<Reply> {
  return ask("/me", user === undefined ? {} : { headers: { "X-Token": user } });
}

describe("a user whom a guard has found", () => {
  test("gets his own answer, at once and one after another, before and after those without a user", async () => {
    const { options } = cacheOptions();
    const opened = gate();
    const ask = await listen(
      app(async (c) => {
        await opened.opened;
        return c.text(nameOf(c), 200, { "Cache-Control": "max-age=60" });
      }, options),
    );
    const all = [undefined, ...USERS, undefined, ...USERS];
    const asked = all.map((user) => askAs(ask, user));
    opened.open();
    const expected = all.map((user) => user ?? "nobody");
    expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(expected);
    for (const user of all) expect((await askAs(ask, user)).text).toBe(user ?? "nobody");
    expect((await askAs(ask, undefined)).way).toBe("hit; ttl=60");
    expect((await askAs(ask, "a")).way).toBe("fwd=bypass; detail=user");
  });

  test("shares what is called public", async () => {
    const { options } = cacheOptions();
    let runs = 0;
    const handler = (c: Context<Env>) => c.text(String(++runs), 200, { "Cache-Control": "public, max-age=60" });
    const ask = await listen(app(handler, options));
    for (const user of USERS) expect((await askAs(ask, user)).text).toBe("1");
  });

  test("has a share of the cache of his own by a partition", async () => {
    const { options } = cacheOptions();
    let runs = 0;
    const handler = (c: Context<Env>) => c.text(`${nameOf(c)} ${++runs}`);
    const ask = await listen(app(handler, { ...options, partition: (c) => c.get("user")?.id }));
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"])
      for (const [index, user] of [...USERS, undefined].entries()) {
        const answer = await askAs(ask, user);
        expect(answer).toMatchObject({ way, text: `${user ?? "nobody"} ${index + 1}` });
        expect(answer.headers["cache-control"]).toBe(user === undefined ? "no-cache" : "private, no-cache");
      }
  });

  test("gets his own answer when the old one is refreshed behind the back of another", async () => {
    const { clock, options } = cacheOptions();
    let runs = 0;
    const partition = (c: Context<Env>) => c.get("user")?.id;
    const handler = (c: Context<Env>) => c.text(`${nameOf(c)} ${++runs}`);
    const ask = await listen(app(handler, { ...options, partition, staleWhileRevalidate: "1m" }));
    for (const user of USERS) await askAs(ask, user);
    await clock.advance(61_000);
    const stale = await Promise.all(USERS.map((user) => askAs(ask, user)));
    expect(stale.map(({ text }) => text)).toEqual(["a 1", "b 2", "c 3"]);
    await expect.poll(() => runs).toBe(6);
    for (const user of USERS) await expect.poll(async () => (await askAs(ask, user)).way).toBe("hit; ttl=60");
    for (const user of USERS) expect((await askAs(ask, user)).text).toMatch(new RegExp(`^${user} [456]$`));
  });
});

test.each(["private", "no-store"])("middleware that calls an answer %s keeps it to its client", async (control) => {
  const { options } = cacheOptions();
  const served = new Hono<{ Variables: { account: string } }>();
  served.use(async (c, next) => {
    const account = c.req.header("X-Token");
    c.set("account", account ?? "nobody");
    if (account !== undefined) c.header("Cache-Control", `${control}, max-age=5`);
    await next();
  });
  served.get(
    "/me",
    cachedRoute((c) => c.text(c.get("account")), { ...options, ttl: "1m" }),
  );
  const ask = await listen(served);
  for (const user of [...USERS, undefined, ...USERS, undefined])
    expect((await askAs(ask, user)).text).toBe(user ?? "nobody");
  expect((await askAs(ask, undefined)).way).toBe("hit; ttl=60");
});

describe("Hono's own guards", () => {
  test("a token in a header of its own: the payload counts as a user", async () => {
    const { options } = cacheOptions();
    const served = new Hono<{ Variables: { jwtPayload: { sub: string } } }>();
    served.use(jwt({ secret: SECRET, alg: "HS256", headerName: "X-Token" }));
    served.get(
      "/me",
      cachedRoute((c) => c.text(c.get("jwtPayload").sub), options),
    );
    const ask = await listen(served);
    for (const user of [...USERS, ...USERS]) {
      const token = await sign({ sub: user }, SECRET, "HS256");
      const answer = await ask("/me", { headers: { "X-Token": `Bearer ${token}` } });
      expect([answer.status, answer.text]).toEqual([200, user]);
    }
    expect((await ask("/me")).status).toBe(401);
  });

  test("a password: nothing is shared, unless the response allows it", async () => {
    const { options } = cacheOptions();
    const passwords = USERS.map((username) => ({ username, password: username })) as [
      { username: string; password: string },
    ];
    let runs = 0;
    const served = new Hono();
    served.use(basicAuth(...passwords));
    served
      .get(
        "/me",
        cachedRoute((c) => c.text(`${c.req.header("Authorization")}`), options),
      )
      .get(
        "/all",
        cachedRoute((c) => c.text(String(++runs), 200, { "Cache-Control": "public, max-age=60" }), options),
      );
    const ask = await listen(served);
    for (const user of [...USERS, ...USERS]) {
      const headers = { Authorization: `Basic ${btoa(`${user}:${user}`)}` };
      expect((await ask("/me", { headers })).text).toBe(headers.Authorization);
      expect((await ask("/all", { headers })).text).toBe("1");
    }
    expect((await ask("/all")).status).toBe(401);
  });
});

test("cookies: nothing is shared, and those without a cookie get nothing of it", async () => {
  const { options } = cacheOptions();
  const served = new Hono().get(
    "/me",
    cachedRoute((c) => c.text(c.req.header("Cookie") ?? "nobody"), options),
  );
  const ask = await listen(served);
  for (const user of [undefined, ...USERS, undefined, ...USERS])
    expect((await ask("/me", user === undefined ? {} : { headers: { Cookie: user } })).text).toBe(user ?? "nobody");
});
