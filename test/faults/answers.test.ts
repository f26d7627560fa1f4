// Reads while Redis is in trouble: they get their answers, and hardly wait.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import { timed } from "../support/timed.ts";
import { ALL_CASES } from "./fault-cases.ts";
import { TIMEOUT_MS } from "./open.ts";
import { openSufferer, suffer } from "./site.ts";
import { redisStats, World } from "./world.ts";

/** What a busy machine may add to one call, with its event loop standing still. */
const ALLOWANCE_MS = 150;
/** Faults that no connection tells of. */
const UNNOTICED = ["hung", "black hole", "slower than the timeout"];
/** How long it takes until all of them are noticed. */
const UNNOTICED_MS = 1_500;
/** The default: a copy that nobody may trust any more would have to be verified before five probes have failed. */
const DIVERGENCE_MS = 2_000;
const MISSES = 20;
const HITS = 200;
/** With the breaker open: what a call costs in this process alone, and a busy machine. */
const HARDLY_MS = 20;

describe("answers", () => {
  const world = new World();

  for (const fault of ALL_CASES) {
    test(`P10 ${fault.name}: memory hits answer at once and misses wait no longer than the timeout`, async () => {
      const site = await openSufferer(world, world.newName());
      const { here } = site;
      await here.set("hot", "value");
      await suffer(world, site, fault);

      const first = [await hit(here), await miss(here, "cold"), await hit(here), await miss(here, "cold too")];
      expect(Math.max(...first)).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS);

      if (fault.isAway) await untilOpen(here);
      const misses: number[] = [];
      for (let n = 0; n < MISSES; n++) misses.push(await miss(here, `cold ${n}`));
      const hits: number[] = [];
      for (let n = 0; n < HITS; n++) hits.push(await hit(here));
      expect(Math.max(...hits, ...misses)).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS);
      expect(median(hits)).toBeLessThan(2);
      if (fault.isAway) expect(nineTenths(misses)).toBeLessThan(HARDLY_MS);
    });
  }

  for (const name of ["no fault", ...UNNOTICED]) {
    const fault = ALL_CASES.find((one) => one.name === name)!;
    test(`P10 ${name}: memory hits do not wait while nobody knows of it yet, nor when the breaker opens`, async () => {
      const site = await openSufferer(world, world.newName(), { divergenceLimit: DIVERGENCE_MS });
      const { here } = site;
      await here.set("hot", "value");
      await suffer(world, site, fault);
      const slow: number[] = [];
      const begunAt = performance.now();
      // Only probes ask Redis for anything: five that are not answered open the breaker.
      const isOver = async (): Promise<boolean> => {
        const tookMs = await hit(here);
        if (tookMs > HARDLY_MS) slow.push(tookMs);
        return fault.isAway
          ? redisStats(here).breakers["redis"] === "open"
          : performance.now() - begunAt > UNNOTICED_MS;
      };
      await waitUntil(isOver, { what: "the breaker is open", deadlineMs: 8_000 });
      for (let n = 0; n < HITS; n++) await isOver();
      // One may be the machine's.
      expect(slow.length).toBeLessThan(2);
    });
  }
});

async function hit(cache: TieredCacheManager): Promise<number> {
  const { value, tookMs } = await timed(() => cache.get("hot", () => "value"));
  expect(value).toBe("value");
  return tookMs;
}

/** Of a refresh that takes no time. */
async function miss(cache: TieredCacheManager, key: string): Promise<number> {
  const { value, tookMs } = await timed(() => cache.get(key, () => `${key}, refreshed`));
  expect(value).toBe(`${key}, refreshed`);
  return tookMs;
}

async function untilOpen(cache: TieredCacheManager): Promise<void> {
  let n = 0;
  const isOpen = async (): Promise<boolean> => {
    // Every miss tells the breaker something, and none waits too long meanwhile.
    expect(await miss(cache, `early ${n++}`)).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS);
    return redisStats(cache).breakers["redis"] === "open";
  };
  await waitUntil(isOpen, { what: "the breaker is open", deadlineMs: 8_000 });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function nineTenths(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.9)]!;
}
