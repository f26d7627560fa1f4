// `explain` in memory: where a key is and why, what reading it would do, and that nothing changes by asking.

import { describe, expect, test } from "vitest";
import { memoryTier, type CacheOptions, type KeyExplanation, type TieredCacheManager } from "../../src/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { explain } from "../../src/engine/explain/explain.ts";
import { Listeners } from "../../src/observe/events.ts";
import { resolveCache } from "../../src/settings.ts";
import { createCache } from "../support/cache.ts";
import { deferred } from "../support/deferred.ts";
import { recordEvents } from "../support/event-log.ts";
import { drainMicrotasks, type FakeClock } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

interface Stage {
  readonly cache: TieredCacheManager;
  readonly clock: FakeClock;
}

/** How a key comes to be as it is, and what is said of it. */
interface Case {
  readonly options?: CacheOptions;
  readonly make: (stage: Stage) => unknown;
  readonly summary: string;
  readonly state: string | undefined;
  readonly plan: KeyExplanation["outlook"]["plan"];
}

const failing = (): never => {
  throw new Error("the database is down");
};
const set = ({ cache }: Stage): Promise<unknown> => cache.set("k", "v", { tags: ["users"] });
const BEFORE_REFRESH = "get(key) gives nothing; get(key, refresh) waits for a refresh";

/** Fresh for 1 s, stale for another 0.5 s, of use for another 3.5 s if a refresh fails. */
const CASES: Readonly<Record<string, Case>> = {
  "a key that nobody has stored": {
    make: () => undefined,
    summary: `${BEFORE_REFRESH}: nothing is there: it was never stored, has been dropped or ended, or was pushed out.`,
    state: undefined,
    plan: "refresh",
  },
  "a fresh entry": {
    make: set,
    summary: "get(key) and get(key, refresh) give the fresh value from memory: fresh for another 1 s.",
    state: "fresh",
    plan: "serve",
  },
  "an entry that never ends": {
    options: { ttl: "forever" },
    make: set,
    summary: "get(key) and get(key, refresh) give the fresh value from memory: fresh for ever.",
    state: "fresh",
    plan: "serve",
  },
  "a stale entry": {
    make: async (stage) => {
      await set(stage);
      await stage.clock.advance(1_200);
    },
    summary:
      "get(key) gives the stale value from memory; get(key, refresh) gives it too, and refreshes it behind: past freshUntil " +
      "for 200 ms: its ttl is over, or it was marked stale; stale for another 300 ms.",
    state: "stale",
    plan: "serveAndRefresh",
  },
  "a stale entry that is refreshed in the foreground": {
    options: { backgroundRefresh: false },
    make: async (stage) => {
      await set(stage);
      await stage.clock.advance(1_000);
    },
    summary:
      "get(key) gives the stale value from memory; get(key, refresh) waits for a refresh, and gives the stale value from " +
      "memory if that fails: past freshUntil for 0 ms: its ttl is over, or it was marked stale; stale for another 500 ms.",
    state: "stale",
    plan: "refreshOrServe",
  },
  "an entry that is of use only if a refresh fails": {
    make: async (stage) => {
      await set(stage);
      await stage.clock.advance(2_000);
    },
    summary:
      "get(key) gives nothing; get(key, refresh) waits for a refresh, and gives the old value from memory if that fails: " +
      "past staleUntil for 500 ms; of use for another 3 s, if its refresh fails.",
    state: "rescue",
    plan: "refreshOrServe",
  },
  "an entry that is over": {
    make: async (stage) => {
      await set(stage);
      await stage.clock.advance(65_000);
    },
    summary: `${BEFORE_REFRESH}: past errorUntil for 60 s.`,
    state: undefined,
    plan: "refresh",
  },
  "an entry that is marked stale": {
    make: async (stage) => {
      await set(stage);
      await stage.cache.markStale("k");
    },
    summary:
      "get(key) gives the stale value from memory; get(key, refresh) gives it too, and refreshes it behind: past freshUntil " +
      "for 0 ms: its ttl is over, or it was marked stale; stale for another 1.5 s.",
    state: "stale",
    plan: "serveAndRefresh",
  },
  "an entry whose tag is marked stale": {
    make: async (stage) => {
      await set(stage);
      await stage.cache.markTagsStale(["users"]);
    },
    summary:
      "get(key) gives the stale value from memory; get(key, refresh) gives it too, and refreshes it behind: " +
      "tag users was marked stale since it was made.",
    state: "stale",
    plan: "serveAndRefresh",
  },
  "an entry whose namespace is cleared": {
    make: async (stage) => {
      await set(stage);
      await stage.cache.clearNamespace();
    },
    summary: `${BEFORE_REFRESH}: the namespace of keys without one was invalidated since it was made.`,
    state: undefined,
    plan: "refresh",
  },
  "a stale entry whose refresh has failed": {
    make: async (stage) => {
      await set(stage);
      await stage.clock.advance(1_000);
      await stage.cache.get("k", failing);
      await drainMicrotasks();
    },
    summary:
      "get(key) and get(key, refresh) give the stale value from memory without another try, because its last refresh failed " +
      "with the database is down: past freshUntil for 0 ms: its ttl is over, or it was marked stale; stale for another 500 ms.",
    state: "stale",
    plan: "serve",
  },
  "an old entry whose refresh has failed": {
    make: async (stage) => {
      await set(stage);
      await stage.clock.advance(2_000);
      await stage.cache.get("k", failing);
    },
    summary:
      "get(key) gives nothing; get(key, refresh) gives the old value from memory without another try, because its last refresh " +
      "failed with the database is down: past staleUntil for 500 ms; of use for another 3 s, if its refresh fails.",
    state: "rescue",
    plan: "serve",
  },
};

async function stageOf({ options, make }: Case): Promise<Stage> {
  const stage = createCache({ staleIfError: 4_000, ...options });
  await make(stage);
  return stage;
}

describe.each(Object.entries(CASES))("of %s explain", (_name, one) => {
  test("says what reading would do, and why", async () => {
    const { cache, clock } = await stageOf(one);
    const { outlook, summary, at, key, namespace, fullKey } = await cache.explain("k");
    expect(summary).toBe(one.summary);
    expect([outlook.state, outlook.plan]).toEqual([one.state, one.plan]);
    expect([at, key, namespace, fullKey]).toEqual([clock.now(), "k", undefined, "default:v:{:k}"]);
  });

  test("is right: reading does just that", async () => {
    const { cache } = await stageOf(one);
    const { outlook } = await cache.explain("k");
    expect((await cache.get("k")) !== undefined).toBe(outlook.isServed);
    const gate = deferred();
    let calls = 0;
    const reading = cache.get("k", () => {
      calls++;
      return gate.promise;
    });
    let given: unknown;
    void reading.then((value) => (given = value));
    await drainMicrotasks();
    const isAtOnce = outlook.plan === "serve" || outlook.plan === "serveAndRefresh";
    expect([given, calls]).toEqual([isAtOnce ? "v" : undefined, outlook.plan === "serve" ? 0 : 1]);
    if (outlook.plan === "refreshOrServe") {
      gate.reject(new Error("down"));
      expect(await reading).toBe("v");
    } else gate.resolve("new");
    await reading;
  });

  test("changes nothing, and says the same again", async () => {
    const { cache } = await stageOf(one);
    const events = recordEvents(cache);
    const before = cache.stats();
    const first = await cache.explain("k");
    expect(await cache.explain("k")).toEqual(first);
    expect(cache.stats()).toEqual(before);
    expect(events).toEqual([]);
  });
});

describe("explain", () => {
  test("shows the entry: instants, tags, epochs, how long it took to load", async () => {
    const { cache, clock } = createCache({ staleIfError: 4_000, namespace: "n" });
    const createdAt = clock.now() + 30;
    await cache.get("k", () => clock.advance(30).then(() => "v"), { tags: ["users", "team"] });
    await cache.invalidateTags(["others"]);
    await cache.markTagsStale(["team"]);
    const [memory, ...others] = (await cache.explain("k")).tiers;
    expect(others).toEqual([]);
    expect(memory).toMatchObject({ tier: "memory", role: "memory", presence: "present", damage: undefined });
    expect(memory?.entry).toMatchObject({
      ...{ createdAt, freshUntil: createdAt + 1_000, staleUntil: createdAt + 1_500, errorUntil: createdAt + 5_000 },
      ...{ state: "stale", isTrusted: true, version: undefined, loadMs: 30, tags: ["users", "team"] },
      ...{ bytes: undefined, payload: undefined },
    });
    expect(memory?.entry?.epochs.map(({ kind, name, change }) => [kind, name, change])).toEqual([
      ["namespace", "n", "none"],
      ["tag", "users", "none"],
      ["tag", "team", "soft"],
    ]);
    expect(memory?.entry?.epochs[2]).toMatchObject({
      made: { hard: "0", soft: "0" },
      present: { hard: "0", soft: "2" },
    });
  });

  test("knows the size of an entry in memory where it is measured", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxBytes: 1_000, sizeOf: () => 123 })] });
    await cache.set("k", "v");
    expect((await cache.explain("k")).tiers[0]?.entry?.bytes).toBe(123);
  });

  test("goes by the maxAge and the tiers of the call", async () => {
    const { cache, clock } = createCache();
    await cache.set("k", "v");
    await clock.advance(400);
    const old = await cache.explain("k", { maxAge: 300 });
    expect(old.outlook).toMatchObject({ state: undefined, plan: "refresh" });
    expect(old.tiers[0]?.reasons).toEqual([
      "fresh for another 600 ms",
      "400 ms old, which is older than the maxAge of 300 ms",
    ]);
    const skipping = await cache.explain("k", { tiers: { memory: false } });
    expect(skipping.outlook.plan).toBe("refresh");
    expect(skipping.tiers[0]?.reasons[0]).toBe("this call skips it");
  });

  test("shows the refresh that is running: how many wait for it, and whether one may join", async () => {
    const { cache, clock } = createCache();
    const gate = deferred<string>();
    const [one, two] = [cache.get("k", () => gate.promise), cache.get("k", () => gate.promise)];
    const since = clock.now();
    await clock.advance(250);
    const running = await cache.explain("k");
    expect(running.refresh).toEqual({ isBackground: false, since, callers: 2, isJoinable: true });
    expect(running.summary).toContain("waits for a refresh (one has been running for 250 ms in this process)");
    await cache.delete("k");
    const overtaken = await cache.explain("k");
    expect(overtaken.refresh).toEqual({ isBackground: false, since, callers: 2, isJoinable: false });
    expect(overtaken.summary).not.toContain("in this process");
    gate.resolve("v");
    await Promise.all([one, two]);
    expect((await cache.explain("k")).refresh).toBeUndefined();
  });

  test("shows a refresh in the background that waits for its turn, and one that hangs", async () => {
    const { cache, clock } = createCache({ refreshConcurrency: 1, refreshTimeout: 10_000, staleWhileRevalidate: "1h" });
    await cache.setMany({ k: "v", l: "v" });
    await clock.advance(1_000);
    const gate = deferred<string>();
    await cache.get("l", () => gate.promise);
    await cache.get("k", () => "w");
    await drainMicrotasks();
    const waiting = await cache.explain("k");
    expect(waiting.refresh).toEqual({ isBackground: true, since: undefined, callers: 0, isJoinable: true });
    expect(waiting.summary).toContain("refreshes it behind (one is about to begin in this process)");
    void cache.get("hung", () => gate.promise);
    await clock.advance(10_000);
    expect((await cache.explain("hung")).refresh).toMatchObject({ callers: 1, isJoinable: false });
    gate.resolve("w");
  });

  test("shows failures until their back-off has passed, and after that", async () => {
    const { cache, clock } = createCache({ staleWhileRevalidate: "1h" });
    await cache.set("k", "v");
    await clock.advance(1_000);
    await cache.get("k", failing);
    await drainMicrotasks();
    const until = clock.now() + 1_000;
    const error = expect.objectContaining({ message: "the database is down" }) as Error;
    expect((await cache.explain("k")).backoff).toEqual({ failures: 1, error, until, isActive: true });
    await clock.advance(1_000);
    const over = await cache.explain("k");
    expect(over.backoff).toEqual({ failures: 1, error, until, isActive: false });
    expect(over.outlook.plan).toBe("serveAndRefresh");
  });

  test("touches nothing: what was used least recently still goes first, and uses are not counted", async () => {
    const { cache } = createCache({ tiers: [memoryTier({ maxEntries: 2 })], trackAccess: true });
    await cache.set("a", 1);
    await cache.set("b", 1);
    await cache.explain("a");
    expect(await cache.getEntry("a")).toMatchObject({ hitCount: 0 });
    await cache.set("c", 1);
    expect([await cache.has("a"), await cache.has("b")]).toEqual([false, true]);
  });

  test("leaves what has expired where it is, and no trace in the table of epochs", async () => {
    const settings = resolveCache({ ttl: 1_000, staleWhileRevalidate: 0 });
    const engine = createEngine(settings, new Listeners("shop"));
    const target = { key: "k", id: "\x001:n:k", settings: { ...settings.call, namespace: "n" } };
    const { size, now } = engine.epochs;
    expect((await explain(engine, target, "shop:v:{n:k}")).outlook.plan).toBe("refresh");
    expect([engine.epochs.size, engine.epochs.now]).toEqual([size, now]);
    const { cache, clock } = createCache();
    await cache.set("k", "v");
    await clock.advance(60_000);
    await cache.explain("k");
    expect(await cache.cleanupExpired()).toBe(1);
  });

  test("is there on a view of a namespace, with its defaults", async () => {
    const { cache, clock } = createCache();
    const users = cache.namespace("users", { maxAge: 300 });
    await users.set("1", "v");
    await clock.advance(400);
    const told = await users.explain("1");
    expect(told).toMatchObject({ namespace: "users", fullKey: "default:v:{users:1}", outlook: { plan: "refresh" } });
    expect(told).toEqual(await cache.explain("1", { namespace: "users", maxAge: 300 }));
  });

  test("says of a disabled cache that it only calls refreshes", async () => {
    const { cache } = createCache({ enabled: false });
    await cache.set("k", "v");
    const { summary, outlook, tiers } = await cache.explain("k");
    expect(summary).toMatch(/the cache is disabled\.$/);
    expect([outlook.plan, tiers]).toEqual(["refresh", []]);
  });

  test("refuses what other verbs refuse, and works no more when the cache is closed", async () => {
    const { cache } = createCache();
    await expect(cache.explain("")).rejects.toMatchObject({ code: "invalid_key" });
    await expect(cache.explain("k", { maxAge: -1 })).rejects.toMatchObject({ code: "invalid_option" });
    await expect(cache.explain("k", 5 as never)).rejects.toMatchObject({ code: "invalid_option" });
    await cache.close();
    await expect(cache.explain("k")).rejects.toMatchObject({ code: "closed" });
  });
});
