// Runs the contract of a tier on Redis: one server, and a cluster.

import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { RedisTierOptions } from "../../src/redis/options.ts";
import { closeAll, openProcess } from "../redis/open.ts";
import { startCluster } from "../support/redis/cluster.ts";
import { startRedis } from "../support/redis/server.ts";
import { tierContract, type TierUnderTest } from "./tier.ts";

describe.each([
  ["one server", startServer],
  ["a cluster", startNodes],
])("the contract of a tier: Redis, %s", (_name, start) => {
  let stop = (): Promise<void> => Promise.resolve();
  let underTest: TierUnderTest;

  beforeAll(async () => {
    const server = await start();
    stop = server.stop;
    underTest = { tier: openProcess("shop", server.options).tier, root: "shop" };
  });
  afterAll(async () => {
    await closeAll();
    await stop();
  });

  tierContract({ test, assert }, () => Promise.resolve(underTest));
});

interface Started {
  readonly options: RedisTierOptions;
  stop(): Promise<void>;
}

async function startServer(): Promise<Started> {
  const server = await startRedis();
  return { options: { url: server.url, keyPrefix: "app:" }, stop: () => server.stop() };
}

async function startNodes(): Promise<Started> {
  const cluster = await startCluster();
  return { options: { cluster: cluster.addresses }, stop: () => cluster.stop() };
}
