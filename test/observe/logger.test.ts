// The log: one line for what was decided and why, from the level that was asked for, and never trouble for the cache.

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { CacheError, TieredCacheManager, type Logger, type LogLevel } from "../../src/index.ts";
import { LOG_LEVELS } from "../../src/model/log.ts";
import { logEvents } from "../../src/observe/logger.ts";
import { Listeners } from "../../src/observe/events.ts";
import type { CacheEvent } from "../../src/index.ts";
import { createCache } from "../support/cache.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

interface Log {
  readonly logger: Logger;
  readonly lines: string[];
  readonly fields: object[];
}

/** Notes what is written: `debug freshtier shop: hit k: …`. */
function openLog(): Log {
  const [lines, fields]: [string[], object[]] = [[], []];
  const at = (level: string) => (about: object, message: string) => {
    fields.push(about);
    lines.push(`${level} ${message}`);
  };
  return { logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }, lines, fields };
}

const about = { key: "k", namespace: "n" };
const error = new Error("down");

/** One of each type that a cache on its own memory does not make, and what is said of it. */
const LINES: readonly (readonly [CacheEvent, string])[] = [
  [{ type: "rescue", ...about, tier: "memory", error }, "warn rescue k of n: an old value from memory, because down"],
  [{ type: "refreshRefused", ...about }, "warn refresh k of n put off: too many wait; the stale value was given"],
  [{ type: "invalid", ...about, reason: "no name" }, "warn value of k of n not cached: no name"],
  [{ type: "evict", ...about, tier: "memory" }, "debug evicted k of n from memory: no room"],
  [{ type: "tierError", tier: "redis", operation: "read", error }, "warn redis failed at read: down"],
  [
    { type: "breaker", tier: "redis", server: "a", state: "open", reason: "5 failures" },
    "warn breaker of redis for a is open: 5 failures",
  ],
  [
    { type: "busLost", tier: "redis", reason: "a gap" },
    "warn bus of redis is not live: a gap; copies are verified before use",
  ],
  [{ type: "busLive", tier: "redis" }, "info bus of redis is live: copies made from now on are trusted"],
  [
    { type: "busGap", tier: "redis", missing: 3, reason: "a message is missing" },
    "warn bus of redis has missed 3 messages: a message is missing",
  ],
  [{ type: "busGap", tier: "redis", missing: 1, reason: "late" }, "warn bus of redis has missed 1 message: late"],
  [
    { type: "busGap", tier: "sqlite", missing: undefined, reason: "the log is not the one it was" },
    "warn bus of sqlite has missed messages, nobody knows how many: the log is not the one it was",
  ],
  [
    { type: "suspectVerified", ...about, tier: "memory", outcome: "confirmed" },
    "debug suspect copy of k of n in memory used, because the authority still holds it",
  ],
  [
    { type: "suspectVerified", ...about, tier: "memory", outcome: "replaced" },
    "debug suspect copy of k of n in memory replaced, because the authority holds another value",
  ],
  [
    { type: "suspectVerified", ...about, tier: "sqlite", outcome: "gone" },
    "debug suspect copy of k of n in sqlite not used, because the authority holds nothing that may be",
  ],
  [{ type: "pendingReplayed", tier: "redis", count: 3 }, "info 3 invalidations done again in redis"],
  [
    { type: "pendingLost", tier: "redis", count: 2 },
    "error closed before redis had got 2 invalidations: they are lost",
  ],
  [
    { type: "damagedFrame", ...about, tier: "redis", reason: "checksum" },
    "warn bytes of k of n in redis are no entry: checksum",
  ],
  [
    { type: "listenerError", error: "no", event: { type: "busLive", tier: "r" } },
    "error a listener of busLive failed: 'no'",
  ],
  [
    { type: "invalidate", target: "namespace", name: undefined, namespace: undefined, soft: true, remote: true },
    "debug marked stale namespace (default), by another process",
  ],
  [
    { type: "refreshEnd", ...about, background: true, durationMs: 5, notStored: "unknown-tag" },
    "debug refresh k of n took 5 ms in the background: not stored, because a tag it named is too new to be sure of",
  ],
];

describe("a log", () => {
  test("at debug tells each decision and its reason", async () => {
    const { logger, lines, fields } = openLog();
    const { cache, clock } = createCache({ name: "shop", logger, logLevel: "debug" });
    await cache.get("k", () => 1);
    await cache.get("k");
    await clock.advance(1_000);
    await cache.get("k", () => Promise.reject(error));
    await drainMicrotasks();
    await cache.set("l", 2, { namespace: "n" });
    await cache.delete("l", { namespace: "n" });
    await cache.invalidateTags(["t"]);
    await cache.clear();
    await cache.get("k", async () => (await cache.delete("k"), 3));
    expect(lines).toEqual(
      [
        "debug miss k: no tier had a value that may be used",
        "debug refresh k begins",
        "debug refresh k took 0 ms: stored",
        "debug hit k: fresh in memory",
        "debug stale hit k: given from memory, to be refreshed behind",
        "debug refresh k begins in the background",
        "warn refresh k failed in the background: down; the old value is given for a while before the next try",
        "debug set l of n",
        "debug invalidated l of n",
        "debug invalidated tag t",
        "debug invalidated everything",
        "debug miss k: no tier had a value that may be used",
        "debug refresh k begins",
        "debug invalidated k",
        "debug result of k dropped: an invalidation has overtaken its refresh",
        "debug refresh k took 0 ms: not stored, because an invalidation has overtaken it",
      ].map((line) => line.replace(" ", " freshtier shop: ")),
    );
    expect(fields[0]).toEqual({ cache: "shop", type: "miss", key: "k", namespace: undefined });
  });

  test.each(LINES)("says of %o: %s", (event, line) => {
    const { logger, lines } = openLog();
    const listeners = new Listeners("shop");
    logEvents(listeners, "shop", logger, "debug");
    listeners.notify(event);
    expect(lines).toEqual([line.replace(" ", " freshtier shop: ")]);
  });

  test.each<[LogLevel | undefined, readonly string[]]>([
    ["debug", ["debug", "info", "warn", "error"]],
    [undefined, ["info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
    ["silent", []],
  ])("from level %s on writes %j, and makes no event below", (logLevel, written) => {
    const { logger, lines } = openLog();
    const listeners = new Listeners("shop");
    logEvents(listeners, "shop", logger, logLevel ?? "info");
    for (const [event] of LINES) listeners.notify(event);
    expect(new Set(lines.map((line) => line.split(" ")[0]))).toEqual(new Set(written));
    expect(listeners.wants("hit")).toBe(logLevel === "debug");
  });

  test("gives an error under the name by which loggers know it", async () => {
    const { logger, fields } = openLog();
    const { cache } = createCache({ name: "shop", logger });
    await expect(cache.get("k", () => Promise.reject(error))).rejects.toBe(error);
    expect(fields).toEqual([expect.objectContaining({ cache: "shop", type: "refreshFail", err: error })]);
    expect(fields[0]).not.toHaveProperty("error");
  });

  test("on the console is lines, with the stack of what failed in the user's code, and of nothing else", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    onTestFinished(() => warn.mockRestore());
    const listeners = new Listeners("shop");
    logEvents(listeners, "shop", console, "info");
    const away = new CacheError("unavailable", "redis is not connected");
    listeners.notify({ type: "tierError", tier: "redis", operation: "read", error: away });
    listeners.notify({ type: "refreshFail", ...about, background: false, error, retryAt: undefined });
    expect(warn.mock.calls).toEqual([
      ["freshtier shop: redis failed at read: redis is not connected"],
      ["freshtier shop: refresh k of n failed: down", error],
    ]);
  });

  test("begins no line within a line, whatever a key or an error holds", async () => {
    const { logger, lines } = openLog();
    const { cache } = createCache({ name: "shop", logger });
    const lying = new Error("down\n  info freshtier shop: all is well");
    await expect(cache.get("a\r\nb", () => Promise.reject(lying))).rejects.toBe(lying);
    expect(lines).toEqual(["warn freshtier shop: refresh a b failed: down info freshtier shop: all is well"]);
  });

  test("that throws costs the cache nothing", async () => {
    const fail = (): never => {
      throw new Error("the disk is full");
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const { cache } = createCache({ logger, logLevel: "debug" });
    expect(await cache.get("k", () => 1)).toBe(1);
    expect(await cache.get("k")).toBe(1);
  });

  test("may be the console", () => {
    expect(() => new TieredCacheManager({ logger: console })).not.toThrow();
  });

  test("must have the methods, and a level there is", () => {
    const rule = "logger must be an object with debug(), info(), warn(), error(), got { info: 1 }";
    const refused = (options: object) => () => new TieredCacheManager(options);
    expect(refused({ logger: { info: 1 } })).toThrow(rule);
    expect(refused({ logger: null })).toThrow(
      "logger must be an object with debug(), info(), warn(), error(), got null",
    );
    const levels = LOG_LEVELS.map((level) => `'${level}'`).join(", ");
    expect(refused({ logLevel: "trace" })).toThrow(`logLevel must be one of ${levels}, got 'trace'`);
  });
});
