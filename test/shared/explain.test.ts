// `explain` with a shared tier: what each tier has and why, whether that is what a read then does, and that nothing changes by it.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { formatWithOptions } from "node:util";
import { describe, expect, test } from "vitest";
import { memoryTier, TieredCacheManager, type RemoteTierConfig } from "../../src/index.ts";
import { readVersion } from "../../src/codec/frame-layout.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { explain } from "../../src/engine/explain/explain.ts";
import { Listeners } from "../../src/observe/events.ts";
import { resolveCache } from "../../src/settings.ts";
import { redisTier } from "../../src/redis/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { deferred } from "../support/deferred.ts";
import { recordEvents } from "../support/event-log.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { frameAt, keyOf } from "./frames.ts";
import { eventually, heard, IS_SQLITE, never, SHAPES, SharedWorld, untilLive } from "./pair.ts";
import { missMessages, tierIn } from "./explained.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

test.each(SHAPES)("%s are explained in the order in which they are read", async (shapeName, shape) => {
  const { a } = await world.pair({ shape });
  const { tiers } = await a.explain("k");
  expect(tiers.map(({ tier }) => tier)).toEqual(shapeName.slice(1, -1).split(", "));
});

describe("the shared tier", () => {
  test("shows the frame as it is there: instants, version, size, codec, tags, epochs", async () => {
    const { name, a, b } = await world.pair();
    await a.set("k", { price: 5 }, { tags: ["shoes", "red"], namespace: "n" });
    const frame = await frameAt(world.raw, keyOf(name, "k", "n"));
    const told = await b.explain("k", { namespace: "n" });
    const { entry, presence, breaker } = tierIn(told, "shared");
    expect([presence, breaker?.state, told.fullKey]).toEqual(["present", "closed", keyOf(name, "k", "n")]);
    expect(entry).toMatchObject({
      ...{ state: "fresh", isTrusted: true, version: readVersion(frame), bytes: frame.length, loadMs: 0 },
      tags: ["shoes", "red"],
      payload: { codec: { id: 1, name: "msgpack" }, compression: undefined, encryptionKey: undefined },
    });
    expect(entry?.epochs.map((epoch) => [epoch.kind, epoch.name, epoch.change])).toEqual([
      ["root", undefined, "none"],
      ["namespace", "n", "none"],
      ["tag", "shoes", "none"],
      ["tag", "red", "none"],
    ]);
    const view = await b.getEntry("k", { namespace: "n" });
    for (const instant of ["createdAt", "freshUntil", "staleUntil", "errorUntil"] as const) {
      expect(Math.abs((entry?.[instant] ?? 0) - (view?.[instant] ?? 0))).toBeLessThan(1_000);
    }
    expect(told.bus).toMatchObject({ isLive: true, reason: undefined, pending: 0 });
    expect(told.lease).toEqual({ holder: "nobody", token: undefined, remainingMs: undefined });
  });

  test("names what ended an entry, and when, though this process has heard of nothing", async () => {
    const name = world.newName();
    const a = await world.open({ name });
    const deaf = world.openAtOnce({ name, redis: { bus: false } });
    await a.set("k", "v", { tags: ["shoes"] });
    expect(await deaf.get("k")).toBe("v");
    await a.markTagsStale(["shoes"]);
    const marked = tierIn(await deaf.explain("k"), "shared");
    expect(marked.reasons[0]).toMatch(/^tag shoes was marked stale since it was made, \d+ ms ago$/);
    expect(marked.reasons[1]).toBe("stale for another 120 s");
    expect(marked.entry?.state).toBe("stale");
    await a.invalidateTags(["shoes"]);
    const ended = tierIn(await deaf.explain("k"), "shared");
    expect(ended.reasons[0]).toMatch(/^tag shoes was invalidated since it was made, \d+ ms ago$/);
    expect(ended.entry?.state).toBe("expired");
    const [tag] = ended.entry?.epochs.filter(({ kind }) => kind === "tag") ?? [];
    expect(tag?.present?.hard).not.toBe(tag?.made.hard);
    await a.clear();
    expect(tierIn(await deaf.explain("k"), "shared").reasons).toContainEqual(
      expect.stringMatching(/^everything was invalidated since it was made/),
    );
  });

  test.skipIf(IS_SQLITE)("says that an epoch is lost, and does not make another", async () => {
    const { name, a } = await world.pair();
    await a.set("k", "v", { tags: ["shoes"] });
    const [epoch] = await world.raw.keys(`${name}:t:*`);
    await world.redis.del(epoch as string);
    const { reasons, entry } = tierIn(await a.explain("k"), "shared");
    expect(reasons[0]).toBe("the epoch of tag shoes is lost, which counts as an invalidation");
    expect(entry?.state).toBe("expired");
    expect(await world.raw.keys(`${name}:t:*`)).toEqual([]);
  });

  test("says who holds the lease, and for how long; and what is refreshed here", async () => {
    const { a, b } = await world.pair();
    const gate = deferred<string>();
    const loading = b.get("k", () => gate.promise);
    await waitUntil(async () => (await a.explain("k")).lease.holder !== "nobody", { what: "the lease is taken" });
    const [ofA, ofB] = await Promise.all([a.explain("k"), b.explain("k")]);
    expect([ofA.lease.holder, ofB.lease.holder]).toEqual(["another process", "this process"]);
    expect(ofA.lease.token).toBe(ofB.lease.token);
    expect(ofA.lease.remainingMs).toBeGreaterThan(0);
    expect(ofA.lease.remainingMs).toBeLessThanOrEqual(1_000);
    expect([ofA.refresh, ofB.refresh]).toMatchObject([
      undefined,
      { isBackground: false, callers: 1, isJoinable: true },
    ]);
    expect(ofA.summary).toMatch(/waits for a refresh \(another process is at it, whose lease has [\d.]+ m?s left\)/);
    expect(ofB.summary).toMatch(/waits for a refresh \(one has been running for [\d.]+ m?s in this process\)/);
    gate.resolve("v");
    await loading;
    expect((await a.explain("k")).lease.holder).toBe("nobody");
  });

  test("says why bytes are no entry", async () => {
    const { name, a, b } = await world.pair();
    await a.set("k", "v");
    const at = keyOf(name, "k");
    const frame = await frameAt(world.raw, at);
    const damaged = Buffer.from(frame);
    damaged[damaged.length - 1]! ^= 1;
    await world.raw.set(at, damaged, "KEEPTTL");
    const told = tierIn(await b.explain("k"), "shared");
    expect(told).toMatchObject({ presence: "damaged", damage: "checksum", entry: undefined });
    expect(told.reasons).toEqual(["damaged: it is not what was written, or was written for another key"]);
    await world.raw.set(at, "what is this", "KEEPTTL");
    expect(tierIn(await b.explain("k"), "shared").damage).toBe("foreign");
  });

  test("shows codec, compression and key, and what it cannot read without the key", async () => {
    const name = world.newName();
    const key = { id: 7, key: randomBytes(32) };
    const secret = {
      codec: "json",
      compression: { algorithm: "gzip", threshold: 1 },
      encryption: { keys: [key] },
    } as const;
    const a = await world.open({ name, redis: secret });
    const b = await world.open({ name });
    await a.set("k", "long ".repeat(100));
    expect(tierIn(await a.explain("k"), "shared").entry?.payload).toEqual({
      codec: { id: 2, name: "json" },
      compression: "gzip",
      encryptionKey: 7,
    });
    const told = tierIn(await b.explain("k"), "shared");
    expect(told).toMatchObject({
      ...{ presence: "damaged", damage: "unknown-key" },
      entry: { state: "fresh", payload: { compression: "unknown", encryptionKey: 7 } },
    });
    expect(told.reasons[0]).toBe("damaged: its value was encrypted with a key that this cache does not have");
    expect((await b.explain("k")).outlook.plan).toBe("refresh");
  });

  test("says that validate refuses its value", async () => {
    const name = world.newName();
    const a = await world.open({ name });
    const b = await world.open({ name, validate: (value: unknown) => typeof value === "number" });
    await a.set("k", "v");
    const { outlook, tiers } = await b.explain("k");
    expect(outlook.plan).toBe("refresh");
    expect(tiers[1]?.reasons[0]).toBe("validate refuses its value: validate returned false");
  });
});

describe("a copy in memory", () => {
  test("is trusted while the bus is live, and suspect from before it was lost", async () => {
    const { a, b } = await world.pair();
    await a.set("k", "v");
    await b.get("k");
    expect(tierIn(await b.explain("k"), "memory").reasons).toContain(
      "trusted: every invalidation since it was made would have been heard",
    );
    await missMessages(world, b);
    const told = await b.explain("k");
    expect(tierIn(told, "memory").entry).toMatchObject({ state: "fresh", isTrusted: false });
    expect(told.outlook).toMatchObject({ tier: "redis", state: "fresh" });
    expect(told.summary).toMatch(
      /give the fresh value from redis: fresh for another \d+ s; memory: suspect: made before the bus of redis was live, which it has been for .+; an invalidation may have been missed\.$/,
    );
    await b.get("k", never);
    expect(tierIn(await b.explain("k"), "memory").entry?.isTrusted).toBe(true);
  });

  test("is suspect where there is no bus", async () => {
    const deaf = world.openAtOnce({ name: world.newName(), redis: { bus: false } });
    await deaf.set("k", "v");
    const told = await deaf.explain("k");
    expect(tierIn(told, "memory").reasons).toContain("suspect: redis has no bus, so that every read asks it");
    expect(told.bus).toMatchObject({ isLive: false, reason: "redis has no bus" });
  });
});

describe("explain changes nothing", () => {
  test("in a store that knows nothing of the cache: no epoch is made", async () => {
    const name = world.newName();
    const cache = world.openAtOnce({ name });
    await untilLive(cache);
    await waitUntil(async () => (await world.raw.keys(`${name}*`)).length >= 0, { what: "the store is there" });
    const before = await world.raw.keys(`${name}*`);
    expect(await cache.explain("k", { namespace: "n" })).toMatchObject({ outlook: { plan: "refresh" } });
    expect(await world.raw.keys(`${name}*`)).toEqual(before);
  });

  test.skipIf(IS_SQLITE)("in this process: its table of epochs is as it was", async () => {
    const { name, a } = await world.pair();
    await a.set("k", "v", { namespace: "n", tags: ["shoes"] });
    const settings = resolveCache({ name, tiers: [memoryTier(), redisTier(world.at)] });
    const engine = createEngine(settings, new Listeners(name));
    world.atEnd(() => engine.shared?.close());
    const target = { key: "k", id: "\x001:n:k", settings: { ...settings.call, namespace: "n" } };
    const told = await explain(engine, target, keyOf(name, "k", "n"));
    expect(tierIn(told, "shared").entry?.tags).toEqual(["shoes"]);
    expect(engine.epochs.size).toBe(0);
  });

  test("of an entry, its statistics, events, and what other processes see", async () => {
    const { name, a, b } = await world.pair();
    await a.set("k", "v", { tags: ["shoes"] });
    await heard(a, b);
    const at = keyOf(name, "k");
    const [frame, stats, events] = [await frameAt(world.raw, at), b.stats(), recordEvents(b)];
    for (let index = 0; index < 3; index++) await b.explain("k");
    expect(await frameAt(world.raw, at)).toEqual(frame);
    expect(b.stats()).toEqual(stats);
    expect(events).toEqual([]);
    // Nothing was promoted.
    expect(tierIn(await b.explain("k"), "memory").presence).toBe("absent");
  });
});

/** A tier whose authority lets nobody look, as one of a user's own may be. */
function withoutInspection(config: RemoteTierConfig): RemoteTierConfig {
  return {
    kind: config.kind,
    prepare(field) {
      const plan = config.prepare(field);
      return {
        ...plan,
        open(context) {
          const remote = plan.open(context);
          const authority = new Proxy(remote.authority ?? {}, {
            get(target, name) {
              const found: unknown = String(name).startsWith("inspect") ? undefined : Reflect.get(target, name);
              return typeof found === "function" ? (found.bind(target) as unknown) : found;
            },
          });
          return { ...remote, authority: authority as NonNullable<typeof remote.authority> };
        },
      };
    },
  };
}

test("of an authority that lets nobody look explain reads the frame, and knows of no lease", async () => {
  const config = IS_SQLITE ? sqliteTier({ path: ":memory:" }) : redisTier(world.at);
  const cache = new TieredCacheManager({ name: world.newName(), tiers: [memoryTier(), withoutInspection(config)] });
  world.atEnd(() => cache.close());
  await cache.set("k", "v", { tags: ["shoes"] });
  await eventually(async () => tierIn(await cache.explain("k"), "shared").presence, "present");
  const told = await cache.explain("k");
  expect(told.lease.holder).toBe("unknown");
  expect(tierIn(told, "shared").entry?.tags).toEqual(["shoes"]);
});

test("docs/observability.md shows what explain prints", async () => {
  const { a, b } = await world.pair();
  await a.set("user:1", { name: "Ada" }, { tags: ["users"] });
  await b.get("user:1");
  await missMessages(world, b);
  await a.markTagsStale(["users"]);
  await heard(a, b);
  const { summary, tiers } = await b.explain("user:1");
  const lines = tiers.map(({ tier, presence, entry, reasons }) =>
    formatted(`${tier}: ${presence}, ${entry?.state}`, reasons),
  );
  const page = readFileSync(new URL("../../docs/observability.md", import.meta.url), "utf8");
  const shown = /^```text\n(get\(key\).*?)^```$/ms.exec(page)?.[1];
  expect(withoutTimes(`${[summary, ...lines].join("\n")}\n`)).toBe(withoutTimes(shown ?? ""));
});

/** As the console prints it. */
function formatted(...what: unknown[]): string {
  return formatWithOptions({ colors: false }, ...what);
}

function withoutTimes(text: string): string {
  return text.replaceAll(/[\d.]+ (ms|s|min|h)\b/g, "<time>");
}
