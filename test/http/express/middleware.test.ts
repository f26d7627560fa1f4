// Routes of Express behind middleware, and whole trees of them behind one cached route.

import { gunzipSync } from "node:zlib";
import express, { Router, type Request, type RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/express/index.ts";
import type { CachedRouteOptions } from "../../../src/http/options.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { listen, onFakeTime, type Running } from "../node/server-kit.ts";
import { compress, cors, logTo, onHead, protect, session } from "./middleware-kit.ts";

forbidUnhandledRejections();

interface Served extends Running {
  readonly app: express.Express;
  readonly runs: () => number;
  readonly options: CachedRouteOptions<Request>;
}

/** `/x` answers with how many times it was run, for a minute, or as `answer` does, behind the middleware. */
async function serve(
  middleware: RequestHandler | readonly RequestHandler[],
  answer: (req: Request, res: express.Response, run: number) => unknown = (_, res, run) => void res.send(`run ${run}`),
  given: Omit<CachedRouteOptions<Request>, "cache"> = {},
): Promise<Served> {
  const { options } = onFakeTime<Request>({ ttl: "1m", ...given });
  let runs = 0;
  const app = express();
  for (const one of [middleware].flat()) app.use(one);
  app.get(
    "/x",
    cachedRoute((req, res) => answer(req, res, ++runs), options),
  );
  return { ...(await listen(app)), app, options, runs: () => runs };
}

describe("middleware that changes the methods of responses", () => {
  test("compresses stored answers for each client as it accepts", async () => {
    const { ask, runs } = await serve(compress, (_, res) => void res.json("ä".repeat(1_000)));
    const gzip = { "Accept-Encoding": "gzip" };
    for (let time = 0; time < 2; time++) {
      const packed = await ask("/x", { headers: gzip });
      expect([packed.headers["content-encoding"], packed.headers.vary]).toEqual(["gzip", "Accept-Encoding"]);
      expect(gunzipSync(packed.bytes).toString()).toBe(`"${"ä".repeat(1_000)}"`);
      const plain = await ask("/x");
      expect([plain.headers["content-encoding"], plain.bytes.length]).toEqual([undefined, 2_002]);
    }
    const known = await ask("/x", { headers: { ...gzip, "If-None-Match": String((await ask("/x")).headers.etag) } });
    expect([known.status, known.text]).toEqual([304, ""]);
    expect(runs()).toBe(1);
  });

  test("compresses no part of an answer: with it, ranges are ignored", async () => {
    const { ask } = await serve([compress], (_req, res) => void res.send("0123456789"));
    const range = { Range: "bytes=2-4" };
    for (let time = 0; time < 2; time++) {
      const whole = await ask("/x", { headers: { ...range, "Accept-Encoding": "gzip" } });
      expect([whole.status, gunzipSync(whole.bytes).toString()]).toEqual([200, "0123456789"]);
      for (const headers of [range, { ...range, "Accept-Encoding": "identity" }])
        expect(await ask("/x", { headers })).toMatchObject({ status: 206, text: "234" });
    }
  });

  test("gives the response a flush, which the handler may call in a run as well", async () => {
    const flushable: RequestHandler = (_req, res, next) => next(void Object.assign(res, { flush: () => undefined }));
    const { ask } = await serve([flushable], (_req, res) => {
      res.write("one ");
      (res as unknown as { flush(): void }).flush();
      res.end("two");
    });
    for (let time = 0; time < 2; time++) expect(await ask("/x")).toMatchObject({ status: 200, text: "one two" });
  });

  test("compresses what is passed on", async () => {
    const { ask } = await serve(compress, (_, res) => {
      res.set("Cache-Control", "no-store");
      res.write("one ");
      res.end("two");
    });
    for (let time = 0; time < 2; time++) {
      expect(gunzipSync((await ask("/x", { headers: { "Accept-Encoding": "gzip" } })).bytes).toString()).toBe(
        "one two",
      );
    }
  });

  test("hears of each head once, with what the cache says", async () => {
    const heads: string[] = [];
    const { ask } = await serve((_req, res, next) => {
      onHead(res, () => heads.push(`${res.statusCode} ${String(res.get("Cache-Status"))}`));
      next();
    });
    await ask("/x");
    await ask("/x");
    expect(heads).toEqual(["200 freshtier; fwd=uri-miss; ttl=60; stored", "200 freshtier; hit; ttl=60"]);
  });

  test("logs every answer", async () => {
    const lines: string[] = [];
    const { ask } = await serve(logTo(lines));
    await ask("/x?a");
    await ask("/x?a");
    await ask("/x", { method: "HEAD" });
    await waitUntil(() => lines.length === 3, { what: "all is logged" });
    expect(lines).toEqual(["GET /x?a 200 5", "GET /x?a 200 5", "HEAD /x 200 5"]);
  });
});

describe("what middleware says to one client", () => {
  test("a cookie reaches that client, and nobody else", async () => {
    const { ask, runs } = await serve(
      session(),
      (_, res) => void res.set("Cache-Control", "public, max-age=60").send("x"),
    );
    const cookies = [];
    for (let time = 0; time < 3; time++) cookies.push((await ask("/x")).headers["set-cookie"]);
    expect(cookies).toEqual([["sid=1; HttpOnly"], ["sid=2; HttpOnly"], ["sid=3; HttpOnly"]]);
    expect((await ask("/x", { headers: { Cookie: "sid=1" } })).headers["set-cookie"]).toBeUndefined();
    // Once for those without a cookie, and once for those with one.
    expect(runs()).toBe(2);
  });

  test("its cookie and the handler's both reach the client", async () => {
    const { ask } = await serve([session(), (_req, res, next) => next(void res.cookie("a", "1"))], (_, res) =>
      res.cookie("b", "2").send("x"),
    );
    for (const way of ["fwd=uri-miss; detail=set-cookie", "fwd=bypass; detail=set-cookie"]) {
      const { headers, way: said } = await ask("/x");
      expect(said).toBe(way);
      expect(headers["set-cookie"]?.map((cookie) => cookie.split(/[=;]/)[0])).toEqual(["a", "b", "sid"]);
    }
  });

  test("CORS and what helmet sets are those of each request", async () => {
    const { ask } = await serve([cors, protect], (_, res) => void res.vary("Accept-Language").send("x"), {
      vary: ["Accept-Language"],
    });
    for (const Origin of ["https://a.test", "https://b.test", "https://a.test"]) {
      const { headers } = await ask("/x", { headers: { Origin } });
      expect(headers["access-control-allow-origin"]).toBe(Origin);
      expect(headers.vary).toBe("Origin, Accept-Language");
      expect([headers["content-security-policy"], headers["x-powered-by"]]).toEqual(["default-src 'self'", undefined]);
    }
  });
});

describe("what middleware says of the answer", () => {
  test("counts where the handler says nothing", async () => {
    const { ask } = await serve((_req, res, next) => {
      res.set({ "Cache-Control": "max-age=5", "Cache-Tag": "a" }).type("text/plain");
      next();
    });
    for (const way of ["fwd=uri-miss; ttl=5; stored", "hit; ttl=5"]) {
      const { headers, way: said } = await ask("/x");
      expect([said, headers["content-type"]]).toEqual([way, "text/plain; charset=utf-8"]);
      expect([headers["cache-control"], headers["cache-tag"]]).toEqual(["no-cache", undefined]);
    }
  });

  test.each(["private", "no-store", "private, max-age=60"])("%s keeps it out, and apart", async (control) => {
    const guard: RequestHandler = (req, res, next) => {
      if (req.query["as"] !== undefined || req.headers["x-user"] !== undefined) res.set("Cache-Control", control);
      next();
    };
    const { ask } = await serve(guard, (req, res) => void res.send(String(req.headers["x-user"] ?? "nobody")));
    expect((await ask("/x")).text).toBe("nobody");
    expect((await ask("/x", { headers: { "X-User": "ann" } })).text).toBe("ann");
    expect((await ask("/x", { headers: { "X-User": "bob" } })).text).toBe("bob");
    const again = await ask("/x");
    expect([again.text, again.way]).toEqual(["nobody", "hit; ttl=60"]);
  });
});

describe("what middleware has put on the request and the response", () => {
  test("is there for the handler: locals, session, parameters and functions, which know the request", async () => {
    const prepare: RequestHandler = (req, res, next) => {
      res.locals["a"] = 1;
      Object.assign(req, {
        tenant: "t",
        isSecret(this: Request) {
          return this.path;
        },
      });
      Object.assign(res, { succeed: () => res.send("to the client itself") });
      next();
    };
    const { ask } = await serve(prepare, (req, res) => {
      const { tenant, isSecret } = req as Request & { tenant: string; isSecret: () => string };
      expect(res).not.toHaveProperty("succeed");
      expect([req.res === res, res.req === req]).toEqual([true, true]);
      res.json({ ...res.locals, tenant, secret: isSecret.call(req), app: req.app === res.app });
    });
    expect(JSON.parse((await ask("/x")).text)).toEqual({ a: 1, tenant: "t", secret: "/x", app: true });
  });

  test("a user among the locals of the response keeps it to himself as well", async () => {
    const { options } = onFakeTime<Request>({ ttl: "1m" });
    const app = express().use((req, res, next) => {
      if (req.headers["x-token"] !== undefined) res.locals["user"] = req.headers["x-token"];
      next();
    });
    app.get(
      "/me",
      cachedRoute((_req, res) => void res.send(String(res.locals["user"] ?? "nobody")), options),
    );
    const { ask } = await listen(app);
    for (const user of ["ann", undefined, "bob", undefined]) {
      const { text } = await ask("/me", user === undefined ? {} : { headers: { "X-Token": user } });
      expect(text).toBe(user ?? "nobody");
    }
    expect((await ask("/me")).way).toBe("hit; ttl=60");
  });

  test("a user keeps the answer to himself, unless it is public or there is a partition", async () => {
    const guard: RequestHandler = (req, _res, next) => {
      Object.assign(req, { user: req.headers["x-user"] });
      next();
    };
    const answer = (req: Request, res: express.Response): unknown => res.send(String((req as { user?: string }).user));
    const as = (user: string): object => ({ headers: { "X-User": user } });
    const alone = await serve(guard, answer);
    expect((await alone.ask("/x", as("ann"))).way).toBe("fwd=uri-miss; detail=user");
    expect((await alone.ask("/x", as("bob"))).text).toBe("bob");
    expect((await alone.ask("/x")).text).toBe("undefined");
    const parted = await serve(guard, answer, { partition: (req) => (req as { user?: string }).user });
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
      expect(await parted.ask("/x", as("ann"))).toMatchObject({ text: "ann", way });
      expect(await parted.ask("/x", as("bob"))).toMatchObject({ text: "bob", way });
    }
  });
});

describe("where a route is", () => {
  test("under a mounted router with parameters, it sees the paths that it sees without a cache", async () => {
    const { options } = onFakeTime<Request>({ ttl: "1m" });
    const seen: RequestHandler = (req, res) =>
      void res.json([req.url, req.originalUrl, req.baseUrl, req.path, req.params, req.query, res.locals["item"]]);
    const build = (route: RequestHandler): express.Express => {
      const router = Router({ mergeParams: true });
      router.param("id", (_req, res, next, id: string) => {
        res.locals["item"] = `item ${id}`;
        next();
      });
      router.get("/items/:id", route);
      router.get("/", route);
      return express().use("/shops/:shop", router);
    };
    const plain = await listen(build(seen));
    const cached = await listen(
      build(cachedRoute(seen as RequestHandler<Record<string, string>>, options as never) as RequestHandler),
    );
    for (const path of ["/shops/1/items/2?b=1&a=2", "/shops/1", "/shops/1/", "/shops/1?a", "/shops/2/items/2"]) {
      const sorted = path.replace("b=1&a=2", "a=2&b=1");
      const expected = (await plain.ask(sorted)).text;
      for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
        expect([path, await cached.ask(path)]).toMatchObject([path, { text: expected, way }]);
      }
    }
  });

  test.each(["simple", "extended"])("the query parser %s sees the query of the key", async (parser) => {
    const { ask, app } = await serve([], (req, res) => void res.json(req.query), { query: ["a", "b[c]"] });
    app.set("query parser", parser);
    const { text } = await ask("/x?utm=1&b[c]=2&a=1&a=2");
    expect(JSON.parse(text)).toEqual(
      parser === "simple" ? { a: ["1", "2"], "b[c]": "2" } : { a: ["1", "2"], b: { c: "2" } },
    );
    expect((await ask("/x?utm=2&a=1&a=2&b[c]=2")).way).toBe("hit; ttl=60");
  });

  test("a query that middleware has read is not seen where the key has another", async () => {
    const validate: RequestHandler = (req, _res, next) => {
      Object.defineProperty(req, "query", {
        value: { ...req.query, checked: true },
        configurable: true,
        enumerable: true,
      });
      next();
    };
    const { ask } = await serve(validate, (req, res) => void res.json(req.query), { query: ["a"] });
    expect((await ask("/x?a=1&utm=evil")).text).toBe('{"a":"1"}');
    expect((await ask("/x?a=2")).text).toBe('{"a":"2","checked":true}');
  });

  test("that middleware has rewritten, the key is of where it is now", async () => {
    const byTenant: RequestHandler = (req, _res, next) => {
      req.url = `/${String(req.headers["x-tenant"])}${req.url}`;
      next();
    };
    const { cache } = onFakeTime<Request>().options;
    const app = express().use(byTenant);
    app.get(
      "/:tenant/x",
      cachedRoute<{ tenant: string }>((req, res) => void res.send(req.params.tenant), {
        cache,
        ttl: "1m",
        tags: (req) => [req.params.tenant],
      }),
    );
    const { ask } = await listen(app);
    for (const tenant of ["a", "b", "a", "b"])
      expect((await ask("/x", { headers: { "X-Tenant": tenant } })).text).toBe(tenant);
  });

  test("that middleware has led elsewhere, what it has taken away tells answers apart", async () => {
    const byLanguage: RequestHandler = (req, _res, next) => {
      const [, language, rest] = /^\/(de|en)(\/.*)/.exec(req.url) ?? [];
      if (rest !== undefined) Object.assign(req, { language, url: rest });
      next();
    };
    const { options } = onFakeTime<Request>({ ttl: "1m" });
    let runs = 0;
    const app = express().use(byLanguage);
    app.all(
      "/x",
      cachedRoute((req, res) => {
        const { language = "none" } = req as { language?: string };
        res.send(`${language} ${req.originalUrl} ${++runs}`);
      }, options),
    );
    const { ask } = await listen(app);
    expect((await ask("/de/x?b=1&a=2")).text).toBe("de /de/x?a=2&b=1 1");
    expect((await ask("/en/x")).text).toBe("en /en/x 2");
    expect((await ask("/x")).text).toBe("none /x 3");
    expect(await ask("/de/x?a=2&b=1")).toMatchObject({ text: "de /de/x?a=2&b=1 1", way: "hit; ttl=60" });
    await ask("/en/x", { method: "POST" });
    expect((await ask("/en/x")).text).toBe("en /en/x 5");
    expect((await ask("/x")).way).toBe("hit; ttl=60");
  });

  test("a whole tree is cached by one", async () => {
    const { options } = onFakeTime<Request>({ ttl: "1m" });
    let runs = 0;
    const tree = express();
    tree.use((_req, res, next) => next(void res.set("X-Run", String(++runs))));
    tree.get("/a", (_req, res) => void res.json("a"));
    tree.get("/b/:c", (req, res) => void res.json(req.params["c"]));
    tree.get("/session", session(), (_req, res) => void res.json("mine"));
    const app = express().use("/api", cachedRoute(tree, options));
    app.use("/api", (_req, res) => void res.status(404).send("none of the tree"));
    const { ask } = await listen(app);
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
      expect(await ask("/api/a")).toMatchObject({ text: '"a"', way });
      expect(await ask("/api/b/7")).toMatchObject({ text: '"7"', way });
    }
    expect(runs).toBe(2);
    expect((await ask("/api/session")).headers["set-cookie"]).toEqual(["sid=1; HttpOnly"]);
    expect((await ask("/api/session")).headers["set-cookie"]).toEqual(["sid=2; HttpOnly"]);
    for (let time = 0; time < 2; time++) {
      expect(await ask("/api/none")).toMatchObject({ status: 404, text: "none of the tree" });
    }
  });

  test("two applications on one cache are told apart by their namespaces", async () => {
    const { options } = onFakeTime<Request>({ ttl: "1m" });
    const build = (text: string, namespace: string): Promise<Running> =>
      listen(
        express().get(
          "/x",
          cachedRoute((_req, res) => void res.send(text), { ...options, namespace }),
        ),
      );
    const [one, two] = [await build("one", "http-one"), await build("two", "http-two")];
    for (let time = 0; time < 2; time++) {
      expect([(await one.ask("/x")).text, (await two.ask("/x")).text]).toEqual(["one", "two"]);
    }
  });
});

describe("what a request says of its host and its way", () => {
  const tell = (req: Request, res: express.Response): unknown =>
    res.json([
      req.hostname,
      req.host,
      req.protocol,
      req.secure,
      req.headers.host,
      JSON.stringify([req.headers, req.rawHeaders]).includes("evil"),
      req.ip === "127.0.0.1" || req.ip === "::ffff:127.0.0.1",
    ]);

  test.each<[string, string | undefined, boolean, unknown]>([
    [
      "an origin",
      "https://shop.example:444",
      true,
      ["shop.example", "shop.example:444", "https", true, "shop.example:444", false, true],
    ],
    [
      "an origin, and no proxy",
      "https://shop.example",
      false,
      ["shop.example", "shop.example", "https", true, "shop.example", false, true],
    ],
    ["no origin", undefined, true, ["localhost", "localhost", "http", false, "localhost", false, true]],
  ])("with %s reaches nobody else", async (_, origin, trusts, expected) => {
    const { ask, app } = await serve([], tell, { origin });
    app.set("trust proxy", trusts);
    const headers = {
      Host: "evil.test",
      "X-Forwarded-Host": "evil.test",
      "X-Forwarded-For": "6.6.6.6",
      Forwarded: "host=evil.test",
      "X-Original-URL": "/evil",
      "X-Rewrite-URL": "/evil",
      "X-Host": "evil.test",
      "X-HTTP-Method-Override": "DELETE",
    };
    for (const asking of [{ headers }, {}]) expect(JSON.parse((await ask("/x", asking)).text)).toEqual(expected);
  });
});
