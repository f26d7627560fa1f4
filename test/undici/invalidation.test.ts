// What an unsafe request, or the user, ends is gone for every process, and nothing that began before brings it back.

import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { collect } from "../support/cache.ts";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { eventually, KINDS, World, type Client } from "./world.ts";

forbidUnhandledRejections();
const world = new World(KINDS);

const CACHED = { "cache-control": "max-age=60" };

/** An origin with one thing, which every unsafe request changes. */
function originWithState(vary = "x-n"): void {
  let version = 1;
  world.origin.handle = ({ method, headers }, response) => {
    if (method === "POST") return response.writeHead(200).end(`changed to ${++version}`);
    return response.writeHead(200, { ...CACHED, vary }).end(`version ${version} for ${String(headers["x-n"])}`);
  };
}

const variant = (n: string) => ({ headers: { "x-n": n } });

/** An unsafe request, and all that it does to the cache. */
async function post(client: Client, path = "/"): Promise<void> {
  await client.text(path, { method: "POST", body: "change" });
  await client.stored(path);
}

describe.each(KINDS)("through %s", (kind) => {
  test("an unsafe request ends every variant and method of its URL, on all processes", async () => {
    const [here, there] = await world.pair({ kind, interceptor: { methods: ["GET", "HEAD"] } });
    originWithState();
    for (const client of [here, here, there, there]) {
      expect(await client.text("/", variant("a"))).toBe("version 1 for a");
      expect(await client.text("/", variant("b"))).toBe("version 1 for b");
      await client.text("/", { method: "HEAD" });
      expect(await client.text("/other", variant("a"))).toBe("version 1 for a");
    }
    expect(world.origin.asked.length).toBe(4);
    // Not waited for, as a caller would not.
    await there.text("/", { method: "POST" });
    expect(await there.text("/", variant("a"))).toBe("version 2 for a");
    await eventually(() => here.text("/", variant("b")), "version 2 for b");
    await there.text("/", { method: "HEAD" });
    expect(world.origin.asked.slice(4)).toEqual(["POST /", "GET /", "GET /", "HEAD /"]);
    expect(await here.text("/other", variant("a"))).toBe("version 1 for a");
    expect([...here.errors, ...there.errors]).toEqual([]);
  });

  test("and that of the URL its answer names", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = ({ method }, response) =>
      method === "POST"
        ? response.writeHead(201, { location: "/item" }).end()
        : response.writeHead(200, CACHED).end(String(world.origin.asked.length));
    expect(await here.text("/item")).toBe("1");
    await here.stored("/item");
    expect(await there.text("/item")).toBe("1");
    await post(there, "/list");
    await there.stored("/item");
    await eventually(async () => (await here.text("/item")) !== "1", true);
  });

  test.each(["the same process", "another process"])(
    "a body on its way does not come back after an unsafe request of %s",
    async (whose) => {
      const [here, there] = await world.pair({ kind });
      const rest = deferred<void>();
      let isNew = false;
      world.origin.handle = async ({ method }, response) => {
        if (method === "POST") return response.end();
        response.writeHead(200, CACHED).write(isNew ? "new " : "old ");
        if (!isNew) await rest.promise;
        return response.end("body");
      };
      const slow = await here.fetch("/");
      await post(whose === "the same process" ? here : there);
      isNew = true;
      rest.resolve();
      expect(await slow.text()).toBe("old body");
      await here.stored("/");
      for (const client of [here, there, here, there]) expect(await client.text("/")).toBe("new body");
      // What a process stores that has not heard yet is lost as well.
      expect(world.origin.asked.length).toBeLessThanOrEqual(5);
    },
  );

  test.each(["the same process", "another process"])(
    "nor does an answer that was made before one of %s, and sent after it",
    async (whose) => {
      const [here, there] = await world.pair({ kind });
      const slow: ServerResponse[] = [];
      const arrived = deferred<void>();
      world.origin.handle = ({ method }, response) => {
        if (method === "POST" || slow.length > 0) return response.writeHead(200, CACHED).end("new");
        slow.push(response);
        return arrived.resolve();
      };
      const old = here.text("/");
      await arrived.promise;
      // Word that comes later would end what is asked for meanwhile.
      const heard = new Promise((resolve) => there.cache.on("invalidate", resolve));
      await post(whose === "the same process" ? here : there);
      await heard;
      // Somebody has asked since: the URL has responses again.
      expect(await there.text("/")).toBe("new");
      await there.stored("/");
      slow[0]!.writeHead(200, CACHED).end("old");
      expect(await old).toBe("old");
      // It knows the URL as one without responses until it has heard of the new one.
      await waitUntil(() => here.stored("/"), { what: "word of what is stored has come" });
      expect(await here.text("/")).toBe("new");
      expect(await there.text("/")).toBe("new");
      expect(world.origin.asked).toEqual(["GET /", "POST /", "GET /"]);
    },
  );

  test("an answer that must not be stored ends what is, and is no reason to bother others where nothing is", async () => {
    const [here, there] = await world.pair({ kind });
    const ended: unknown[] = [];
    for (const { cache } of new Set([here, there])) cache.on("invalidate", (event) => ended.push(event));
    world.origin.says({ "cache-control": "no-store" });
    await here.text("/");
    await here.text("/");
    await here.stored("/");
    expect(ended).toEqual([]);
    world.origin.says(CACHED);
    expect([await here.text("/"), await here.text("/")]).toEqual(["answer 3", "answer 3"]);
    expect(await there.text("/")).toBe("answer 3");
    world.origin.says({ "cache-control": "no-store" });
    await there.text("/", { headers: { "cache-control": "no-cache" } });
    await there.stored("/");
    await eventually(async () => (await here.text("/")) !== "answer 3", true);
  });

  test("tags and the namespace end responses as well, and those on their way", async () => {
    const tags = (url: string): string[] => [`path:${new URL(url).pathname}`];
    const [here, there] = await world.pair({ kind, store: { tags, namespace: "web" } });
    const ends: [string, (client: Client) => Promise<unknown>][] = [
      ["/tag", ({ cache }) => cache.invalidateTags(["path:/tag"])],
      ["/namespace", ({ cache }) => cache.clearNamespace("web")],
    ];
    for (const [path, end] of ends) {
      world.origin.says(CACHED);
      const first = await here.text(path);
      expect(await here.text(path)).toBe(first);
      expect(await there.text(path)).toBe(first);
      await end(there);
      await eventually(async () => (await here.text(path)) !== first, true);
      await here.stored(path);
      await there.cache.clearNamespace("web");
      const rest = deferred<void>();
      world.origin.handle = async (_request, response) => {
        response.writeHead(200, CACHED).write("old");
        await rest.promise;
        response.end();
      };
      await eventually(async () => (await here.store.get(keyOf(path))) === undefined, true);
      const slow = await here.fetch(path);
      await end(there);
      world.origin.says(CACHED);
      rest.resolve();
      expect(await slow.text()).toBe("old");
      expect(await here.text(path)).not.toBe("old");
      expect(await there.text(path)).not.toBe("old");
    }
  });

  test("however often a URL is ended, it leaves nothing behind", async () => {
    const [here] = await world.pair({ kind });
    originWithState();
    for (let round = 0; round < 5; round++) {
      await post(here);
      await here.text("/", variant("a"));
      await here.stored("/");
    }
    const keys = await collect(here.cache.keys({ namespace: "undici" }));
    expect(keys.length).toBe(2);
  });
});

function keyOf(path: string) {
  return { origin: world.origin.url, method: "GET", path, headers: {} };
}
