// @CachedRoute among interceptors: those around it run for every client, and what is stored has been through all of them.

import { CacheInterceptor, CacheModule } from "@nestjs/cache-manager";
import {
  type CallHandler,
  ClassSerializerInterceptor,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Header,
  Inject,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from "@nestjs/common";
import { APP_INTERCEPTOR, Reflector } from "@nestjs/core";
import { map, type Observable, tap, timeout } from "rxjs";
import { describe, expect, test } from "vitest";
import { CachedRoute } from "../../src/nestjs/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { openSite, PLATFORMS, wayOf } from "./http-kit.ts";

forbidUnhandledRejections();

type Result = Observable<unknown>;

/** An interceptor that changes what it gets. */
function changing(change: (value: unknown) => unknown): NestInterceptor {
  return { intercept: (_context, next): Result => next.handle().pipe(map(change)) };
}

class User {
  readonly name = "Ann";
  readonly password = "secret";
}

/** As class-transformer does with `@Exclude() password`. */
const transformerPackage = {
  classToPlain: (value: unknown): object => (value instanceof User ? { name: value.name } : (value as object)),
  plainToInstance: (_type: unknown, value: unknown): never => value as never,
};

describe.each(PLATFORMS)("on %s", (platform) => {
  test("what interceptors of application, class and method make of a result is stored, and made once", async () => {
    const seen: string[] = [];

    @Controller()
    @UseInterceptors(changing((data) => ({ ofClass: data })))
    class Users {
      @Get("user")
      @CachedRoute({ ttl: "1m" })
      @UseInterceptors(changing((data) => ({ ofMethod: data })))
      user(): unknown {
        seen.push("user");
        return { name: "Ann" };
      }
    }

    const site = await openSite({
      platform,
      controllers: [Users],
      providers: [{ provide: APP_INTERCEPTOR, useValue: changing((data) => ({ provided: data })) }],
      configure: (app) => app.useGlobalInterceptors(changing((data) => ({ data }))),
    });
    const body = '200 {"provided":{"data":{"ofClass":{"ofMethod":{"name":"Ann"}}}}}';
    for (let request = 0; request < 3; request++) expect(await site.read("/user")).toBe(body);
    expect(seen).toEqual(["user"]);
  });

  test("ClassSerializerInterceptor leaves out of every answer what is to be left out", async () => {
    @Controller()
    class Users {
      @Get("user")
      @CachedRoute({ ttl: "1m" })
      user(): User {
        return new User();
      }

      @Get("inside")
      @CachedRoute({ ttl: "1m" })
      @UseInterceptors(new ClassSerializerInterceptor(new Reflector(), { transformerPackage }))
      inside(): User[] {
        return [new User()];
      }
    }

    const site = await openSite({
      platform,
      controllers: [Users],
      configure: (app) =>
        app.useGlobalInterceptors(new ClassSerializerInterceptor(app.get(Reflector), { transformerPackage })),
    });
    for (let request = 0; request < 3; request++) {
      expect(await site.read("/user")).toBe('200 {"name":"Ann"}');
      expect(await site.read("/inside")).toBe('200 [{"name":"Ann"}]');
    }
    expect(await site.way("/user")).toBe("freshtier; hit");
    for await (const key of site.cache.keys({ namespace: "http" })) {
      const stored = await site.cache.get<{ body: Uint8Array }>(key, { namespace: "http" });
      expect(Buffer.from(stored?.body ?? []).toString()).not.toContain("secret");
    }
  });

  test("interceptors around it run for every client, hits too, and may refuse; those inside only in runs", async () => {
    const log: string[] = [];
    let isForbidden = false;

    @Injectable()
    class Clock {
      now(): string {
        return "now";
      }
    }

    @Injectable()
    class Log implements NestInterceptor {
      @Inject(Clock) readonly clock!: Clock;

      intercept(context: ExecutionContext, next: CallHandler): Result {
        const own = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
        const res = context.switchToHttp().getResponse<{ header(name: string, value: string): unknown }>();
        return next.handle().pipe(
          tap(() => {
            if (isForbidden && own.headers["x-run"] === undefined) throw new ForbiddenException("after all");
            res.header("X-Log", this.clock.now());
            log.push("around");
          }),
        );
      }
    }

    @Controller()
    @UseInterceptors(Log)
    class Users {
      @Get("user")
      @CachedRoute({ ttl: "1m" })
      @UseInterceptors({ intercept: (_context, next): Result => (log.push("inside"), next.handle()) })
      user(): string {
        log.push("user");
        return "Ann";
      }
    }

    const site = await openSite({ platform, controllers: [Users], providers: [Clock] });
    expect(await site.read("/user")).toBe("200 Ann");
    // In the run, and around the client's request.
    expect(log.splice(0)).toEqual(["inside", "user", "around", "around"]);
    const hit = await site.fetch("/user");
    expect([await hit.text(), hit.headers.get("x-log"), wayOf(hit)]).toEqual(["Ann", "now", "freshtier; hit"]);
    expect(log).toEqual(["around"]);

    isForbidden = true;
    expect(await site.read("/user")).toMatch(/^403 .*after all/);
    isForbidden = false;
    expect(await site.read("/user")).toBe("200 Ann");
  });

  test("what they do to the answer of the cache itself changes nothing, and harms nothing", async () => {
    @Controller()
    class Users {
      @Get("user")
      @CachedRoute({ ttl: "1m" })
      @Header("X-User", "Ann")
      user(): object {
        return { names: ["Ann"] };
      }
    }

    const site = await openSite({
      platform,
      controllers: [Users],
      configure: (app) =>
        app.useGlobalInterceptors(
          { intercept: (_context, next): Result => next.handle().pipe(timeout(5_000)) },
          changing((value) => (value === null || value === undefined ? "" : value)),
          changing((data) => ({ data, keys: Object.keys(data as object) })),
        ),
    });
    const answers = [await site.fetch("/user"), await site.fetch("/user"), await site.fetch("/user")];
    for (const answer of answers) {
      expect(await answer.text()).toBe('{"data":{"names":["Ann"]},"keys":["names"]}');
      expect(answer.headers.get("x-user")).toBe("Ann");
    }
    const etag = answers[0]?.headers.get("etag") as string;
    expect((await site.fetch("/user", { headers: { "If-None-Match": etag } })).status).toBe(304);
  });

  test("the CacheInterceptor of @nestjs/cache-manager works beside it, inside and around", async () => {
    const seen: string[] = [];

    @Controller()
    class Prices {
      @Get("theirs")
      @UseInterceptors(CacheInterceptor)
      theirs(): object {
        seen.push("theirs");
        return { cents: 1 };
      }

      @Get("inside")
      @CachedRoute({ ttl: "1m" })
      @UseInterceptors(CacheInterceptor)
      inside(): object {
        seen.push("inside");
        return { cents: 2 };
      }

      @Get("ours")
      @CachedRoute({ ttl: "1m" })
      ours(): object {
        seen.push("ours");
        return { cents: 3 };
      }
    }

    @Controller("around")
    @UseInterceptors(CacheInterceptor)
    class Around {
      @Get()
      @CachedRoute({ ttl: "1m" })
      around(): object {
        seen.push("around");
        return { cents: 4 };
      }
    }

    const site = await openSite({ platform, controllers: [Prices, Around], imports: [CacheModule.register()] });
    for (let request = 0; request < 3; request++) {
      expect(await site.read("/theirs")).toBe('200 {"cents":1}');
      expect(await site.read("/inside")).toBe('200 {"cents":2}');
      expect(await site.read("/ours")).toBe('200 {"cents":3}');
      expect(await site.read("/around")).toBe('200 {"cents":4}');
    }
    expect(seen).toEqual(["theirs", "inside", "ours", "around"]);
  });
});
