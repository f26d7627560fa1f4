// Runs the contract of a bus on Redis: one server, and a cluster.

import assert from "node:assert/strict";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { systemClock } from "../../src/model/clock.ts";
import type { RedisTierOptions } from "../../src/redis/options.ts";
import { closeAll, openProcess } from "../redis/open.ts";
import { SHAPES } from "../redis/servers.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { busContract } from "../../src/test-suite/bus.ts";
import { unique } from "../../src/test-suite/suite.ts";

forbidUnhandledRejections();

describe.each(SHAPES)("the contract of a bus: Redis, %s", (_name, start) => {
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
