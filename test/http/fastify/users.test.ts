// One user's response never reaches another: tries of every way that Fastify knows users by.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { gate } from "../handler-kit.ts";
import { cachedRoute } from "../../../src/http/fastify/index.ts";
import { serveRoute, site, type Handler, type Options, type Site } from "./kit.ts";

forbidUnhandledRejections();

interface Known extends FastifyRequest {
  user?: string | null;
}

/** Who asks, in the three usual ways; the handler says it in its answer. */
const WAYS: Record<string, { headers: (name: string) => Record<string, string>; guard: (request: Known) => string }> = {
  "a cookie": {
    headers: (name) => ({ Cookie: `name=${name}` }),
    guard: ({ headers }) => /name=(\w+)/.exec(headers.cookie ?? "")?.[1] ?? "nobody",
  },
  "a bearer token": {
    headers: (name) => ({ Authorization: `Bearer ${name}` }),
    guard: ({ headers }) => headers.authorization?.slice(7) ?? "nobody",
  },
  "a user that a hook has found by other means": {
    headers: (name) => ({ "X-Token": name }),
    guard: ({ headers }) => String(headers["x-token"] ?? "nobody"),
  },
};

/** The handler greets whom the hook has found. */
function greetings(way: string, control: string, options: Options = {}): Promise<Site & { readonly runs: string[] }> {
  const runs: string[] = [];
  const handler: Handler = async (request, reply) => {
    const { user = "nobody" } = request as Known;
    runs.push(String(user));
    if (control !== "") void reply.header("cache-control", control);
    return reply.send(`hello ${user}`);
  };
  const prepare = (app: FastifyInstance): void => {
    app.decorateRequest("user", null);
    app.addHook("preHandler", async (request: Known) => {
      const user = WAYS[way]?.guard(request);
      if (user !== "nobody") request.user = user ?? null;
    });
  };
  return serveRoute(handler, options, prepare).then((made) => ({ ...made, runs }));
}

const names = ["ann", "bob", "ann", "cid", "bob", "ann"];

describe.each(Object.keys(WAYS))("by %s", (way) => {
  const headers = (name: string): RequestInit => ({ headers: WAYS[way]?.headers(name) ?? {} });

  test.each(["", "max-age=60", "s-maxage=60", "private, max-age=60", "max-age=60, stale-while-revalidate=60"])(
    "with Cache-Control %j",
    async (control) => {
      const { ask, clock } = await greetings(way, control, { staleWhileRevalidate: "1h", staleIfError: "1h" });
      for (let round = 0; round < 2; round++) {
        for (const name of names) expect((await ask("/a", headers(name))).text).toBe(`hello ${name}`);
        await clock.advance(61_000);
      }
      const together = await Promise.all(names.map((name) => ask("/a", headers(name))));
      expect(together.map(({ text }) => text)).toEqual(names.map((name) => `hello ${name}`));
      expect((await ask("/a")).text).toMatch(/^hello (nobody|null)$/);
    },
  );

  test("and its partition has an answer for each, which is stored", async () => {
    const partition = (request: FastifyRequest): string | undefined => (request as Known).user ?? undefined;
    const { ask, runs } = await greetings(way, "", { partition });
    for (const name of names) expect((await ask("/a", headers(name))).text).toBe(`hello ${name}`);
    expect(runs).toEqual(["ann", "bob", "cid"]);
    const answer = await ask("/a", headers("ann"));
    expect([answer.way, answer.headers.get("cache-control")]).toEqual(["hit; ttl=60", "private, no-cache"]);
  });

  test("only what is called public is for everybody who is known", async () => {
    const { ask, runs } = await greetings(way, "public, max-age=60");
    await ask("/a", headers("ann"));
    await ask("/a", headers("bob"));
    expect(runs).toEqual(["ann"]);
  });
});

test.each(["private", "no-store"])("a hook that calls an answer %s keeps it to its client", async (control) => {
  const { ask } = await serveRoute(
    async (request) => String((request as { account?: string }).account),
    {},
    (app) => {
      app.decorateRequest("account", "nobody");
      app.addHook("onRequest", async (request, reply) => {
        const account = request.headers["x-token"];
        if (account === undefined) return;
        Object.assign(request, { account });
        void reply.header("cache-control", `${control}, max-age=5`);
      });
    },
  );
  for (const user of [...names, undefined, ...names, undefined]) {
    const headers: Record<string, string> = user === undefined ? {} : { "X-Token": user };
    expect((await ask("/a", { headers })).text).toBe(user ?? "nobody");
  }
  expect((await ask("/a")).way).toBe("hit; ttl=60");
});

test("what one run does to its request and reply is not seen by another, nor by the client's own", async () => {
  const { ask } = await serveRoute(
    async (request, reply) => {
      Object.assign(request, { seen: [...((request as { seen?: string[] }).seen ?? []), request.id] });
      Object.assign(request.query as object, { changed: request.id });
      void reply.header("set-cookie", `id=${request.id}`);
      return { seen: (request as { seen?: string[] }).seen, query: request.query };
    },
    { hitForMiss: 0 },
    (app) =>
      app.addHook("onSend", async (request, reply) => {
        void reply.header("x-query", JSON.stringify(request.query));
        void reply.header("x-seen", String("seen" in request));
      }),
  );
  for (const id of ["req-1", "req-2"]) {
    const answer = await ask("/a?b=1");
    expect(JSON.parse(answer.text)).toEqual({ seen: [id], query: { b: "1", changed: id } });
    expect(answer.headers.getSetCookie()).toEqual([`id=${id}`]);
    expect([answer.headers.get("x-query"), answer.headers.get("x-seen")]).toEqual(['{"b":"1"}', "false"]);
  }
});

test("a response that a run brings for its own client stays with it, while others wait for the same", async () => {
  const { opened, open } = gate();
  let come = 0;
  let runs = 0;
  const { ask } = await serveRoute(
    async (request, reply) => {
      runs++;
      await opened;
      return reply.header("set-cookie", `for=${request.headers["x-name"] as string}`).send(request.headers["x-name"]);
    },
    {},
    (app) => app.addHook("preHandler", async () => void come++),
  );
  const clients = ["one", "two", "three", "four"];
  const answers = clients.map((name) => ask("/a", { headers: { "X-Name": name } }));
  await waitUntil(() => come === 4 && runs > 0, { what: "all have come" });
  open();
  const got = (await Promise.all(answers)).map(({ text, headers }) => `${text} ${headers.get("set-cookie")}`);
  expect(got).toEqual(clients.map((name) => `${name} for=${name}`));
  expect(runs).toBe(4);
});

test("a failure of one run carries nothing of its reply to others but its status", async () => {
  const { opened, open } = gate();
  const constant = new Error("always the same");
  let come = 0;
  const { ask } = await serveRoute(
    async (_, reply) => {
      await opened;
      void reply.code(409).header("set-cookie", "session=secret");
      throw constant;
    },
    {},
    (app) => app.addHook("preHandler", async () => void come++),
  );
  const answers = [ask("/a"), ask("/a")];
  await waitUntil(() => come === 2, { what: "both have come" });
  open();
  for (const { status, headers } of await Promise.all(answers)) {
    expect([status, headers.get("set-cookie")]).toEqual([409, null]);
  }
});

test("credentials that a schema takes away after a hook has seen them still count", async () => {
  const runs: string[] = [];
  const { app, shared, listen } = site();
  app.addHook("onRequest", async (request) => void Object.assign(request, { session: request.headers.cookie }));
  const schema = { headers: { type: "object", properties: { accept: {} }, additionalProperties: false } };
  const handler = cachedRoute(
    async (request) => {
      runs.push(String((request as { session?: string }).session));
      return { cookie: request.headers.cookie ?? null, session: (request as { session?: string }).session ?? null };
    },
    { ...shared, ttl: "1m" },
  );
  app.get("/a", { schema }, handler);
  const { ask } = await listen();
  for (const name of ["ann", "bob"]) {
    expect((await ask("/a", { headers: { Cookie: name } })).text).toBe(`{"cookie":null,"session":"${name}"}`);
  }
  expect((await ask("/a")).text).toBe('{"cookie":null,"session":null}');
});
