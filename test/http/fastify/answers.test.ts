// cachedRoute for Fastify: what handlers may answer with, and what becomes of it.

import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { cachedRoute } from "../../../src/http/fastify/index.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { site, type Handler } from "./kit.ts";

forbidUnhandledRejections();

describe("a handler is run once, and answers the same from the cache", () => {
  const bytes = Buffer.from([0, 255, 128, 10]);
  const ways: Record<string, [Handler, { status?: number; type?: string | null; text?: string; length?: string }]> = {
    "a value": [async () => ({ a: 1 }), { type: "application/json; charset=utf-8", text: '{"a":1}' }],
    "null in an object": [async () => [null], { text: "[null]" }],
    "a text": [async () => "text", { type: "text/plain; charset=utf-8", text: "text" }],
    "a text of a type": [async (_, reply) => reply.type("text/html").send("<p>"), { type: "text/html", text: "<p>" }],
    "a text that is JSON": [
      async (_, reply) => reply.type("application/json").send('{"b":2}'),
      { type: "application/json; charset=utf-8", text: '{"b":2}' },
    ],
    "an empty text": [async () => "", { text: "", length: "0" }],
    bytes: [async () => bytes, { type: "application/octet-stream", text: bytes.toString() }],
    "a typed array": [async () => new Uint8Array(bytes), { type: "application/octet-stream", text: bytes.toString() }],
    "reply.send, returned": [async (_, reply) => reply.send({ b: 1 }), { text: '{"b":1}' }],
    "reply.send, and the reply returned": [
      async (_, reply) => {
        void reply.send({ c: 1 });
        return reply;
      },
      { text: '{"c":1}' },
    ],
    "a callback": [
      (_, reply) => {
        setImmediate(() => void reply.code(203).send({ d: 1 }));
      },
      { status: 203, text: '{"d":1}' },
    ],
    "a value that is returned at once": [() => ({ e: 1 }), { text: '{"e":1}' }],
    nothing: [async () => undefined, { text: "", length: "0", type: null }],
    "204": [
      async (_, reply) => reply.code(204).header("cache-control", "max-age=9").send(),
      { status: 204, text: "", type: null },
    ],
    "a redirect": [
      async (_, reply) => reply.header("cache-control", "max-age=9").redirect("/b", 301),
      { status: 301, text: "" },
    ],
    "a stream": [
      async (_, reply) => reply.type("text/csv").send(Readable.from(["a,", "b"])),
      { type: "text/csv", text: "a,b" },
    ],
    "a stream without a type": [async () => Readable.from([Buffer.from("x")]), { type: null, text: "x" }],
    "a web stream": [
      async (_, reply) => reply.type("text/csv").send(new Blob(["c,d"]).stream()),
      { type: "text/csv", text: "c,d" },
    ],
    "a Response": [
      async () => new Response("r", { status: 203, headers: { "content-type": "text/x-r", "x-r": "1" } }),
      { status: 203, type: "text/x-r", text: "r" },
    ],
    "what it writes to reply.raw": [
      (_, reply) => {
        reply.raw.writeHead(203, { "Content-Type": "text/raw" });
        reply.raw.write("ra");
        reply.raw.end("w");
      },
      { status: 203, type: "text/raw", text: "raw" },
    ],
  };

  test.each(Object.keys(ways))("%s", async (name) => {
    const [handler, expected] = ways[name] as (typeof ways)[string];
    let runs = 0;
    const counted: Handler = function counted(request, reply) {
      runs++;
      return handler.call(this, request, reply);
    };
    const made = site();
    made.app.get("/plain", handler);
    made.app.get("/a", cachedRoute(counted, { ...made.shared, ttl: "1m" }));
    await made.listen();
    const plain = await made.ask("/plain");
    const { status = 200, type, text, length } = expected;
    for (const way of ["fwd=uri-miss; ttl=60; stored", "hit; ttl=60"]) {
      const answer = await made.ask("/a");
      expect([answer.status, answer.text, answer.way.replace("ttl=9", "ttl=60")]).toEqual([status, text, way]);
      expect([plain.status, plain.text]).toEqual([answer.status, answer.text]);
      if (type !== undefined) expect(answer.headers.get("content-type")).toBe(type);
      expect(answer.headers.get("content-type")).toBe(plain.headers.get("content-type"));
      if (length !== undefined) expect(answer.headers.get("content-length")).toBe(length);
    }
    expect(runs).toBe(1);
  });
});
