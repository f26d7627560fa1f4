// Bodies: long ones pass, broken ones are not stored, and neither harms what is.

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { KINDS, World } from "./world.ts";

forbidUnhandledRejections();
const world = new World(KINDS);

const CACHED = { "cache-control": "max-age=60" };
const LIMIT = 100_000;

/** How an origin says how long a body is. */
const LENGTHS: readonly (readonly [string, (bytes: number) => Record<string, string>])[] = [
  ["a promised length", (bytes) => ({ "content-length": String(bytes) })],
  ["chunks", () => ({})],
];

describe.each(KINDS)("in %s", (kind) => {
  test.each(LENGTHS)("a body of the longest size with %s is stored, one byte more passes", async (_name, headers) => {
    const [here, there] = await world.pair({ kind, store: { maxEntrySize: LIMIT } });
    world.origin.handle = ({ url }, response) => {
      const body = Buffer.alloc(Number(url?.slice(1)), "x");
      response.writeHead(200, { ...CACHED, ...headers(body.byteLength) });
      for (let at = 0; at < body.byteLength; at += 30_000) response.write(body.subarray(at, at + 30_000));
      response.end();
    };
    for (const client of [here, here, there]) {
      expect((await client.text(`/${LIMIT}`)).length).toBe(LIMIT);
      expect((await client.text(`/${LIMIT + 1}`)).length).toBe(LIMIT + 1);
    }
    const asked = (path: string): number => world.origin.asked.filter((request) => request === `GET ${path}`).length;
    expect([asked(`/${LIMIT}`), asked(`/${LIMIT + 1}`)]).toEqual([1, 3]);
    expect([...here.errors, ...there.errors]).toEqual([]);
  });

  test("a body of several megabytes arrives whole, from the origin and from the cache", async () => {
    const [here, there] = await world.pair({ kind });
    const body = Buffer.from(Uint8Array.from({ length: 4_000_000 }, (_, index) => index % 251));
    world.origin.handle = (_request, response) => response.writeHead(200, CACHED).end(body);
    for (const client of [here, here, there]) {
      expect(Buffer.from(await (await client.fetch("/")).arrayBuffer()).equals(body)).toBe(true);
    }
    expect(world.origin.asked.length).toBe(1);
  });

  test.each(LENGTHS)("one with %s that breaks off is not stored, and nothing ends that is", async (_name, headers) => {
    const [here, there] = await world.pair({ kind });
    let breaks = false;
    world.origin.handle = (_request, response) => {
      response.writeHead(200, { ...CACHED, ...headers(8), vary: "x-n" });
      if (!breaks) return response.end("complete");
      return response.write("half", () => response.destroy());
    };
    const n = (value: string) => ({ headers: { "x-n": value } });
    expect(await here.text("/", n("1"))).toBe("complete");
    breaks = true;
    await expect(here.text("/", n("2"))).rejects.toThrow("terminated");
    breaks = false;
    expect(await here.text("/", n("2"))).toBe("complete");
    await here.stored("/");
    expect(await there.text("/", n("1"))).toBe("complete");
    expect(await here.text("/", n("1"))).toBe("complete");
    expect(world.origin.asked.length).toBe(3);
  });

  test("one that its caller leaves is not stored", async () => {
    const [here] = await world.pair({ kind });
    const begun = deferred<ServerResponse>();
    world.origin.handle = (_request, response) => {
      if (world.origin.asked.length > 1) return response.writeHead(200, CACHED).end("complete");
      response.writeHead(200, CACHED).write("half");
      return begun.resolve(response);
    };
    const leaving = new AbortController();
    const left = await here.fetch("/", { signal: leaving.signal });
    const response = await begun.promise;
    const closed = once(response, "close");
    leaving.abort();
    await expect(left.text()).rejects.toThrow("aborted");
    await closed;
    expect(await here.text("/")).toBe("complete");
    expect(await here.text("/")).toBe("complete");
    expect(world.origin.asked.length).toBe(2);
  });

  test("one of another length than promised is not stored, whoever hands it over", async () => {
    const [here] = await world.pair({ kind });
    const now = Date.now();
    const instants = { cachedAt: now, staleAt: now + 60_000, deleteAt: now + 60_000 };
    const value = { statusCode: 200, statusMessage: "OK", headers: { "content-length": "8" }, ...instants };
    const keyOf = (method: string) => ({ origin: "http://a.test", method, path: "/" });
    const write = async (method: string, text: string): Promise<string | undefined> => {
      const stream = here.store.createWriteStream(keyOf(method), value);
      if (text === "") stream!.end();
      else stream!.end(text);
      return (await here.store.get(keyOf(method)))?.body.toString();
    };
    expect(await write("GET", "short")).toBeUndefined();
    expect(await write("GET", "much too long")).toBeUndefined();
    expect(await write("GET", "complete")).toBe("complete");
    // undici gives its caller the same bytes, who may have changed them before the last ones come.
    const stream = here.store.createWriteStream(keyOf("GET"), value)!;
    const bytes = Buffer.from("half");
    stream.write(bytes);
    bytes.fill("x");
    stream.end("half");
    expect((await here.store.get(keyOf("GET")))?.body.toString()).toBe("halfhalf");
    // It has none.
    expect(await write("HEAD", "")).toBe("");
  });
});
