// Runs the contract of an authority on Redis: one server, and a cluster.

import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { RedisTierOptions } from "../../src/redis/options.ts";
import { closeAll, openProcess } from "../redis/open.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { startCluster } from "../support/redis/cluster.ts";
import { startRedis } from "../support/redis/server.ts";
import { authorityContract } from "./authority.ts";
import type { AuthorityUnderTest } from "./suite.ts";

describe.each([
  ["one server", startServer],
  ["a cluster", startNodes],
])("the contract of an authority: Redis, %s", (_name, start) => {
  let stop = (): Promise<void> => Promise.resolve();
  let underTest: AuthorityUnderTest;

  beforeAll(async () => {
    const server = await start();
    stop = server.stop;
    const [one, two] = [openProcess("shop", server.options), openProcess("shop", server.options)];
    underTest = { authority: one.authority, other: two.authority, root: "shop", layout: FRAME_LAYOUT };
  });
  afterAll(async () => {
    await closeAll();
    await stop();
  });

  authorityContract({ test, assert }, () => Promise.resolve(underTest));
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
