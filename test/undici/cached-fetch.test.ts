// cachedFetch, which goes by our policy, on fetch as undici makes it: Node's own through this undici's dispatcher, and this
// undici's.

import { afterEach, describe, expect, test } from "vitest";
import * as http from "../../src/http/index.ts";
import { cachedFetch, type Fetch } from "../../src/undici/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { Agent, fetch, getGlobalDispatcher, setGlobalDispatcher } from "./undici.ts";
import { eventually, KINDS, World } from "./world.ts";

forbidUnhandledRejections();
const world = new World(KINDS);
const usual = getGlobalDispatcher();
afterEach(() => setGlobalDispatcher(usual));

const FETCHES: Record<string, Fetch> = {
  "the fetch of Node": (request) => globalThis.fetch(request),
  // A request of Node's means nothing to it.
  "the fetch of undici": ({ url, method, headers, body, signal }) => {
    const way = { redirect: "manual", duplex: "half" } as const;
    return fetch(url, { method, headers: [...headers], body, signal, ...way });
  },
};

type Cached = (request: Request) => Promise<Response>;

test("it is that of freshtier/http", () => {
  expect(cachedFetch).toBe(http.cachedFetch);
});

describe.each(KINDS)("through %s", (kind) => {
  test.each(Object.keys(FETCHES))("caches share what %s has brought, by any header that it varies by", async (name) => {
    const agent = new Agent();
    setGlobalDispatcher(agent);
    world.atEnd(() => agent.destroy());
    const [here, there] = await world.pair({ kind });
    const [one, two] = [here, there].map(({ cache }) => cachedFetch(FETCHES[name]!, { cache })) as [Cached, Cached];
    world.origin.handle = ({ method, headers }, response) => {
      if (method === "POST") return response.end("changed");
      response.writeHead(200, { "cache-control": "max-age=60", vary: "Accept-Language" });
      return response.end(`${String(headers["accept-language"])} ${world.origin.asked.length}`);
    };
    const ask = async (get: Cached, language: string): Promise<string> =>
      (await get(new Request(world.origin.url, { headers: { "accept-language": language } }))).text();
    for (const get of [one, two, one]) expect([await ask(get, "de"), await ask(get, "fr")]).toEqual(["de 1", "fr 2"]);
    const changed = await two(new Request(world.origin.url, { method: "POST", body: "change" }));
    expect(await changed.text()).toBe("changed");
    expect(await ask(two, "de")).toBe("de 4");
    await eventually(async () => (await ask(one, "de")) === "de 1", false);
  });
});
