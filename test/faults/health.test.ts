// What health() says while Redis is in trouble, and afterwards.

import { describe, expect, test } from "vitest";
import type { CacheHealth, TieredCacheManager } from "../../src/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import { ALL_CASES } from "./fault-cases.ts";
import type { FaultCase } from "./fault-cases.ts";
import { DIVERGENCE_MS } from "./open.ts";
import { openSufferer, suffer } from "./site.ts";
import { untilHealthy, World } from "./world.ts";

/** The breaker has to open first where nothing is answered, or the loss of the bus be noticed; and a busy machine. */
const SAID_WITHIN_MS = 1_000 + DIVERGENCE_MS;
/** For what is not said at all. */
const SOON_MS = 800;
/** Redis answers reads and refuses all else. */
const REFUSING: ReadonlySet<string> = new Set(["full", "too few replicas"]);

type Use = (here: TieredCacheManager, n: number) => Promise<unknown>;

describe("health", () => {
  const world = new World();

  /** A cache in use says what is wrong, and when it is over that nothing is. */
  async function saysAndRecovers(fault: FaultCase, reason: RegExp, use: Use): Promise<CacheHealth> {
    const site = await openSufferer(world, world.newName());
    const { here } = site;
    expect(await here.health()).toMatchObject({ status: "healthy", reasons: [] });
    await suffer(world, site, fault);
    let said: readonly string[] = [];
    let n = 0;
    const isSaid = async (): Promise<boolean> => {
      await use(here, n++);
      const { status, reasons } = await here.health();
      said = reasons;
      return status === "degraded" && reasons.some((one) => reason.test(one));
    };
    await waitUntil(isSaid, {
      what: `health() gives ${String(reason)} as its reason`,
      deadlineMs: SAID_WITHIN_MS,
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it gives ${JSON.stringify(said)}`, { cause: error });
    });
    await world.heal();
    // What was refused is not known to be possible until it is tried.
    await waitUntil(async () => (await use(here, n++), (await here.health()).status === "healthy"), {
      what: "health() says that it is over",
    });
    await untilHealthy(here);
    return here.health();
  }

  for (const fault of ALL_CASES) {
    const { name, reason } = fault;
    if (reason === undefined) continue;
    test(`P10 ${name}: health() says so, and that it is over`, async () => {
      const after = await saysAndRecovers(fault, reason, async (here, n) => {
        await here.get(`key ${n}`, () => "value");
        await here.set("key", "value");
      });
      expect(after).toMatchObject({ status: "healthy", reasons: [] });
    });

    if (!REFUSING.has(name)) continue;
    test(`P10 ${name}: health() says so although there are only reads`, async () => {
      const after = await saysAndRecovers(fault, reason, (here, n) => here.get(`key ${n}`, () => "value"));
      expect(after).toMatchObject({ status: "healthy", reasons: [] });
    });

    test(`P10 ${name}: health() says that it is over although nobody uses the cache`, async () => {
      const site = await openSufferer(world, world.newName());
      await suffer(world, site, fault);
      await site.here.get("key", () => "value");
      expect(await site.here.health()).toMatchObject({ status: "degraded" });
      await world.heal();
      await untilHealthy(site.here, SOON_MS);
    });
  }
});
