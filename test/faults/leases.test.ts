// One refresh for all processes: while the holder of the lease lives, and when it does not.

import { describe, expect, test } from "vitest";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { PeerCache } from "./peer.ts";
import { World } from "./world.ts";

const LEASE_MS = 1_000;
/** Those who wait come back up to a tenth of the lease late, or at the next poll; and a busy machine. */
const TAKEOVER_MS = LEASE_MS * 1.1 + 250 + 400;
const CALLERS = 250;

interface Fleet {
  readonly server: RedisServer;
  readonly caches: readonly PeerCache[];
}

describe("leases", () => {
  const world = new World();

  /** The same cache in several processes; in those of this test alone, if it hurts them. */
  async function fleet(size: number, { own = false } = {}): Promise<Fleet> {
    const server = await world.server();
    const options = { name: world.newName(), redis: { host: server.host, port: server.port } };
    if (!own) return { server, caches: await world.commonCaches(size, options) };
    return { server, caches: await Promise.all(Array.from({ length: size }, () => world.peerCache(options))) };
  }

  /** Callers in all of them, none of whom is answered before all have asked. Resolves with what each process got. */
  async function stampede(caches: readonly PeerCache[], callers: number): Promise<(readonly string[])[]> {
    world.source.hold("key");
    const answers = caches.map((cache) => cache.loadMany("key", callers));
    // A peer answers in order: it has begun to load when it says how it is.
    await Promise.all(caches.map((cache) => cache.stats()));
    const first = await world.source.nth("key", 1);
    world.source.letPass("key");
    first.release();
    for (const { release } of world.source.of("key")) release();
    return (await Promise.all(answers)).map(({ values }) => values);
  }

  test("P2 two processes with a hundred callers each refresh a cold key once", async () => {
    const { caches } = await fleet(2);
    world.source.put("key", "value");
    expect(await stampede(caches, 100)).toEqual([["value"], ["value"]]);
    expect(world.source.of("key")).toHaveLength(1);
  });

  test("P2 four processes with 250 callers each refresh a cold key once", async () => {
    const { caches } = await fleet(4);
    world.source.put("key", "value");
    expect(await stampede(caches, CALLERS)).toEqual([["value"], ["value"], ["value"], ["value"]]);
    expect(world.source.of("key")).toHaveLength(1);
  });

  test("P2 processes that share nothing refresh it once each: the control", async () => {
    const { host, port } = await world.server();
    const caches = await Promise.all(
      [1, 2].map((n) => world.commonCache({ name: `apart${n}`, redis: { host, port } }, n)),
    );
    await stampede(caches, 100);
    expect(world.source.of("key")).toHaveLength(2);
  });

  test("P2 a refresh that takes longer than its lease stays the only one: the lease is renewed", async () => {
    const { server, caches } = await fleet(2);
    const [ann, bob] = caches as [PeerCache, PeerCache];
    world.source.hold("key");
    const first = ann.load("key");
    const held = await world.source.nth("key", 1);
    const second = bob.load("key");
    await renewals(server, 5);
    expect(world.source.of("key")).toHaveLength(1);
    held.release();
    expect(await first).toBe(await second);
    expect(world.source.of("key")).toHaveLength(1);
  });

  test("P2 when the holder is killed another process takes over within one lease", async () => {
    const { caches } = await fleet(2, { own: true });
    const [ann, bob] = caches as [PeerCache, PeerCache];
    world.source.hold("key");
    world.source.put("key", "half done");
    void ann.load("key").catch(() => undefined);
    expect(await world.source.nth("key", 1)).toMatchObject({ by: ann.peer.name });
    const answer = bob.load("key");
    await bob.stats();
    world.source.put("key", "value");
    await ann.peer.kill();
    const killedAt = performance.now();
    const second = await world.source.nth("key", 2);
    expect(performance.now() - killedAt).toBeLessThan(TAKEOVER_MS);
    expect(second).toMatchObject({ by: bob.peer.name });
    second.release();
    expect(await answer).toBe("value");
    expect(await bob.get("key")).toBe("value");
  });

  test("P2 a holder that stalls loses the lease: its result is refused and the newer one stays", async () => {
    const { caches } = await fleet(3, { own: true });
    const [ann, bob, cid] = caches as [PeerCache, PeerCache, PeerCache];
    world.source.hold("key");
    world.source.put("key", "older");
    const late = ann.load("key");
    const stalled = await world.source.nth("key", 1);
    const answer = bob.load("key");
    await bob.stats();
    ann.peer.pause();
    const stalledAt = performance.now();
    world.source.put("key", "newer");
    const second = await world.source.nth("key", 2);
    expect(performance.now() - stalledAt).toBeLessThan(TAKEOVER_MS);
    second.release();
    expect(await answer).toBe("newer");
    // It lies in the pipe when the process goes on.
    stalled.release();
    ann.peer.resume();
    await late;
    expect([await ann.get("key"), await bob.get("key"), await cid.get("key")]).toEqual(["newer", "newer", "newer"]);
    expect((await ann.stats()).refreshes.fenced).toBe(1);
    expect(world.source.of("key")).toHaveLength(2);
  });

  test("P2 a holder that does not stall stores its result: the control", async () => {
    const { caches } = await fleet(2);
    const [ann, bob] = caches as [PeerCache, PeerCache];
    world.source.hold("key");
    world.source.put("key", "older");
    const first = ann.load("key");
    const held = await world.source.nth("key", 1);
    world.source.put("key", "newer");
    held.release();
    expect(await first).toBe("older");
    expect([await ann.get("key"), await bob.get("key")]).toEqual(["older", "older"]);
    expect((await ann.stats()).refreshes.fenced).toBe(0);
  });
});

/** Waits until the one lease there is has been renewed so often. */
async function renewals(server: RedisServer, count: number): Promise<void> {
  const connection = await server.connect();
  try {
    const keys = await connection.send("KEYS", "*l:*");
    const [lease] = Array.isArray(keys) ? keys : [];
    let seen = 0;
    let before = Infinity;
    const isRenewed = async (): Promise<boolean> => {
      const left = Number(await connection.send("PTTL", String(lease)));
      expect(left).toBeGreaterThan(0);
      if (left > before) seen++;
      before = left;
      return seen >= count;
    };
    await waitUntil(isRenewed, { what: `the lease is renewed ${count} times`, deadlineMs: 6_000 });
  } finally {
    connection.close();
  }
}
