// Bodies of Node's own fetch that are passed on: still there when the response they came in has been collected as garbage.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cachedHandler } from "../../src/http/cached-handler.ts";
import { cachedFetch } from "../../src/http/full/cached-fetch.ts";
import { createCache } from "../support/cache.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const BODY = "body".repeat(10);
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((_request, response) => response.writeHead(200, { "cache-control": "no-store" }).end(BODY));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

test.each([
  ["cachedHandler", () => cachedHandler(() => fetch(url), createCache())],
  ["cachedFetch", () => cachedFetch((request) => fetch(request), createCache())],
])("%s passes a body on that is read later", async (_, make) => {
  const get = make();
  for (let round = 0; round < 4; round++) {
    const response = await get(new Request(url));
    for (let pass = 0; pass < 3; pass++) {
      collect();
      await turn();
    }
    expect(await response.text()).toBe(BODY);
  }
});
