// What is stored and no longer fresh: undici asks the origin, and the store has what it needs for that.

import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { eventually, KINDS, World, type Client } from "./world.ts";

forbidUnhandledRejections();
const world = new World(KINDS);

/** The age of a response of which nine of ten seconds of freshness have passed on the way. */
const NEARLY_STALE = "9";

describe.each(KINDS)("a response in %s", (kind) => {
  test("is checked with its ETag before it is used, and not fetched again", async () => {
    const [here, there] = await world.pair({ kind });
    const conditions: IncomingHttpHeaders[] = [];
    world.origin.handle = ({ headers }, response) => {
      conditions.push(headers);
      if (headers["if-none-match"] === '"v1"') return response.writeHead(304, { etag: '"v1"' }).end();
      return response.writeHead(200, { "cache-control": "no-cache", etag: '"v1"', vary: "x-n" }).end("body");
    };
    const init = { headers: { "x-n": "5" } };
    expect(await here.text("/", init)).toBe("body");
    for (const client of [here, there]) {
      const response = await client.fetch("/", init);
      expect([response.status, await response.text()]).toEqual([200, "body"]);
    }
    expect(conditions.map((headers) => headers["if-none-match"])).toEqual([undefined, '"v1"', '"v1"']);
    expect(conditions.map((headers) => headers["x-n"])).toEqual(["5", "5", "5"]);
  });

  test("is replaced when the origin has another", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = (_request, response) => {
      const version = world.origin.asked.length;
      response.writeHead(200, { "cache-control": "no-cache", etag: `"v${version}"` }).end(`body ${version}`);
    };
    expect(await here.text("/")).toBe("body 1");
    expect(await here.text("/")).toBe("body 2");
    expect((await here.store.get(keyOf()))?.body.toString()).toBe("body 2");
    await eventually(async () => (await there.store.get(keyOf()))?.etag, '"v2"');
  });

  test("is served stale while one request behind fetches another", async () => {
    const [here, there] = await world.pair({ kind });
    let headers: Record<string, string> = {
      "cache-control": "max-age=10, stale-while-revalidate=60",
      age: NEARLY_STALE,
    };
    world.origin.handle = (_request, response) => {
      response.sendDate = false;
      response.writeHead(200, headers).end(`answer ${world.origin.asked.length}`);
    };
    expect(await here.text("/")).toBe("answer 1");
    await here.stored("/");
    headers = { "cache-control": "max-age=60" };
    await waitUntil(async () => (await there.text("/"), world.origin.asked.length > 1), { what: "it was stale" });
    const isNew = async (client: Client): Promise<boolean> => (await client.text("/")) !== "answer 1";
    for (const client of [here, there]) await eventually(() => isNew(client), true);
    await eventually(() => areServedWithoutTheOrigin([here, there]), true);
  });

  test("is fresh again when the origin says behind that it is still right", async () => {
    const [here, there] = await world.pair({ kind });
    const conditions: unknown[] = [];
    world.origin.handle = (request, response) => {
      response.sendDate = false;
      const condition = request.headers["if-none-match"];
      conditions.push(condition);
      if (condition === '"v1"') {
        return response.writeHead(304, { "cache-control": "max-age=60", "x-new": "yes", etag: '"v1"' }).end();
      }
      const soon = { "cache-control": "max-age=10, stale-while-revalidate=60", age: NEARLY_STALE };
      return response.writeHead(200, { ...soon, etag: '"v1"', "content-length": "4" }).end("body");
    };
    expect(await here.text("/")).toBe("body");
    await here.stored("/");
    await waitUntil(async () => (await here.text("/"), conditions.length > 1), { what: "it was stale" });
    for (const client of [here, there]) {
      await eventually(async () => (await client.fetch("/")).headers.get("x-new"), "yes");
      expect(await client.text("/")).toBe("body");
    }
    await eventually(() => areServedWithoutTheOrigin([here, there]), true);
    // undici asks once for each stale response that it serves.
    expect([...new Set(conditions)]).toEqual([undefined, '"v1"']);
    expect([...here.errors, ...there.errors]).toEqual([]);
  });

  test("is not made of another's body and the word of the origin on what was there before", async () => {
    const [here, there] = await world.pair({ kind });
    const held: ServerResponse[] = [];
    let version = 1;
    const say = (response: ServerResponse, status: number, cacheControl: string, age = "0"): void => {
      const headers = { etag: `"v${version}"`, "x-version": String(version), "cache-control": cacheControl, age };
      response.sendDate = false;
      response.writeHead(status, headers).end(status === 304 ? undefined : `body ${version}`);
    };
    const soon = "max-age=10, stale-while-revalidate=60";
    world.origin.handle = ({ method, headers }, response) => {
      if (method === "POST") return response.end();
      if (headers["if-none-match"] !== undefined) return held.push(response);
      return say(response, 200, version === 1 ? soon : "max-age=60", version === 1 ? NEARLY_STALE : "0");
    };
    expect(await here.text("/")).toBe("body 1");
    await here.stored("/");
    await waitUntil(async () => (await here.text("/"), held.length > 0), { what: "it was stale" });
    version = 2;
    await there.text("/", { method: "POST" });
    expect(await there.text("/")).toBe("body 2");
    await there.stored("/");
    await eventually(() => here.text("/"), "body 2");
    const writing = vi.spyOn(here.store, "createWriteStream");
    version = 1;
    for (const response of held) say(response, 304, "max-age=600");
    const isOver = (): boolean => writing.mock.results.some(({ value }) => (value as Writable).closed);
    await waitUntil(isOver, { what: "undici has handled the 304" });
    await here.stored("/");
    for (const client of [here, there]) expect((await client.fetch("/")).headers.get("x-version")).toBe("2");
  });

  test("is served when the origin fails and it may be", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = (_request, response) => {
      response.sendDate = false;
      if (world.origin.asked.length > 1) return response.writeHead(500).end("broken");
      return response
        .writeHead(200, { "cache-control": "max-age=10, stale-if-error=60", age: NEARLY_STALE })
        .end("body");
    };
    expect(await here.text("/")).toBe("body");
    await here.stored("/");
    await waitUntil(async () => (await there.text("/")) && world.origin.asked.length > 1, { what: "it was stale" });
    expect([await here.text("/"), await there.text("/")]).toEqual(["body", "body"]);
  });
});

/** Whether nobody asks any more: what was stale here as well, before this process heard, is asked for here as well. */
async function areServedWithoutTheOrigin(clients: readonly Client[]): Promise<boolean> {
  const before = world.origin.asked.length;
  for (const client of clients) await client.text("/");
  return world.origin.asked.length === before;
}

function keyOf() {
  return { origin: world.origin.url, method: "GET", path: "/", headers: {} };
}
