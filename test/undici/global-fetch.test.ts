// Node's own fetch, whatever undici is in it, through the dispatcher that this undici sets for the process.

import { afterEach, describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { getGlobalDispatcher, setGlobalDispatcher } from "./undici.ts";
import { eventually, KINDS, World, type Client } from "./world.ts";

forbidUnhandledRejections();
const world = new World(KINDS);
const usual = getGlobalDispatcher();
afterEach(() => setGlobalDispatcher(usual));

/** What the fetch of the process answers where this client's dispatcher is that of the process. */
async function globally(client: Client, path: string, init?: RequestInit): Promise<Response> {
  setGlobalDispatcher(client.agent);
  return globalThis.fetch(world.origin.url + path, init);
}

async function textOf(client: Client, path: string, init?: RequestInit): Promise<string> {
  return (await globally(client, path, init)).text();
}

describe.each(KINDS)("the global fetch, on a store in %s,", (kind) => {
  test("is answered by what any process has fetched, until an unsafe request ends it", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = (_request, response) =>
      response
        .writeHead(200, { "cache-control": "max-age=60", etag: '"v1"', "x-a": ["1", "2"] })
        .end(`answer ${world.origin.asked.length}`);
    expect(await textOf(here, "/")).toBe("answer 1");
    await here.stored("/");
    for (const client of [here, there, here]) {
      const response = await globally(client, "/");
      expect([response.status, await response.text()]).toEqual([200, "answer 1"]);
      // That of Node 20 and 22 puts lines together without a space.
      expect(response.headers.get("x-a")).toMatch(/^1, ?2$/);
      expect(response.headers.get("age")).toMatch(/^[0-9]$/);
    }
    expect(world.origin.asked).toEqual(["GET /"]);
    await textOf(there, "/", { method: "POST", body: "change" });
    expect(await textOf(there, "/")).toBe("answer 3");
    await eventually(async () => (await textOf(here, "/")) !== "answer 1", true);
    expect([...here.errors, ...there.errors]).toEqual([]);
  });

  test("is told that what is stored still holds", async () => {
    const [here, there] = await world.pair({ kind });
    const conditions: unknown[] = [];
    world.origin.handle = ({ headers }, response) => {
      conditions.push(headers["if-none-match"]);
      if (headers["if-none-match"] === '"v1"') return response.writeHead(304, { etag: '"v1"' }).end();
      return response.writeHead(200, { "cache-control": "no-cache", etag: '"v1"' }).end("body");
    };
    for (const client of [here, there, here]) {
      const response = await globally(client, "/");
      expect([response.status, await response.text()]).toEqual([200, "body"]);
      await client.stored("/");
    }
    expect(conditions).toEqual([undefined, '"v1"', '"v1"']);
  });

  test("gets one user's response for that user alone", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = ({ headers }, response) =>
      response.writeHead(200, { "cache-control": "public, max-age=60" }).end(`for ${String(headers.authorization)}`);
    const as = (authorization: string) => ({ headers: { authorization } });
    for (const client of [here, there]) {
      expect(await textOf(client, "/", as("Bearer ann"))).toBe("for Bearer ann");
      expect(await textOf(client, "/", as("Bearer bob"))).toBe("for Bearer bob");
      expect(await textOf(client, "/")).toBe("for undefined");
      await client.stored("/");
    }
    expect(world.origin.asked.length).toBe(3);
  });
});
