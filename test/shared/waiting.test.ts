// Waiting for a refresh of another process: every caller by its own limits, as if it ran here.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { controlled, type ControlledCall } from "../support/controlled-refresh.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { age, keyOf } from "./frames.ts";
import { watch } from "./monitor.ts";
import { eventually, heard, never, SHAPES_READING_REDIS, SharedWorld, type OpenOptions, IS_SQLITE } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

interface Held {
  readonly name: string;
  readonly a: TieredCacheManager;
  readonly b: TieredCacheManager;
  /** The refresh of `a`, which holds the lease. */
  readonly running: ControlledCall<unknown, string>;
  readonly first: Promise<string>;
}

/** Another process refreshes the key: `old` says what it replaces. */
async function held(options: OpenOptions, old?: string): Promise<Held> {
  const { name, a, b } = await world.pair(options);
  if (old !== undefined) {
    await a.set("k", old, { ttl: 1_000 });
    await age(world.raw, keyOf(name, "k"), 2_000);
    await heard(a, b);
  }
  const { refresh, calls, call } = controlled();
  const first = a.get("k", refresh, { backgroundRefresh: false, tiers: { memory: false } });
  await eventually(() => calls.length, 1);
  return { name, a, b, running: call(0), first };
}

describe.each(SHAPES_READING_REDIS)("%s", (_shape, shape) => {
  test("waits for the other's value, and calls nothing", async () => {
    const { b, running, first } = await held({ shape });
    const waiting = [b.get("k", never), b.get("k", never)];
    await eventually(() => b.stats().refreshes.inFlight, 1);
    running.resolve("from elsewhere");
    expect(await Promise.all([first, ...waiting])).toEqual(["from elsewhere", "from elsewhere", "from elsewhere"]);
    expect(b.stats().refreshes).toMatchObject({ foreground: 0, spared: 1, joined: 1 });
  });

  test("refreshes itself when the other's refresh fails", async () => {
    const { b, running, first } = await held({ shape });
    const waiting = b.get("k", () => "from here");
    running.reject(new Error("no database there"));
    await expect(first).rejects.toThrow("no database there");
    expect(await waiting).toBe("from here");
  });

  test("refreshes itself when the other's refresh was skipped, or gave nothing", async () => {
    const { a, b } = await world.pair({ shape });
    for (const [key, give] of [
      ["skipped", (skip: (value: string) => string) => skip("passing")],
      ["nothing", () => undefined],
    ] as const) {
      const { refresh, calls, call } = controlled<undefined>();
      const first = a.get<unknown>(key, async (context) => {
        await refresh(context as never);
        return give(context.skip);
      });
      await eventually(() => calls.length, 1);
      const waiting = b.get(key, () => "from here");
      await eventually(() => b.stats().refreshes.inFlight, 1);
      call(0).resolve(undefined);
      expect([await first, await waiting]).toEqual([key === "skipped" ? "passing" : undefined, "from here"]);
    }
  });

  test("hardTimeout ends the wait of one caller; the others get the value", async () => {
    const { b, running, first } = await held({ shape });
    const patient = b.get("k", never);
    await expect(b.get("k", never, { hardTimeout: 30 })).rejects.toMatchObject({ code: "timeout", key: "k" });
    running.resolve("late");
    expect(await Promise.all([first, patient])).toEqual(["late", "late"]);
    expect(await b.get("k", never)).toBe("late");
  });

  test("hardTimeout of the only caller: later ones find what the other process has made", async () => {
    const { b, running, first } = await held({ shape });
    await expect(b.get("k", never, { hardTimeout: 30 })).rejects.toMatchObject({ code: "timeout" });
    await eventually(() => b.stats().refreshes.inFlight, 0);
    running.resolve("late");
    expect([await first, await b.get("k", never)]).toEqual(["late", "late"]);
  });

  test("a signal ends the wait of its caller, with its reason", async () => {
    const { b, running, first } = await held({ shape });
    const [controller, other] = [new AbortController(), new AbortController()];
    const leaving = b.get("k", never, { signal: controller.signal });
    const staying = b.get("k", never, { signal: other.signal });
    await eventually(() => b.stats().refreshes.inFlight, 1);
    const reason = new Error("the request was cancelled");
    controller.abort(reason);
    await expect(leaving).rejects.toBe(reason);
    running.resolve("v");
    expect(await Promise.all([first, staying])).toEqual(["v", "v"]);
  });

  test("softTimeout gives the stale value meanwhile", async () => {
    const { b, running, first } = await held({ shape }, "old");
    let given: unknown;
    const soft = b.get("k", never, { softTimeout: 30 }).then((value) => (given = value));
    await eventually(() => given, "old");
    running.resolve("new");
    expect(await Promise.all([first, soft])).toEqual(["new", "old"]);
    await eventually(() => b.get("k", never), "new");
  });

  test("softTimeout without a stale value has the caller wait on", async () => {
    const { b, running, first } = await held({ shape });
    const soft = b.get("k", never, { softTimeout: 1 });
    await expect(b.get("k", never, { hardTimeout: 40 })).rejects.toMatchObject({ code: "timeout" });
    running.resolve("v");
    expect(await Promise.all([first, soft])).toEqual(["v", "v"]);
  });

  test("backgroundRefresh: false waits, also with a stale value", async () => {
    const { b, running, first } = await held({ shape }, "old");
    const waiting = b.get("k", never, { backgroundRefresh: false });
    await eventually(() => b.stats().refreshes.inFlight, 1);
    running.resolve("new");
    expect(await Promise.all([first, waiting])).toEqual(["new", "new"]);
  });

  test.skipIf(IS_SQLITE)("forceRefresh takes the value of a refresh that ends after it was asked for", async () => {
    const { b, running, first } = await held({ shape }, "old");
    const monitor = await watch(world.server);
    world.atEnd(() => monitor.close());
    const forced = b.get("k", never, { forceRefresh: true });
    // With the version of what Redis has: that time it was refused, since the lease is taken.
    await eventually(() => monitor.seen.filter((command) => command.startsWith("ACQUIRE")).length >= 2, true);
    running.resolve("new");
    expect(await Promise.all([first, forced])).toEqual(["new", "new"]);
  });

  test("the lease is renewed for as long as the refresh takes", async () => {
    const { name, b, running, first } = await held({ shape });
    const lease = keyOf(name, "k").replace(":v:", ":l:");
    let last = await world.raw.pttl(lease);
    let renewals = 0;
    await eventually(async () => {
      const left = await world.raw.pttl(lease);
      if (left > last) renewals++;
      last = left;
      return renewals >= 2;
    }, true);
    const waiting = b.get("k", never);
    running.resolve("v");
    expect([await first, await waiting, await world.raw.exists(lease)]).toEqual(["v", "v", 0]);
  });

  test("close ends a wait", async () => {
    const { name, a, b, running, first } = await held({ shape });
    const waiting = b.get("k", never);
    await eventually(() => b.stats().refreshes.inFlight, 1);
    await Promise.all([
      expect(waiting).rejects.toMatchObject({ code: "closed" }),
      expect(first).rejects.toMatchObject({ code: "closed" }),
      b.close({ timeout: 20 }),
      a.close({ timeout: 20 }),
    ]);
    running.resolve("too late");
    const late = await world.open({ shape, name });
    expect(await late.get("k", () => "anew")).toBe("anew");
  });
});
