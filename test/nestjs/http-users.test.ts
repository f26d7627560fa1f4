// @CachedRoute behind guards: they run for every request, and one user's answer never reaches another.

import {
  type CanActivate,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  Header,
  Headers,
  Param,
  Post,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
} from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { CachedRoute } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openSite, PLATFORMS } from "./http-kit.ts";

forbidUnhandledRejections();

interface Person {
  readonly id: string;
}

interface Asked {
  readonly headers: Readonly<Record<string, string | undefined>>;
  user?: Person;
  tenant?: string | undefined;
}

const asked = (context: ExecutionContext): Asked => context.switchToHttp().getRequest<Asked>();

/** Knows users by their token, as guards of Passport do. */
const tokens: CanActivate = {
  canActivate(context) {
    const request = asked(context);
    const token = request.headers["authorization"] ?? request.headers["x-token"];
    if (token === undefined) throw new UnauthorizedException("who are you?");
    request.user = { id: token.replace("Bearer ", "") };
    return true;
  },
};

const CurrentUser = createParamDecorator((_data: unknown, context: ExecutionContext) => asked(context).user);

/** In an order that is always the same, and looks like none. */
function shuffled<T>(values: readonly T[], seed: number): T[] {
  let state = seed;
  const ranked = values.map((value): [number, T] => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return [state, value];
  });
  return ranked.sort(([a], [b]) => a - b).map(([, value]) => value);
}

describe.each(PLATFORMS)("on %s", (platform) => {
  test("guards run for every request, and refuse also what is stored; runs pass them by", async () => {
    const guarded: string[] = [];
    let isOpen = true;
    let runs = 0;
    const gate: CanActivate = {
      canActivate(context) {
        guarded.push(asked(context).headers["x-who"] ?? "nobody");
        return isOpen;
      },
    };

    @Controller()
    @UseGuards(gate)
    class Pages {
      @Get("page")
      @CachedRoute({ ttl: "1m", staleWhileRevalidate: "1h" })
      page(): string {
        runs += 1;
        return "page";
      }
    }

    const site = await openSite({
      platform,
      controllers: [Pages],
      providers: [{ provide: APP_GUARD, useValue: gate }],
    });
    const as = (who: string): Promise<string> => site.read("/page", { headers: { "x-who": who } });
    expect([await as("a"), await as("b")]).toEqual(["200 page", "200 page"]);
    expect(guarded).toEqual(["a", "a", "b", "b"]);
    isOpen = false;
    expect(await as("c")).toMatch(/^403 /);
    isOpen = true;
    await site.clock.advance(61_000);
    guarded.length = 0;
    expect(await as("d")).toBe("200 page");
    await waitUntil(() => runs === 2, { what: "the page is made anew" });
    expect(guarded).toEqual(["d", "d"]);
  });

  test("50 users at once, by bearer and by a header: each gets its own, wherever the method looks", async () => {
    let runs = 0;

    @Controller()
    @UseGuards(tokens)
    @CachedRoute({ ttl: "1h", staleWhileRevalidate: "1h" })
    class Accounts {
      @Get("decorated/:page")
      async decorated(@CurrentUser() user: Person, @Param("page") page: string): Promise<string> {
        await setImmediate();
        runs += 1;
        return `${user.id} on ${page}`;
      }

      @Get("request/:page")
      async request(@Req() request: Asked, @Param("page") page: string): Promise<string> {
        await setImmediate();
        return `${request.user?.id} on ${page}`;
      }

      @Get("headers/:page")
      @Header("X-Page", "headers")
      headers(
        @Headers("authorization") bearer = "",
        @Headers("x-token") token = "",
        @Param("page") page: string,
      ): string {
        return `${bearer.replace("Bearer ", "")}${token} on ${page}`;
      }

      @Get("own/:page")
      own(@Req() request: Asked, @Res() res: { send(body: string): void }, @Param("page") page: string): void {
        const { user } = request;
        queueMicrotask(() => res.send(`${user?.id} on ${page}`));
      }
    }

    const site = await openSite({ platform, controllers: [Accounts] });
    const users = Array.from({ length: 50 }, (_, at) => `u${at}`);
    const ways = ["decorated", "request", "headers", "own"];
    const all = users.flatMap((user) => ways.map((way) => ({ user, way, page: 1 })));
    for (const name of ["authorization", "x-token"]) {
      const answers = shuffled(all, 42).map(async ({ user, way, page }) => {
        const value = name === "authorization" ? `Bearer ${user}` : user;
        const headers = { [name]: value };
        expect(await site.read(`/${way}/${page}`, { headers })).toBe(`200 ${user} on ${page}`);
      });
      await Promise.all(answers);
    }
    // Nothing was said of whose these are, so nothing was stored.
    expect(runs).toBe(100);
    expect(await site.read("/request/1")).toMatch(/^401 /);
  }, 30_000);

  test("a partition shares one user's answers with that user alone; what is public, with all", async () => {
    const runs: string[] = [];

    @Controller()
    @UseGuards(tokens)
    class Accounts {
      @Get("account")
      @CachedRoute({ ttl: "1h", partition: (context) => asked(context).user?.id })
      account(@CurrentUser() user: Person): string {
        runs.push(user.id);
        return `account of ${user.id}`;
      }

      @Get("news")
      @Header("Cache-Control", "public, max-age=60")
      @CachedRoute()
      news(): string {
        runs.push("news");
        return "news";
      }
    }

    const site = await openSite({ platform, controllers: [Accounts] });
    const as = (path: string, user: string): Promise<string> =>
      site.read(path, { headers: { authorization: `Bearer ${user}` } });
    for (const user of ["ann", "bob", "ann", "bob"]) {
      expect(await as("/account", user)).toBe(`200 account of ${user}`);
      expect(await as("/news", user)).toBe("200 news");
    }
    expect(runs).toEqual(["ann", "news", "bob"]);
    const answer = await site.fetch("/account", { headers: { authorization: "Bearer ann" } });
    expect(answer.headers.get("cache-control")).toBe("private, no-cache");
  });

  test("a partition sees what interceptors around it have put on the request", async () => {
    let runs = 0;

    @Controller()
    class Pages {
      @Get("page")
      @CachedRoute({ ttl: "1h", partition: (context) => asked(context).tenant })
      page(@Req() request: Asked): string {
        runs += 1;
        return `of ${request.tenant}`;
      }
    }

    const site = await openSite({
      platform,
      controllers: [Pages],
      configure: (app) =>
        app.useGlobalInterceptors({
          intercept(context, next) {
            const request = asked(context);
            request.tenant = request.headers["x-tenant"];
            return next.handle();
          },
        }),
    });
    for (const tenant of ["a", "b", "a", "b"]) {
      expect(await site.read("/page", { headers: { "x-tenant": tenant } })).toBe(`200 of ${tenant}`);
    }
    expect(runs).toBe(2);
  });

  test("a user whom middleware has put on Node's own request is known as one that a guard has found", async () => {
    @Controller()
    @CachedRoute({ ttl: "1h" })
    class Accounts {
      @Get("me")
      me(@Req() request: Asked & { raw?: Asked }): string {
        return (request.raw ?? request).user?.id ?? "nobody";
      }
    }

    const site = await openSite({
      platform,
      controllers: [Accounts],
      configure: (app) =>
        app.use((req: Asked, _res: object, next: () => void) => {
          const id = req.headers["x-token"];
          if (id !== undefined) req.user = { id };
          next();
        }),
    });
    for (const user of ["ann", undefined, "bob", "ann", undefined]) {
      const headers: Record<string, string> = user === undefined ? {} : { "X-Token": user };
      expect(await site.read("/me", { headers })).toBe(`200 ${user ?? "nobody"}`);
    }
    expect(await site.way("/me")).toBe("freshtier; hit");
  });

  test("cookies that a method sets reach their client alone", async () => {
    let count = 0;

    @Controller()
    class Logins {
      @Get("login")
      @CachedRoute({ ttl: "1h" })
      login(@Res({ passthrough: true }) res: { header(name: string, value: string): void }): string {
        count += 1;
        res.header("Set-Cookie", `session=${count}`);
        return `login ${count}`;
      }
    }

    const site = await openSite({ platform, controllers: [Logins] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => site.fetch("/login")));
    const cookies = answers.map(({ headers }) => headers.getSetCookie().join());
    expect(new Set(cookies).size).toBe(20);
    for (const answer of answers) {
      expect(`session=${(await answer.text()).slice(6)}`).toBe(answer.headers.get("set-cookie"));
    }
  });

  test("what was answered to http is not given to https, and a POST ends both", async () => {
    @Controller()
    class Shop {
      @Get("protocol")
      @CachedRoute({ ttl: "1h" })
      protocol(@Req() { protocol }: { readonly protocol: string }): string {
        return protocol;
      }

      @Post("protocol")
      @CachedRoute({ ttl: "1h" })
      change(): string {
        return "changed";
      }
    }

    const site = await openSite({ platform, controllers: [Shop], trustsProxies: true });
    const by = (scheme: string): RequestInit => ({ headers: { "X-Forwarded-Proto": scheme } });
    for (const scheme of ["http", "https", "http", "https"]) {
      expect(await site.read("/protocol", by(scheme))).toBe(`200 ${scheme}`);
    }
    expect(await site.way("/protocol", by("https"))).toBe("freshtier; hit");
    expect(await site.read("/protocol", { method: "POST", ...by("https") })).toBe("201 changed");
    for (const scheme of ["http", "https"])
      expect(await site.way("/protocol", by(scheme))).toBe("freshtier; fwd=uri-miss; stored");
  });

  test("what a client makes up of the host, or of parameters that are not declared, reaches no other", async () => {
    @Controller()
    class Links {
      @Get("link")
      @CachedRoute({ ttl: "1h", query: ["page"], origin: "https://shop.example" })
      link(
        @Req() request: { hostname: string; protocol: string; query: object; url: string; headers: object },
      ): object {
        const { hostname, protocol, query, url, headers } = request;
        return {
          hostname,
          protocol,
          query,
          url,
          headers: Object.keys(headers).filter((name) => name.startsWith("x-")),
        };
      }
    }

    const site = await openSite({ platform, controllers: [Links] });
    const evil = { "x-forwarded-host": "evil.example", "x-original-url": "/evil", forwarded: "host=evil.example" };
    const first = await site.read("/link?utm=evil&page=2", { headers: evil });
    expect(first).not.toContain("evil");
    expect(JSON.parse(first.slice(4))).toMatchObject({
      hostname: "shop.example",
      query: { page: "2" },
      url: "/link?page=2",
    });
    expect(await site.read("/link?page=2&utm=other")).toBe(first);
  });
});
