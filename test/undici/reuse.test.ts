// What is stored is found: at once, by every process, for the requests it is for and no others.

import { describe, expect, test } from "vitest";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Agent, interceptors, request, type Dispatcher } from "./undici.ts";
import { eventually, KINDS, World } from "./world.ts";

forbidUnhandledRejections();
const world = new World(KINDS);

describe.each(KINDS)("a response that is shared through %s", (kind) => {
  test("is served as it came, at once, to every process, without the origin", async () => {
    const [here, there] = await world.pair({ kind });
    const bytes = Buffer.from([0, 255, 13, 10, 0xc3, 0x28]);
    world.origin.handle = (_request, response) =>
      response
        .writeHead(203, "Somewhat", { "cache-control": "max-age=60", "x-a": ["1", "2"], etag: '"v1"' })
        .end(bytes);
    const first = await here.fetch("/data");
    expect(Buffer.from(await first.arrayBuffer())).toEqual(bytes);
    for (const client of [here, there, here, there]) {
      const response = await client.fetch("/data");
      expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
      expect([response.status, response.statusText]).toEqual([203, "Somewhat"]);
      // An origin dates its answers to the second, and the machine may be busy.
      expect(response.headers.get("age")).toMatch(/^[0-9]$/);
      expect(response.headers.get("x-a")).toBe("1, 2");
      expect(response.headers.get("etag")).toBe('"v1"');
    }
    expect(world.origin.asked).toEqual(["GET /data"]);
    expect([...here.errors, ...there.errors]).toEqual([]);
  });

  test("has an empty body where it came without one", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = (_request, response) => response.writeHead(204, { "cache-control": "max-age=60" }).end();
    await here.text("/");
    await here.stored("/");
    const response = await there.fetch("/");
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(world.origin.asked.length).toBe(1);
  });

  test("is for the request headers it varies by", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = ({ headers }, response) =>
      response
        .writeHead(200, { "cache-control": "max-age=60", vary: "Accept-Language, X-Plan" })
        .end(`${String(headers["accept-language"])}/${String(headers["x-plan"])}`);
    const speak = (language: string, plan?: string) => ({
      headers: { "accept-language": language, ...(plan !== undefined && { "x-plan": plan }) },
    });
    const requests = [speak("de"), speak("fr"), speak("de", "gold"), speak("fr", "")];
    const all = ["de/undefined", "fr/undefined", "de/gold", "fr/"];
    for (const client of [here, here, there]) {
      for (const [index, init] of requests.entries()) expect(await client.text("/", init)).toBe(all[index]);
    }
    expect(world.origin.asked.length).toBe(4);
  });

  test("is the latest of those that match, where the origin varies by other headers than before", async () => {
    const [here, there] = await world.pair({ kind });
    const says = (vary: string, body: string, age: string): void => {
      world.origin.handle = (_request, response) =>
        response.writeHead(200, { "cache-control": "max-age=600", vary, age }).end(body);
    };
    const headers = { "x-a": "1", "x-b": "1" };
    says("X-A", "by a", "100");
    await here.text("/", { headers });
    await here.stored("/");
    says("X-B", "by b", "10");
    // Another value of a: not the first one.
    await there.text("/", { headers: { "x-a": "2", "x-b": "1" } });
    expect(await there.text("/", { headers })).toBe("by b");
    await eventually(() => here.text("/", { headers }), "by b");
    expect(await here.text("/", { headers: { "x-a": "1", "x-b": "2" } })).toBe("by a");
    expect(world.origin.asked.length).toBe(2);
  });

  test("of one user never reaches another, even if the origin calls it public", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = ({ headers }, response) =>
      response.writeHead(200, { "cache-control": "public, max-age=60" }).end(`for ${String(headers.authorization)}`);
    const as = (authorization?: string) => (authorization === undefined ? {} : { headers: { authorization } });
    for (const client of [here, here, there]) {
      expect(await client.text("/me", as("Bearer ann"))).toBe("for Bearer ann");
      expect(await client.text("/me", as("Bearer bob"))).toBe("for Bearer bob");
      expect(await client.text("/me", as())).toBe("for undefined");
    }
    expect(world.origin.asked.length).toBe(3);
  });

  test("to a HEAD is not that to a GET, nor that of another path or query", async () => {
    const [here, there] = await world.pair({ kind, interceptor: { methods: ["GET", "HEAD"] } });
    world.origin.handle = ({ url }, response) =>
      response.writeHead(200, { "cache-control": "max-age=60", "x-url": String(url) }).end(`body of ${url}`);
    for (const client of [here, here, there]) {
      expect((await client.fetch("/a", { method: "HEAD" })).headers.get("x-url")).toBe("/a");
      expect(await client.text("/a")).toBe("body of /a");
      expect(await client.text("/a?b")).toBe("body of /a?b");
    }
    expect(world.origin.asked).toEqual(["HEAD /a", "GET /a", "GET /a?b"]);
  });

  test("is found under a URL of any length", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.says({ "cache-control": "max-age=60" });
    const path = `/${"long".repeat(1_000)}`;
    expect(await here.text(`${path}?a`)).toBe("answer 1");
    await here.stored(`${path}?a`);
    expect(await there.text(`${path}?a`)).toBe("answer 1");
    expect(await there.text(`${path}?b`)).toBe("answer 2");
    expect([...here.errors, ...there.errors]).toEqual([]);
  });

  test("is not what a reader makes of its bytes or headers", async () => {
    const [here] = await world.pair({ kind });
    world.origin.says({ "cache-control": "max-age=60", "x-list": "a" });
    const read = async (): Promise<string> => {
      const { body } = await request(`${world.origin.url}/`, { dispatcher: here.agent });
      const chunks: string[] = [];
      for await (const chunk of body as AsyncIterable<Buffer>) {
        chunks.push(chunk.toString());
        chunk.fill("x");
      }
      return chunks.join("");
    };
    expect([await read(), await read(), await read()]).toEqual(["answer 1", "answer 1", "answer 1"]);
    const key = { origin: world.origin.url, method: "GET", path: "/", headers: {} };
    const found = await here.store.get(key);
    found!.headers["x-list"] = "b";
    expect((await here.store.get(key))!.headers["x-list"]).toBe("a");
    expect(world.origin.asked.length).toBe(1);
  });

  test("is asked for once by many at once, where undici joins them", async () => {
    const [here] = await world.pair({ kind });
    let missed = 0;
    const counting: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
      missed++;
      return dispatch(options, handler);
    };
    const cache = interceptors.cache({ store: here.store });
    const agent = new Agent().compose(interceptors.deduplicate(), counting, cache);
    world.atEnd(() => agent.destroy());
    const all = deferred<void>();
    world.origin.handle = async (_request, response) => {
      await all.promise;
      response.writeHead(200, { "cache-control": "max-age=60" }).end("body");
    };
    const asking = Array.from({ length: 30 }, () => here.text("/", { dispatcher: agent }));
    await waitUntil(() => missed === 30, { what: "all have found nothing" });
    all.resolve();
    expect(await Promise.all(asking)).toEqual(Array(30).fill("body"));
    expect(await here.text("/")).toBe("body");
    expect(world.origin.asked.length).toBe(1);
  });

  test("is found by whatever headers it varies, where several that differ in that come at once", async () => {
    const [here] = await world.pair({ kind });
    const { url: origin } = world.origin;
    const instants = { cachedAt: Date.now(), staleAt: Date.now() + 60_000, deleteAt: Date.now() + 60_000 };
    const names = ["x-0", "x-1", "x-2", "x-3", "x-4"];
    for (const name of names) {
      const value = { statusCode: 200, statusMessage: "OK", headers: {}, vary: { [name]: "1" }, ...instants };
      here.store.createWriteStream({ origin, method: "GET", path: "/", headers: { [name]: "1" } }, value)!.end(name);
    }
    for (const name of names) expect(await here.text("/", { headers: { [name]: "1" } })).toBe(name);
  });

  test("is stored for each of many requests at once", async () => {
    const [here, there] = await world.pair({ kind });
    world.origin.handle = ({ url }, response) =>
      response.writeHead(200, { "cache-control": "max-age=60", vary: "x-n" }).end(String(url));
    const paths = Array.from({ length: 60 }, (_, index) => [`/${index % 6}`, String(index % 4)] as const);
    const ask = (client: typeof here) =>
      Promise.all(paths.map(([path, n]) => client.text(path, { headers: { "x-n": n } })));
    expect(await ask(here)).toEqual(paths.map(([path]) => path));
    const asked = world.origin.asked.length;
    expect(await ask(here)).toEqual(paths.map(([path]) => path));
    expect(await ask(there)).toEqual(paths.map(([path]) => path));
    expect(world.origin.asked.length).toBe(asked);
    expect([...here.errors, ...there.errors]).toEqual([]);
  });
});
