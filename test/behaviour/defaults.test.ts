// Defaults: what the docs say is what DEFAULTS holds, and what a cache does that was told nothing.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DEFAULTS, memoryTier, TieredCacheManager } from "../../src/index.ts";
import { parseDuration } from "../../src/model/duration.ts";
import { FakeClock } from "../support/fake-clock.ts";

const SOURCES = ["options.ts", "memory/options.ts", "model/call-options.ts"];

interface Documented {
  readonly option: string;
  readonly text: string;
}

/** Every `Default …` in the TSDoc of an option. */
function documentedDefaults(file: string): Documented[] {
  const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
  const members = source.matchAll(/\/\*\*((?:(?!\*\/).)*?)\*\/\s*readonly (\w+)\?:/gs);
  return [...members].flatMap(([, doc = "", option = ""]) => {
    const text = /\bDefault:? (.+?)\.?(?:\s*\n|$)/.exec(doc.replaceAll(/^\s*\* ?/gm, "").trim())?.[1];
    return text === undefined ? [] : [{ option, text }];
  });
}

/** `"5 min"` and the like as milliseconds. */
function toMs(text: string): number {
  const [, amount, unit] = /^([\d.]+) (ms|s|min|h)$/.exec(text) ?? [];
  return parseDuration(`${amount}${unit === "min" ? "m" : unit}`, text);
}

/** The value that a documented default means; `undefined` where it is described in words. */
function valueOf(text: string): unknown {
  if (/^`.*`$/.test(text)) {
    const literal = text.slice(1, -1);
    return /^("|true$|false$)/.test(literal) ? JSON.parse(literal) : undefined;
  }
  if (/^\d+(, off)?$/.test(text)) return Number.parseInt(text, 10);
  if (/^[\d.]+ (ms|s|min|h)$/.test(text)) return toMs(text);
  return undefined;
}

const DOCUMENTED = SOURCES.flatMap((file) => documentedDefaults(file).map((each) => ({ file, ...each })));

/** Defaults that are not in DEFAULTS because their option belongs to one verb or is off. */
const ELSEWHERE: Readonly<Record<string, unknown>> = {
  timeout: DEFAULTS.closeTimeout,
  forceRefresh: false,
  maxAge: "forever",
};

describe("documented defaults", () => {
  const plain = DOCUMENTED.filter(({ text }) => valueOf(text) !== undefined);

  test.each(plain)("$option in $file: $text", ({ option, text }) => {
    const actual = option in DEFAULTS ? DEFAULTS[option as keyof typeof DEFAULTS] : ELSEWHERE[option];
    expect(valueOf(text)).toBe(actual);
  });

  test("cover every member of DEFAULTS", () => {
    const documented = new Set(plain.map(({ option }) => option));
    expect(Object.keys(DEFAULTS).filter((option) => !documented.has(option))).toEqual([]);
  });

  test("cannot be changed", () => {
    expect(Object.isFrozen(DEFAULTS)).toBe(true);
  });
});

describe("a cache that was told nothing", () => {
  test("lives by DEFAULTS", async () => {
    const clock = new FakeClock();
    const cache = new TieredCacheManager({ clock });
    await cache.set("k", "v");
    const now = clock.now();
    expect(await cache.getEntry("k")).toMatchObject({
      fullKey: `${DEFAULTS.name}:v:{:k}`,
      tier: "memory",
      freshUntil: now + DEFAULTS.ttl,
      staleUntil: now + DEFAULTS.ttl + DEFAULTS.staleWhileRevalidate,
      errorUntil: now + DEFAULTS.ttl + DEFAULTS.staleWhileRevalidate,
    });
    expect(cache.name).toBe("default");
    expect(cache.stats().tiers["memory"]).toMatchObject({ capacity: DEFAULTS.maxEntries });
    expect(await cache.health()).toMatchObject({ status: "healthy" });
  });

  test("has the defaults that the design promises", () => {
    expect(DEFAULTS).toMatchObject({
      name: "default",
      ttl: 5 * 60_000,
      staleWhileRevalidate: 60_000,
      staleIfError: 0,
      jitter: 0,
      maxEntries: 1_000,
      refreshConcurrency: 16,
      isolation: "shared",
      maxKeyLength: 512,
    });
  });

  test("works on the system's clock, and closes", async () => {
    await using cache = new TieredCacheManager();
    expect(await cache.get("k", () => "v")).toBe("v");
    expect(await cache.get("k")).toBe("v");
    expect(Math.abs((await cache.ttl("k")) ?? NaN)).toBeLessThanOrEqual(DEFAULTS.ttl);
  });

  test("takes a memory tier without options", async () => {
    await using cache = new TieredCacheManager({ tiers: [memoryTier()] });
    expect(cache.stats().tiers["memory"]).toMatchObject({ capacity: DEFAULTS.maxEntries });
  });
});
