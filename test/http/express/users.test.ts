// One user's response never reaches another: fifty users of an Express application on real sockets, in whatever order.

import express, { type Request, type RequestHandler } from "express";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type * as Cached from "../../../src/http/express/index.ts";
import * as real from "../../../src/http/express/index.ts";
import type { CachedRouteOptions } from "../../../src/http/options.ts";
import { bundleSources, SRC, type Edit } from "../../support/bundle.ts";
import { createCache } from "../../support/cache.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import type { Asking } from "../asking.ts";
import { listen } from "../node/server-kit.ts";

forbidUnhandledRejections();

const USERS = 50;
/** How a user says who he is, and how the application finds out. */
const WAYS = ["session", "bearer", "guard", "private"] as const;

interface Step {
  readonly user: number | undefined;
  readonly as: (typeof WAYS)[number];
  readonly path: string;
  readonly method: string;
  readonly control: string | undefined;
  readonly status: number;
  readonly setsCookie: boolean;
  readonly passes: number;
  readonly leaves: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  user: fc.option(fc.nat(USERS - 1), { nil: undefined, freq: 4 }),
  as: fc.constantFrom(...WAYS),
  path: fc.constantFrom("/me", "/me?b=1&a=2", "/me?a=2&b=1", "/tree/me"),
  method: fc.constantFrom("GET", "GET", "GET", "GET", "HEAD", "POST"),
  control: fc.constantFrom(
    undefined,
    "max-age=60",
    "max-age=30",
    "private",
    "no-store",
    "max-age=1, stale-if-error=60",
  ),
  status: fc.constantFrom(200, 200, 200, 404, 503),
  setsCookie: fc.boolean(),
  passes: fc.constantFrom(0, 0, 2_000, 90_000),
  leaves: fc.boolean(),
});

type Options = Omit<CachedRouteOptions<Request>, "cache">;

const OPTIONS: Readonly<Record<string, Options>> = {
  "by default": { ttl: "1m" },
  "with a grace": { ttl: "1s", staleWhileRevalidate: "1h", staleIfError: "1h" },
  "by partition": { ttl: "1m", partition: (req) => nameOf(req) },
  "by a key of one's own": { ttl: "1m", key: (req) => `${req.path} of ${nameOf(req) ?? "nobody"}` },
  "without hit-for-miss": { ttl: "1m", hitForMiss: 0 },
};

/** Who it is, as the middleware has found out. */
function nameOf(req: Request): string | undefined {
  const { session, user } = req as Request & { session?: { name: string }; user?: { name: string } };
  const bearer = /^Bearer (.*)$/.exec(req.headers.authorization ?? "")?.[1];
  return session?.name ?? user?.name ?? bearer ?? (req.res?.locals["name"] as string | undefined);
}

const findOut: RequestHandler = (req, res, next) => {
  const session = /session=([^;]*)/.exec(req.headers.cookie ?? "")?.[1];
  if (session !== undefined) Object.assign(req, { session: { name: session } });
  const guarded = req.headers["x-user"];
  if (guarded !== undefined) Object.assign(req, { user: { name: guarded } });
  // One who says that what comes is his own, and nothing else that could be known.
  const own = req.headers["x-private-user"];
  if (own !== undefined) {
    res.locals["name"] = own;
    res.set("Cache-Control", "private");
  }
  next();
};

function askingOf({ user, as, method }: Step): Asking {
  const name = `user-${user}`;
  if (user === undefined) return { method };
  if (as === "session") return { method, headers: { Cookie: `theme=dark; session=${name}` } };
  if (as === "bearer") return { method, headers: { Authorization: `Bearer ${name}` } };
  return { method, headers: as === "guard" ? { "X-User": name } : { "X-Private-User": name } };
}

/** Goes through the steps, three requests at a time. @throws when somebody gets what is another's */
async function walk({ cachedRoute }: typeof Cached, options: Options, steps: readonly Step[]): Promise<void> {
  const { cache, clock } = createCache();
  const given: string[] = [];
  let runs = 0;
  const me: RequestHandler = async (req, res) => {
    const run = runs++;
    const { control, status, setsCookie } = steps[run % steps.length] as Step;
    await new Promise((resolve) => setImmediate(resolve));
    // Where middleware calls it private, the handler does not say otherwise.
    if (control !== undefined && !res.hasHeader("Cache-Control")) res.set("Cache-Control", control);
    if (setsCookie) res.cookie("of", `${nameOf(req) ?? "nobody"}.${run}`);
    res.status(status).send(nameOf(req) ?? "nobody");
  };
  const app = express().use(findOut);
  const settings = { ...options, cache, clock };
  app.all("/me", cachedRoute(me as RequestHandler<Request["params"], unknown, unknown>, settings));
  app.use("/tree", cachedRoute(express().all("/me", me), settings));
  const { ask, close } = await listen(app);
  try {
    for (let at = 0; at < steps.length; at += 3) {
      const together = steps.slice(at, at + 3);
      await Promise.all(
        together.map(async (one) => {
          const leaving = new AbortController();
          const asked = ask(one.path, { ...askingOf(one), signal: leaving.signal });
          if (one.leaves) setImmediate(() => leaving.abort());
          const reply = await asked.catch(() => undefined);
          if (reply === undefined) return;
          const name = one.user === undefined ? "nobody" : `user-${one.user}`;
          if (one.method !== "HEAD") expect([one, reply.text]).toEqual([one, name]);
          const cookies = reply.headers["set-cookie"] ?? [];
          for (const cookie of cookies) expect([one, cookie.split(/[=.]/)[1]]).toEqual([one, name]);
          given.push(...cookies);
        }),
      );
      await clock.advance(together[0]?.passes ?? 0);
    }
    // A cookie is for who was there when it was set.
    expect(new Set(given).size).toBe(given.length);
  } finally {
    await close();
    await cache.close();
  }
}

const all = (module: typeof Cached, options: Options): fc.IAsyncPropertyWithHooks<[Step[]]> =>
  fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 30 }), (steps) => walk(module, options, steps));

describe("one user's response never reaches another", () => {
  test.each(Object.entries(OPTIONS))("%s", { timeout: 60_000 }, async (_, options) => {
    await expect(fc.assert(all(real, options), { numRuns: 25 })).resolves.toBeUndefined();
  });
});

/** Each takes one of the mechanisms out. */
const WITHOUT: Readonly<Record<string, [keyof typeof OPTIONS, Edit]>> = {
  "the rule of users": [
    "by default",
    { file: "http/known-user.ts", find: "return holder.user !==", replace: "return false && holder.user !==" },
  ],
  "the rule of what middleware calls private": [
    "by default",
    {
      file: "http/node/inherited.ts",
      find: "return control !== undefined &&",
      replace: "return false && control !== undefined &&",
    },
  ],
  "the rule of credentials": [
    "by default",
    { file: "http/request-key.ts", find: "isMarked || hasCredentials(head, policy)", replace: "isMarked" },
  ],
  "the partition in the key": [
    "by partition",
    { file: "http/request-key.ts", find: "partition ?? null]", replace: "null]" },
  ],
  "the rule of cookies": [
    "by default",
    {
      file: "http/policy/storing.ts",
      find: 'if (!settings.isShared || response.fields.all("set-cookie").length === 0)',
      replace: "if (true)",
    },
  ],
};

describe("some other's does", () => {
  test.each(Object.entries(WITHOUT))("without %s", { timeout: 60_000 }, async (_, [options, edit]) => {
    const bundle = await bundleSources({ express: `${SRC}http/express/index.ts` }, [edit]);
    try {
      const broken = (await import(bundle.fileOf("express"))) as typeof Cached;
      const { failed } = await fc.check(all(broken, OPTIONS[options] as Options), { numRuns: 200, endOnFailure: true });
      expect(failed).toBe(true);
    } finally {
      await bundle.remove();
    }
  });
});
