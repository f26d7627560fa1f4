// Runs the contract of a bus on Redis: one server, and a cluster.

import assert from "node:assert/strict";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { systemClock } from "../../src/model/clock.ts";
import type { RedisTierOptions } from "../../src/redis/options.ts";
import { closeAll, openProcess } from "../redis/open.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { startCluster } from "../support/redis/cluster.ts";
import { startRedis } from "../support/redis/server.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { busContract } from "./bus.ts";
import { unique } from "./suite.ts";

forbidUnhandledRejections();

describe.each([
  ["one server", startServer],
  ["a cluster", startNodes],
])("the contract of a bus: Redis, %s", (_name, start) => {
  let stop = (): Promise<void> => Promise.resolve();
  let options: RedisTierOptions;

  beforeAll(async () => {
    const server = await start();
    ({ stop, options } = server);
  });
  afterEach(closeAll);
  afterAll(() => stop());

  busContract({ test, assert }, () => {
    const root = unique("shop");
    return Promise.resolve({ open: () => openProcess(root, options), root, layout: FRAME_LAYOUT, clock: systemClock });
  });
});

interface Started {
  readonly options: RedisTierOptions;
  stop(): Promise<void>;
}

async function startServer(): Promise<Started> {
  const server = await startRedis();
  return { options: { url: server.url }, stop: () => server.stop() };
}

async function startNodes(): Promise<Started> {
  const cluster = await startCluster();
  return { options: { cluster: cluster.addresses }, stop: () => cluster.stop() };
}
