// Cached routes by http and https: what is answered to one is not given to the other, whoever says which it is.

import { createServer, request, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer, request as requestSecurely } from "node:https";
import type { AddressInfo } from "node:net";
import express from "express";
import { describe, expect, onTestFinished, test } from "vitest";
import { cachedRoute as expressRoute } from "../../src/http/express/index.ts";
import { cachedRoute as fastifyRoute } from "../../src/http/fastify/index.ts";
import { cachedRoute as nodeRoute } from "../../src/http/index.ts";
import type { CachedRouteOptions } from "../../src/http/options.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { serveRoute, site, type Handler } from "./fastify/kit.ts";
import { listen, onFakeTime } from "./node/server-kit.ts";
import { askPort, type Ask, type Asking } from "./asking.ts";

forbidUnhandledRejections();

const PROTO = "X-Forwarded-Proto";

/** A redirect for who comes by http, a page for who comes by https. */
type Answered = readonly [status: number, text: string, location: string | undefined];
const moved = (location: string): Answered => [301, "", location];
const PAGE: Answered = [200, "page", undefined];

interface Opened {
  readonly ask: Ask;
  /** Whether the framework believes who asks. */
  readonly trust: (isTrusted: boolean) => void;
}

type Options = Omit<CachedRouteOptions<never>, "cache" | "clock">;

/** Handlers that answer by what their framework says, or by what stands in the request. */
const servers: Record<string, (options?: Options) => Promise<Opened>> = {
  async express(options) {
    const app = express();
    let isTrusted = true;
    app.set("trust proxy", () => isTrusted);
    const cached = onFakeTime<express.Request>({ ttl: "1m", ...(options as object) });
    app.all(
      "/a",
      expressRoute((req, res) => {
        if (req.protocol === "https") res.send("page");
        else res.status(301).location(`https://shop.example${req.originalUrl}`).end();
      }, cached.options),
    );
    return { ask: (await listen(app)).ask, trust: (given) => void (isTrusted = given) };
  },
  async fastify(options) {
    let isTrusted = true;
    const { app, shared, listen: start, url } = site({ trustProxy: () => isTrusted });
    const handler: Handler = async ({ protocol, originalUrl }, reply) =>
      protocol === "https" ? "page" : reply.redirect(`https://shop.example${originalUrl}`, 301);
    app.route({
      method: ["GET", "POST"],
      url: "/a",
      handler: fastifyRoute(handler, { ...shared, ttl: "1m", ...(options as object) }),
    });
    await start();
    const ask: Ask = (path, asking) => askPort(Number(new URL(url()).port), path, asking);
    return { ask, trust: (given) => void (isTrusted = given) };
  },
  async node(options) {
    const cached = onFakeTime<IncomingMessage>({ ttl: "1m", ...(options as object) });
    const route = nodeRoute(byHeader, cached.options);
    return { ask: (await listen((req, res) => void route(req, res))).ask, trust: () => undefined };
  },
};

function byHeader(req: IncomingMessage, res: ServerResponse): void {
  if (req.headers["x-forwarded-proto"] === "https") res.end("page");
  else res.writeHead(301, { Location: `https://shop.example${req.url}` }).end();
}

async function told(ask: Ask, proto: string | undefined, asking: Asking = {}): Promise<Answered> {
  const headers = { ...asking.headers, ...(proto === undefined ? {} : { [PROTO]: proto }) };
  const { status, text, headers: given } = await ask("/a", { ...asking, headers });
  return [status, text, given.location];
}

const LOOP = moved("https://shop.example/a");

describe.each(Object.keys(servers))("behind a proxy, on %s,", (name) => {
  const open = servers[name] as (typeof servers)[string];

  test.each([
    ["http", "https"],
    ["https", "http"],
    [undefined, "https"],
    ["https", undefined],
  ])("what was answered to %s is not given to %s", async (first, second) => {
    const { ask } = await open();
    const answerTo = (proto: string | undefined): Answered => (proto === "https" ? PAGE : LOOP);
    for (const proto of [first, second, first, second]) expect(await told(ask, proto)).toEqual(answerTo(proto));
    const headers = second === undefined ? {} : { [PROTO]: second };
    expect((await ask("/a", { headers })).way).toBe("hit; ttl=60");
  });

  test("one spelling of a scheme is as good as another, and others are not seen", async () => {
    const { ask } = await open();
    for (const proto of ["HTTPS", " https ", "https,https", "https , https"]) {
      expect([proto, await told(ask, proto)]).toEqual([proto, PAGE]);
    }
    expect((await ask("/a", { headers: { [PROTO]: "https" } })).way).toBe("hit; ttl=60");
    expect(await told(ask, "httpss")).toEqual(LOOP);
    for (const proto of ["wss", "", ",", "javascript", undefined]) {
      expect((await ask("/a", { headers: proto === undefined ? {} : { [PROTO]: proto } })).way).toBe("hit; ttl=60");
    }
  });

  test("a POST ends what both have, with credentials and without", async () => {
    const { ask } = await open();
    const askings = ["http", "https", undefined].flatMap((proto) =>
      [{}, { Cookie: "a=1" }].map((cookie) => ({
        headers: { ...cookie, ...(proto === undefined ? {} : { [PROTO]: proto }) },
      })),
    );
    const ways = async (): Promise<string[]> => {
      const all = [];
      for (const asking of askings) all.push((await ask("/a", asking)).way.replace(/;.*/, ""));
      return all;
    };
    // A response to credentials that is not called public leaves a note.
    const [hit, note, miss] = ["hit", "fwd=bypass", "fwd=uri-miss"];
    expect(await ways()).toEqual([miss, miss, miss, miss, miss, miss]);
    expect(await ways()).toEqual([hit, note, hit, note, hit, note]);
    expect((await ask("/a", { method: "POST", headers: { [PROTO]: "https" } })).status).toBe(200);
    expect(await ways()).toEqual([miss, miss, miss, miss, miss, miss]);
  });

  test.each<[string, Options]>([
    ["a header is declared", { vary: ["accept-language"] }],
    ["there are partitions", { partition: () => "tenant" }],
    ["the key is one's own", { key: () => "a" }],
    ["the field is declared", { vary: ["X-Forwarded-Proto"] }],
  ])("the same holds where %s", async (_, options) => {
    const { ask } = await open(options);
    for (let time = 0; time < 2; time++) {
      expect(await told(ask, "http")).toEqual(LOOP);
      expect(await told(ask, "https")).toEqual(PAGE);
    }
    expect((await ask("/a", { headers: { [PROTO]: "https" } })).way).toBe("hit; ttl=60");
    await ask("/a", { method: "POST", headers: { [PROTO]: "https" } });
    for (const proto of ["http", "https"])
      expect((await ask("/a", { headers: { [PROTO]: proto } })).way).toMatch(/^fwd=uri-miss/);
  });
});

test.each(["express", "fastify"])("on %s, what who is not believed says is not said to others", async (name) => {
  const { ask, trust } = await (servers[name] as (typeof servers)[string])();
  trust(false);
  expect(await told(ask, "https")).toEqual(LOOP);
  trust(true);
  expect(await told(ask, "https")).toEqual(PAGE);
  trust(false);
  expect(await told(ask, "https")).toEqual(LOOP);
  expect((await ask("/a", { headers: { [PROTO]: "https" } })).way).toBe("hit; ttl=60");
});

test.each([
  ["express", "https", "http"],
  ["fastify", "http", "https"],
])("on %s, of two proxies the one counts that it believes", async (name, first, second) => {
  const { ask } = await (servers[name] as (typeof servers)[string])();
  const [page, redirect] = [`${first}, ${second}`, `${second}, ${first}`];
  for (let time = 0; time < 2; time++) {
    expect(await told(ask, redirect)).toEqual(LOOP);
    expect(await told(ask, page)).toEqual(PAGE);
    expect(await told(ask, "http")).toEqual(LOOP);
    expect(await told(ask, "https")).toEqual(PAGE);
  }
  if (name === "fastify") {
    // The first is nothing that a run would see.
    expect(await told(ask, "ftp, https")).toEqual(PAGE);
    expect(await told(ask, "https, ftp")).toEqual(LOOP);
  }
});

test("on Fastify, a schema that casts headers leaves the scheme", async () => {
  const { url } = await serveRoute(
    async ({ protocol, headers }) => [protocol, headers["x-forwarded-proto"] ?? null, headers["x-size"]],
    { vary: ["x-size"] },
    (app) =>
      app.addHook("onRoute", (route) => {
        route.schema = { headers: { type: "object", properties: { "x-size": { type: "integer" } } } };
      }),
    { trustProxy: true },
  );
  const ask = (headers: Record<string, string>): Promise<{ readonly text: string }> =>
    askPort(Number(new URL(url()).port), "/a", { headers: { "X-Size": "05", ...headers } });
  expect((await ask({ [PROTO]: "HTTPS" })).text).toBe('["https","https",5]');
  expect((await ask({ [PROTO]: "http, https" })).text).toBe('["https","https",5]');
  expect((await ask({})).text).toBe('["http",null,5]');
});

test("a run sees a declared field as it came", async () => {
  const { ask } = await (servers["node"] as (typeof servers)[string])({ vary: [PROTO] });
  expect(await told(ask, "https")).toEqual(PAGE);
  for (const proto of ["HTTPS", "https, https"]) expect(await told(ask, proto)).toEqual(LOOP);
});

test("other fields that name the scheme are not seen, unless they are declared", async () => {
  const fields = ["Forwarded", "X-Forwarded-Ssl", "X-Forwarded-Scheme", "X-Forwarded-Protocol", "X-Scheme"];
  const others = ["Front-End-Https", "X-Url-Scheme", "X-Arr-Ssl", "CloudFront-Forwarded-Proto", "CF-Visitor"];
  const names = [...fields, ...others];
  const { options } = onFakeTime<IncomingMessage>({ ttl: "1m", vary: ["X-Forwarded-Ssl"] });
  const route = nodeRoute((req, res) => void res.end(JSON.stringify(req.headers)), options);
  const { ask } = await listen((req, res) => void route(req, res));
  const headers = Object.fromEntries(names.map((name) => [name, "evil"]));
  expect(JSON.parse((await ask("/a", { headers })).text)).toEqual({
    connection: undefined,
    host: "localhost",
    "x-forwarded-ssl": "evil",
  });
});

describe("without a proxy", () => {
  const PSK = { ciphers: "PSK-AES128-GCM-SHA256", maxVersion: "TLSv1.2" as const };
  const secret = { psk: Buffer.alloc(16, 1), identity: "test" };

  /** The same listener by http and by https: with a key that both know, there is no need of a certificate. */
  async function listenTwice(listener: RequestListener): Promise<Record<"http" | "https", () => Promise<string>>> {
    const plain = createServer(listener);
    const secure = createSecureServer({ ...PSK, pskCallback: () => secret.psk }, listener);
    for (const server of [plain, secure]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => server.close().closeAllConnections());
    }
    const ask = (send: typeof request, port: number, more: object): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { host: "127.0.0.1", port, path: "/a", agent: false, ...more };
        const asked = send(options, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
          response.on("end", () => resolve(text)).on("error", reject);
        });
        asked.on("error", reject).end();
      });
    const trusting = { ...PSK, pskCallback: () => secret, checkServerIdentity: () => undefined };
    return {
      http: () => ask(request, (plain.address() as AddressInfo).port, {}),
      https: () => ask(requestSecurely, (secure.address() as AddressInfo).port, trusting),
    };
  }

  const listeners: Record<string, () => RequestListener> = {
    node: () => {
      const { options } = onFakeTime<IncomingMessage>({ ttl: "1m" });
      const route = nodeRoute(
        ({ socket }, res) => void res.end("encrypted" in socket && socket.encrypted === true ? "yes" : "no"),
        options,
      );
      return (req, res) => void route(req, res);
    },
    express: () => {
      const { options } = onFakeTime<express.Request>({ ttl: "1m" });
      return express().get(
        "/a",
        expressRoute((req, res) => void res.send(req.secure ? "yes" : "no"), options),
      );
    },
  };

  test.each([
    ["node", ["http", "https"]],
    ["node", ["https", "http"]],
    ["express", ["http", "https"]],
    ["express", ["https", "http"]],
  ] as const)("on %s, what connections of %j get is told apart", async (name, order) => {
    const ask = await listenTwice((listeners[name] as () => RequestListener)());
    for (const scheme of [...order, ...order]) expect(await ask[scheme]()).toBe(scheme === "https" ? "yes" : "no");
  });
});
