// A fleet of cached handlers in trouble: without Redis, without one of its processes, without its origin.

import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { Fleet, KINDS } from "./fleet.ts";
import type { PeerSite } from "./peer.ts";

forbidUnhandledRejections();
const fleet = new Fleet("handler");

const CACHED = { "cache-control": "max-age=60" };
/** Of the tier in these tests: the default. */
const TIMEOUT_MS = 100;
/** A few time-outs, handlers and turns of a busy machine; without a bound it would be for ever. */
const BOUND_MS = 3_000;

describe("without Redis", () => {
  async function onItsOwnRedis() {
    const server = await fleet.server();
    const route = { tags: ["t"] };
    const [one, two] = await fleet.pair("redis", { place: server.port, timeout: TIMEOUT_MS, route });
    return { server, one, two };
  }

  /**
   * Waits until both have the same response in memory. On a busy machine the first answers of Redis may come too late: then
   * who has made a response has no copy until he asks again.
   */
  async function shared(path: string, one: PeerSite, two: PeerSite): Promise<string> {
    const isShared = async (): Promise<boolean> => {
      const [mine, theirs] = [await one.ask(path), await two.ask(path)];
      return mine.way === "hit" && theirs.way === "hit" && mine.text === theirs.text;
    };
    await waitUntil(isShared, { what: "both have the response" });
    return two.text(path);
  }

  test.each(["killed", "hung"])("%s, answers go on, in bounded time, and each process shares its runs", async (how) => {
    const { server, one, two } = await onItsOwnRedis();
    fleet.origin.says(CACHED);
    const known = await shared("/known", one, two);
    if (how === "killed") await server.kill9();
    else server.pause();
    fleet.atEnd(() => server.resume());
    const startedAt = performance.now();
    for (const site of [one, two]) {
      expect(await site.text("/known")).toBe(known);
      const asking = Array.from({ length: 20 }, () => site.text("/new"));
      expect(new Set(await Promise.all(asking)).size).toBe(1);
      expect(await site.text("/new")).toBe(await asking[0]);
    }
    expect(fleet.origin.asked.filter((asked) => asked === "GET /new")).toHaveLength(2);
    expect((await one.ask("/known", { method: "POST" })).status).toBe(200);
    expect(await one.text("/known")).not.toBe(known);
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
  });

  test.each(["killed", "hung"])("%s in the middle of a run, its callers are answered", async (how) => {
    const { server, one, two } = await onItsOwnRedis();
    const held: ServerResponse[] = [];
    fleet.origin.handle = (_request, response) => void held.push(response);
    const asking = [one.ask("/a"), two.ask("/a"), one.ask("/a")];
    await waitUntil(() => held.length > 0, { what: "the handler runs" });
    if (how === "killed") await server.kill9();
    else server.pause();
    fleet.atEnd(() => server.resume());
    const startedAt = performance.now();
    // Who has waited for the run of the other process makes one of his own, now that he cannot hear of it.
    await waitUntil(() => held.length === 2, { what: "both run" });
    for (const response of held) response.writeHead(200, CACHED).end("body");
    for (const { status, text } of await Promise.all(asking)) expect([status, text]).toEqual([200, "body"]);
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
  });

  test("P11 back again, what was purged and changed meanwhile is gone for all", async () => {
    const { server, one, two } = await onItsOwnRedis();
    fleet.origin.says(CACHED);
    const known = { "/a": await shared("/a", one, two), "/b": await shared("/b", one, two) };
    server.pause();
    fleet.atEnd(() => server.resume());
    expect(await one.purge("t")).toEqual({ authority: "pending" });
    await one.ask("/b", { method: "DELETE" });
    expect(await one.text("/a")).not.toBe(known["/a"]);
    server.resume();
    for (const path of ["/a", "/b"] as const) {
      const isNew = async (): Promise<boolean> => (await two.text(path)) !== known[path];
      await waitUntil(isNew, { what: "the other process has heard", deadlineMs: 15_000 });
      for (const site of [one, two, one, two]) expect(await site.text(path)).not.toBe(known[path]);
      await shared(path, one, two);
    }
  });
});

describe.each(KINDS)("on %s", (kind) => {
  test("P2 a process that is killed in its run is followed by another that waits", async () => {
    const victim = await fleet.peer();
    const doomed = await fleet.open(victim, kind);
    const [other] = await fleet.pair(kind);
    const held: ServerResponse[] = [];
    fleet.origin.handle = (_request, response) => {
      if (held.length > 0) return response.writeHead(200, CACHED).end("of the second run");
      return held.push(response);
    };
    const lost = doomed.ask("/a").catch(String);
    await waitUntil(() => held.length === 1, { what: "the handler runs" });
    const asking = other.ask("/a");
    await other.engaged();
    expect(fleet.origin.asked).toHaveLength(1);
    await victim.kill();
    expect(await lost).toContain("SIGKILL");
    expect(await asking).toMatchObject({ text: "of the second run", way: "fwd=uri-miss; stored" });
    expect(fleet.origin.asked).toHaveLength(2);
  });

  test("a response of one process is given by another while the handler fails, if it may be", async () => {
    const [one, two] = await fleet.pair(kind);
    let fails = false;
    fleet.origin.handle = ({ url }, response) => {
      if (fails) return response.writeHead(503).end("broken");
      const may = url === "/may" ? ", stale-if-error=60" : "";
      return response.writeHead(200, { "cache-control": `max-age=0${may}` }).end("old");
    };
    expect(await one.text("/may")).toBe("old");
    expect(await one.text("/must-not")).toBe("old");
    fails = true;
    for (const site of [two, one, two]) {
      expect(await site.ask("/may")).toMatchObject({ status: 200, text: "old" });
      expect(await site.ask("/must-not")).toMatchObject({ status: 503, text: "broken" });
    }
    fails = false;
    await two.ask("/may", { method: "PUT" });
    fails = true;
    expect(await two.ask("/may")).toMatchObject({ status: 503 });
    const isGone = async (): Promise<boolean> => (await one.ask("/may")).status === 503;
    await waitUntil(isGone, { what: "the other process has heard" });
  });

  test("a handler that fails costs each caller a try of his own, and nobody a response of before", async () => {
    const [one, two] = await fleet.pair(kind);
    fleet.origin.handle = (_request, response) => response.writeHead(500).end(`broken ${fleet.origin.asked.length}`);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 ? one : two).ask("/a")));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(500));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(10);
    fleet.origin.says(CACHED);
    expect(await one.ask("/a")).toMatchObject({ status: 200, text: "answer 11" });
    expect(await two.text("/a")).toBe("answer 11");
  });
});

describe("restarted on a SQLite file", () => {
  test.each(["leaves", "is killed"])("a process that %s has left its responses to the next", async (how) => {
    const bytes = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, index) => index % 256));
    fleet.origin.handle = (_request, response) =>
      response.writeHead(200, { ...CACHED, age: "30", "cache-tag": "t" }).end(bytes);
    const first = await fleet.peer();
    const before = await fleet.open(first, "sqlite");
    // Of a tag that nobody has ever named, the first response is not stored.
    await waitUntil(async () => (await before.ask("/a")).way === "hit", { what: "the response is stored" });
    const { headers } = await before.ask("/a");
    const asked = fleet.origin.asked.length;
    if (how === "leaves") expect(await first.leave()).toBe(0);
    else await first.kill();
    const after = await fleet.open(await fleet.peer(), "sqlite");
    const found = await after.ask("/a");
    expect(found.bytes.equals(bytes)).toBe(true);
    expect(found.way).toBe("hit");
    expect(found.headers.get("etag")).toBe(headers.get("etag"));
    expect(Number(found.headers.get("age"))).toBeGreaterThanOrEqual(30);
    expect(Number(found.headers.get("age"))).toBeLessThan(50);
    expect(fleet.origin.asked).toHaveLength(asked);
    expect(await after.purge("t")).toEqual({ authority: "done" });
    await after.ask("/a");
    expect(fleet.origin.asked).toHaveLength(asked + 1);
  });

  test("what one has purged is gone for the next", async () => {
    const first = await fleet.peer();
    const before = await fleet.open(first, "sqlite", { route: { tags: ["t"] } });
    fleet.origin.says(CACHED);
    await waitUntil(async () => (await before.ask("/a")).way === "hit", { what: "the response is stored" });
    const old = await before.text("/a");
    expect(await before.purge("t")).toEqual({ authority: "done" });
    await first.kill();
    const after = await fleet.open(await fleet.peer(), "sqlite", { route: { tags: ["t"] } });
    expect(await after.text("/a")).not.toBe(old);
  });
});
