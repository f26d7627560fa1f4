// Cookies that a plugin writes before sending, as @fastify/cookie does: a response of a run that sets one is its client's alone.

import type { FastifyInstance, FastifyReply } from "fastify";
import { expect, test } from "vitest";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { serveRoute, type Handler, type Options, type Site } from "./kit.ts";

forbidUnhandledRejections();

const KEPT = Symbol("fastify.reply.setCookies");

interface Cookieing extends FastifyReply {
  [KEPT]: Map<string, string> | null;
  setCookie(name: string, value: string): this;
}

/** Notes cookies on the reply, in a Map that is made when it is needed, and writes them before sending. */
function cookies(app: FastifyInstance): void {
  app.decorateReply(KEPT, null);
  app.decorateReply("setCookie", function setCookie(this: FastifyReply, name: string, value: string) {
    const reply = this as Cookieing;
    reply[KEPT] ??= new Map();
    reply[KEPT].set(name, value);
    return reply;
  });
  app.addHook("onRequest", async (request, reply) => {
    const seen = request.headers["x-seen"];
    if (seen !== undefined) void (reply as Cookieing).setCookie("seen", String(seen));
  });
  app.addHook("onSend", async (_request, reply) => {
    for (const [name, value] of (reply as Cookieing)[KEPT] ?? []) void reply.header("set-cookie", `${name}=${value}`);
  });
}

function serve(handler: Handler, options: Options = {}): Promise<Site> {
  return serveRoute(handler, options, cookies);
}

test.each(["", "public, max-age=60"])(
  "one that a handler sets reaches its client, and nobody else (%j)",
  async (control) => {
    let last = 0;
    const { ask } = await serve(async (_, reply) => {
      const id = ++last;
      if (control !== "") void reply.header("cache-control", control).header("cdn-cache-control", "max-age=60");
      void (reply as Cookieing).setCookie("session", String(id));
      return reply.send({ session: id });
    });
    for (const id of [1, 2, 3]) {
      const answer = await ask("/a", { headers: { "X-Seen": "yes" } });
      expect([answer.text, answer.headers.getSetCookie()]).toEqual([
        `{"session":${id}}`,
        ["seen=yes", `session=${id}`],
      ]);
      expect(answer.headers.get("cache-control")).toBe(control === "" ? null : control);
    }
  },
);

test("one that a hook has set for a client is its own: what the handler answers is stored", async () => {
  const { ask } = await serve(async () => "for all");
  const first = await ask("/a", { headers: { "X-Seen": "1" } });
  const second = await ask("/a", { headers: { "X-Seen": "2" } });
  expect([first.headers.getSetCookie(), second.headers.getSetCookie()]).toEqual([["seen=1"], ["seen=2"]]);
  expect(second.way).toBe("hit; ttl=60");
});
