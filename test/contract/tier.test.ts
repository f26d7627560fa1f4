// Runs the contract of a tier on Redis: one server, and a cluster.

import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import { closeAll, openProcess } from "../redis/open.ts";
import { SHAPES } from "../redis/servers.ts";
import { tierContract, type TierUnderTest } from "../../src/test-suite/tier.ts";

describe.each(SHAPES)("the contract of a tier: Redis, %s", (_name, start) => {
  let stop = (): Promise<void> => Promise.resolve();
  let underTest: TierUnderTest;

  beforeAll(async () => {
    const server = await start();
    stop = server.stop;
    underTest = { tier: openProcess("shop", { ...server.options, keyPrefix: "app:" }).tier, root: "shop" };
  });
  afterAll(async () => {
    await closeAll();
    await stop();
  });

  tierContract({ test, assert }, () => Promise.resolve(underTest));
});
