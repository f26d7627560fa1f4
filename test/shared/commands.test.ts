// What reads and invalidations cost the server: which commands, how many, and in how many writes.

import type { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bareClient } from "../support/redis/client.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { collect } from "../support/cache.ts";
import { keyOf } from "./frames.ts";
import { watch, type Monitor } from "./monitor.ts";
import { eventually, heard, never, REDIS_ALONE, SharedWorld, untilLive } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();
let monitor: Monitor;

beforeEach(async () => {
  monitor = await watch(world.server);
});
afterEach(() => monitor.close());

/** What the server is asked while this runs. */
async function asked(work: () => Promise<unknown>): Promise<string[]> {
  await monitor.commands();
  await work();
  return monitor.commands();
}

const names = (commands: readonly string[]): string[] => commands.map((command) => command.split(" ")[0] ?? "");

test("a hot read of Redis is one GET; of memory, nothing", async () => {
  const { name, a, b } = await world.pair();
  await a.set("k", "v", { tags: ["t"] });
  await a.set("other", "v", { tags: ["t"] });
  await b.get("other");
  await heard(a, b);
  const at = keyOf(name, "k");
  expect(await asked(() => b.get("k"))).toEqual([`GET ${at}`]);
  expect(await asked(() => b.get("k", never))).toEqual([]);
  expect(await asked(() => b.getMany(["k", "other", "k"], never))).toEqual([]);
  expect(await asked(async () => [await b.has("k"), await b.ttl("k"), await b.getEntry("k")])).toEqual([]);
  const alone = await world.open({ name, shape: REDIS_ALONE });
  await alone.get("k");
  for (let reads = 0; reads < 3; reads++) expect(await asked(() => alone.get("k", never))).toEqual([`GET ${at}`]);
});

test("what is not known of epochs is asked for along with the frame, and then known", async () => {
  const { name, a } = await world.pair();
  await a.set("x", "v", { namespace: "n" });
  await a.set("y", "v", { namespace: "n" });
  const b = world.openAtOnce({ name });
  await untilLive(b);
  // The script may be new to the server, and the clock to the process.
  await b.get("z", { namespace: "another" });
  const of = { namespace: "n" };
  expect(await asked(() => b.get("x", of))).toEqual([`GET ${keyOf(name, "x", "n")}`, `EPOCH ${name}:n:{n}`]);
  expect(await asked(() => b.get("y", of))).toEqual([`GET ${keyOf(name, "y", "n")}`]);
  await a.clearNamespace("n");
  await heard(a, b);
  // A change elsewhere is doubt, and is asked about once.
  expect(names(await asked(() => b.get("x", of)))).toEqual(["GET", "EPOCH"]);
  await a.set("x", "again", of);
  await heard(a, b);
  expect(names(await asked(() => b.get("x", of)))).toEqual(["GET"]);
});

test("tags that came with a frame are asked for once, whatever their number of entries", async () => {
  const { a, b } = await world.pair();
  await a.setMany({ x: 1, y: 2 }, { tags: ["s", "t"] });
  await heard(a, b);
  expect(names(await asked(() => b.get("x")))).toEqual(["GET", "EPOCH", "EPOCH"]);
  expect(names(await asked(() => b.get("y")))).toEqual(["GET"]);
});

test("P1 a hundred concurrent callers of one key cost one GET", async () => {
  const { name, a } = await world.pair();
  await a.set("k", "v");
  for (const shape of [undefined, REDIS_ALONE]) {
    const b = await world.open({ name, ...(shape && { shape }) });
    const all = Array.from({ length: 25 }, () => [
      () => b.get("k"),
      () => b.get("k", never),
      () => b.has("k"),
      () => b.getMany(["k", "k"], never),
    ]).flat();
    expect(await asked(() => Promise.all(all.map((one) => one())))).toEqual([`GET ${keyOf(name, "k")}`]);
  }
});

test("a miss that is refreshed costs a GET, the lease and the fill; a hundred callers no more", async () => {
  const { name, a, b } = await world.pair();
  // The server knows the scripts.
  await b.get("first", () => 1);
  const load = (): Promise<unknown> => Promise.all(Array.from({ length: 100 }, () => b.get("k", () => "v")));
  const at = keyOf(name, "k");
  expect(await asked(load)).toEqual([`GET ${at}`, `ACQUIRE ${at}`, `FILL ${at}`]);
  expect(await a.get("k", never)).toBe("v");
});

describe("getMany of 50 keys", () => {
  const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
  const gets = (name: string): string[] => keys.map((key) => `GET ${keyOf(name, key)}`);

  test("sends all commands before the first reply", async () => {
    const { name, a } = await world.pair();
    await a.setMany(keys.map((key) => [key, key] as const));
    const proxy = await startProxy({ port: world.server.port });
    world.atEnd(() => proxy.stop());
    const b = await world.open({ name, redis: { port: proxy.port } });
    await monitor.commands();
    const replies = proxy.toClient.hold();
    const many = b.getMany(keys, never);
    await waitUntil(() => monitor.seen.length === 50, { what: "the server has been asked" });
    expect(monitor.seen).toEqual(gets(name));
    replies.release();
    expect(await many).toEqual(keys);
    expect(await monitor.commands()).toEqual(gets(name));
  });

  test("is one write, whether what it asks for is there or not", async () => {
    const { name, a } = await world.pair();
    await a.setMany(keys.map((key) => [key, key] as const));
    const client = bareClient(world.server, { lazyConnect: true });
    world.atEnd(() => client.disconnect());
    await client.connect();
    const b = await world.open({
      name,
      redis: { client, host: undefined, port: undefined },
    });
    const writes = countWrites((client as unknown as { readonly stream: Writable }).stream);
    for (const read of [() => b.getMany(keys), () => b.getMany(keys.map((key) => `${key} not there`))]) {
      writes.length = 0;
      expect((await read()).length).toBe(50);
      // Probes of the bus are writes too, of a single command.
      expect(writes.filter((commands) => commands > 1)).toEqual([50]);
      expect(writes.length).toBeLessThanOrEqual(3);
    }
  });
});

/** How many commands each write brings, from now on. */
function countWrites(stream: Writable): number[] {
  const writes: number[] = [];
  // oxlint-disable no-underscore-dangle -- these are the names that Node gives to what a stream does
  const one = stream._write.bind(stream);
  const several = stream._writev?.bind(stream);
  vi.spyOn(stream, "_write").mockImplementation((chunk, encoding, done) => {
    writes.push(1);
    one(chunk, encoding, done);
  });
  stream._writev = (chunks, done) => {
    writes.push(chunks.length);
    several?.(chunks, done);
  };
  // oxlint-enable no-underscore-dangle
  return writes;
}

test("clearing a namespace, a tag or everything costs the same whatever it ends", async () => {
  const { name, a, b } = await world.pair();
  const entries = (count: number) => Array.from({ length: count }, (_, index) => [`k${index}`, index] as const);
  for (const count of [1, 1_000]) {
    await a.setMany(entries(count), { namespace: "n", tags: ["t"] });
    await a.clearNamespace("n").then(() => a.invalidateTags(["t"]));
    await a.setMany(entries(count), { namespace: "n", tags: ["t"] });
    expect(await asked(() => b.clearNamespace("n"))).toEqual([`BUMP ${name}:n:{n}`]);
    expect(await asked(() => b.markNamespaceStale("n"))).toEqual([`BUMP ${name}:n:{n}`]);
    expect(await asked(() => b.invalidateTags(["t"]))).toEqual([`BUMP ${name}:t:{t}`]);
    expect(await asked(() => b.markTagsStale(["t"]))).toEqual([`BUMP ${name}:t:{t}`]);
    expect(await asked(() => b.clear())).toEqual([`BUMP ${name}:r`]);
    await eventually(() => a.get("k0", { namespace: "n" }), undefined);
  }
});

test("only keys and deleteMatching scan, and nothing asks for KEYS", async () => {
  const { a, b } = await world.pair();
  const everything = async (): Promise<void> => {
    await a.setMany({ x: 1, y: 2 }, { tags: ["t"], namespace: "n" });
    await a.set("k", 1);
    await b.getMany(["x", "y"], (keys) => keys, { namespace: "n" });
    await b.get("k", never, { forceRefresh: false });
    await Promise.all([a.has("x"), a.ttl("x"), a.getEntry("x"), a.markStale("k"), a.health()]);
    await Promise.all([a.invalidateTags(["t"]), a.markTagsStale(["t"]), a.clearNamespace("n")]);
    await Promise.all([a.markNamespaceStale("n"), a.deleteMany(["k", "x"]), a.cleanupExpired()]);
    await a.clear();
  };
  const walks = (commands: readonly string[]): string[] =>
    names(commands).filter((command) => ["KEYS", "SCAN", "FLUSHDB", "FLUSHALL", "UNLINK"].includes(command));
  expect(walks(await asked(everything))).toEqual([]);
  expect(new Set(walks(await asked(() => collect(a.keys()))))).toEqual(new Set(["SCAN"]));
  expect(new Set(walks(await asked(() => a.deleteMatching("x*"))))).toEqual(new Set(["SCAN"]));
});

test("set, delete and markStale are one script each", async () => {
  const { name, a } = await world.pair();
  await a.set("first", 1);
  await a.delete("first");
  const at = keyOf(name, "k");
  expect(await asked(() => a.set("k", 1))).toEqual([`SET ${at}`]);
  expect(await asked(() => a.delete("k"))).toEqual([`REMOVE ${at}`]);
  await a.markStale("first");
  expect(await asked(() => a.markStale("k"))).toEqual([`MARK_STALE ${at}`]);
});
