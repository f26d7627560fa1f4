// Which commands Redis is sent, seen by Redis itself: none that 6.2 does not know, and none that walks all keys at once.

import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Authority } from "../../src/contracts/authority.ts";
import type { RemoteTier } from "../../src/contracts/remote.ts";
import type { Tier } from "../../src/contracts/tier.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { redisTier, type RedisTierOptions } from "../../src/redis/options.ts";
import { frameOf, freshKey, freshTag, LEASE_MS, LONG, randomVersion } from "../../src/test-suite/suite.ts";
import { startCluster } from "../support/redis/cluster.ts";
import { redisServer } from "../support/redis/find-server.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { docsOf, newer } from "./compat-docs.ts";
import { record, type Recorded, type Recorder } from "./compat-recorder.ts";
import { openTier, whole } from "./compat-suite.ts";
import { listen } from "./open.ts";

const OLDEST = "6.2.0";
/** What the tests ask themselves, and what the record does not show of it. */
const OWN = new Set(["echo", "info", "monitor", "command|docs", "client|kill", "cluster|nodes", "cluster|info"]);
/** What ioredis says of itself on every connection; a server that does not know it refuses, and it goes on. */
const TOLERATED = new Set(["client|setinfo"]);

/** Servers before 7.0 say nothing about their commands; there the tests themselves are the proof. */
describe.runIf(redisServer().major >= 7).each([
  ["one server", onServer],
  ["a cluster", onCluster],
])("the commands sent to %s", (_name, start) => {
  let stage: Recording;
  let seen: Recorded[];
  /** What the server was asked to do by each operation. */
  const byOperation = new Map<string, Recorded[]>();

  beforeAll(async () => {
    stage = await start();
    const { recorders } = stage;
    const all = (): Recorded[] => recorders.flatMap(({ commands }) => commands);
    const remote = openTier(redisTier, "shop", { ...stage.options, tracking: true });
    for (const [operation, run] of Object.entries(tourOf(remote))) {
      const before = all();
      await run();
      for (const recorder of recorders) await recorder.upToNow();
      const known = new Set(before);
      byOperation.set(
        operation,
        all().filter((command) => !known.has(command)),
      );
    }
    seen = all();
  }, 60_000);
  afterAll(() => stage.stop());

  test("are all as old as the oldest server that is supported, and so are their options", async () => {
    const [server] = stage.servers;
    const tooNew: string[] = [];
    const names = new Set<string>();
    for (const { name, args } of seen) {
      const [full, docs] = await describeCommand(server!, name, args);
      names.add(full);
      if (TOLERATED.has(full)) continue;
      if (docs === undefined || newer(docs.since, OLDEST) !== OLDEST) tooNew.push(full);
      for (const word of args.map((arg) => arg.toUpperCase())) {
        const since = docs?.words.get(word);
        if (since !== undefined && newer(since, OLDEST) !== OLDEST) tooNew.push(`${full} … ${word}`);
      }
    }
    for (const recorder of stage.recorders) {
      for (const name of await recorder.counted()) {
        if (OWN.has(name) || TOLERATED.has(name) || names.has(name)) continue;
        names.add(name);
        const docs = await describeCommand(server!, name, []);
        if (docs[1] === undefined || newer(docs[1].since, OLDEST) !== OLDEST) tooNew.push(name);
      }
    }
    expect(tooNew).toEqual([]);
    expect(names).toContain("getrange");
  });

  test("were all seen: the tour came by every command of every script", () => {
    const byScripts = seen.filter(({ byScript }) => byScript).map(({ name }) => name);
    expect(new Set(byScripts)).toEqual(commandsInScripts());
    const sent = seen.filter(({ byScript }) => !byScript).map(({ name }) => name);
    expect(sent).toEqual(expect.arrayContaining(["get", "set", "del", "scan", "publish", "evalsha", "eval"]));
  });

  test("never walk all keys at once, and in steps only when keys or leases are listed", () => {
    const names = seen.map(({ name }) => name);
    for (const forbidden of ["keys", "flushall", "flushdb", "wait", "sort", "randomkey"]) {
      expect(names).not.toContain(forbidden);
    }
    const scanning = [...byOperation].filter(([, commands]) => commands.some(({ name }) => name === "scan"));
    expect(scanning.map(([operation]) => operation).sort()).toEqual(["authority.leases", "tier.keys"]);
  });
});

type Tour = Record<string, () => Promise<unknown>>;

/** Every operation there is, each with all that it may come to. */
function tourOf(remote: RemoteTier): Tour {
  const { tier, authority, bus } = whole(remote);
  const key = freshKey("shop");
  const [version, tag] = [randomVersion(), freshTag()];
  const aFrame = (): Uint8Array => frameOf(FRAME_LAYOUT, version);
  const ofAuthority: Record<Exclude<keyof Authority, "setMany">, () => Promise<unknown>> = {
    inspect: async () => authority.inspect?.(key),
    inspectEpochs: async () => authority.inspectEpochs?.([tag]),
    now: () => authority.now(),
    read: async () => authority.read(key, [tag]),
    epochs: () => authority.epochs([{ kind: "root" }, tag]),
    async acquire() {
      expect((await authority.acquire(key, "mine", undefined, LEASE_MS)).kind).toBe("granted");
      expect((await authority.acquire(key, "mine", undefined, LEASE_MS)).kind).toBe("granted");
      expect((await authority.acquire(key, "other", undefined, LEASE_MS)).kind).toBe("held");
    },
    renew: () => authority.renew(key, "mine", LEASE_MS),
    leases: () => listed(authority.leases("shop:v:")),
    async fill() {
      expect((await authority.fill(key, "mine", aFrame(), LONG, Infinity)).kind).toBe("stored");
      expect((await authority.acquire(key, "mine", randomVersion(), LEASE_MS)).kind).toBe("changed");
    },
    identity: () => authority.identity(),
    announce: () => authority.announce(undefined, "*", Infinity),
    release: () => authority.release(key, "mine"),
    async set() {
      await authority.set(key, aFrame(), LONG, Infinity);
      await authority.set(key, aFrame(), { freshMs: Infinity, staleMs: Infinity, errorMs: Infinity }, Infinity);
    },
    markStale: () => authority.markStale(key, Infinity),
    async bump() {
      for (const soft of [false, true]) await authority.bump(tag, soft, Infinity);
    },
    remove: () => authority.remove(key, Infinity),
    async discard() {
      expect((await authority.acquire(key, "mine", undefined, LEASE_MS)).kind).toBe("granted");
      expect(await authority.discard(key, "mine", Infinity)).toBe("done");
    },
  };
  const ofTier: Record<Exclude<keyof Tier, "name" | "close">, () => Promise<unknown>> = {
    async set() {
      await tier.set(key, aFrame(), 60_000);
      await tier.set(key, aFrame(), Infinity);
    },
    get: () => tier.get(key),
    keys: () => listed(tier.keys("shop:v:")),
    delete: () => tier.delete(key),
  };
  return {
    async "bus.start"() {
      await listen(bus);
      await waitUntil(() => bus.isLive, { deadlineMs: 10_000, what: "the bus is live" });
    },
    ...prefixed("authority", ofAuthority),
    ...prefixed("tier", ofTier),
    close: () => remote.close(),
  };
}

function prefixed(part: string, operations: Tour): Tour {
  return Object.fromEntries(Object.entries(operations).map(([name, run]) => [`${part}.${name}`, run]));
}

async function listed(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
}

/** The name in full, and what the server says of it. */
async function describeCommand(server: RedisServer, name: string, [first]: readonly string[]) {
  const docs = await cachedDocs(server, name);
  if (docs?.isContainer !== true || first === undefined) return [name, docs] as const;
  const full = `${name}|${first.toLowerCase()}`;
  return [full, await cachedDocs(server, full)] as const;
}

const cache = new Map<string, ReturnType<typeof docsOf>>();

function cachedDocs(server: RedisServer, name: string): ReturnType<typeof docsOf> {
  const known = cache.get(name) ?? docsOf(server, name);
  cache.set(name, known);
  return known;
}

/** Read off the Lua: a command that the tour does not come by would go unseen. */
function commandsInScripts(): Set<string> {
  const folder = new URL("../../src/redis/", import.meta.url);
  const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), "utf8"));
  const calls = sources.flatMap((source) => [...source.matchAll(/redis\.p?call\('(\w+)'/g)]);
  return new Set(calls.map(([, name = ""]) => name.toLowerCase()));
}

interface Recording {
  readonly options: RedisTierOptions;
  readonly servers: readonly RedisServer[];
  readonly recorders: readonly Recorder[];
  stop(): Promise<void>;
}

async function onServer(): Promise<Recording> {
  const server = await startRedis();
  return recording([server], { url: server.url }, () => server.stop());
}

async function onCluster(): Promise<Recording> {
  const cluster = await startCluster();
  return recording(await cluster.masters(), { cluster: cluster.addresses }, () => cluster.stop());
}

async function recording(
  servers: readonly RedisServer[],
  options: RedisTierOptions,
  end: () => Promise<void>,
): Promise<Recording> {
  // What the set-up asked of them does not count.
  for (const server of servers) await server.command("CONFIG", "RESETSTAT");
  const recorders = await Promise.all(servers.map(record));
  const stop = async (): Promise<void> => {
    for (const recorder of recorders) recorder.stop();
    await end();
  };
  return { options, servers, recorders, stop };
}
