// Runs the contract of an authority on Redis: one server, and a cluster.

import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import { closeAll, openProcess } from "../redis/open.ts";
import { SHAPES } from "../redis/servers.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { authorityContract } from "../../src/test-suite/authority.ts";
import type { AuthorityUnderTest } from "../../src/test-suite/suite.ts";

describe.each(SHAPES)("the contract of an authority: Redis, %s", (_name, start) => {
  let stop = (): Promise<void> => Promise.resolve();
  let underTest: AuthorityUnderTest;

  beforeAll(async () => {
    const server = await start();
    stop = server.stop;
    const [one, two] = [
      openProcess("shop", { ...server.options, keyPrefix: "app:" }),
      openProcess("shop", { ...server.options, keyPrefix: "app:" }),
    ];
    underTest = { authority: one.authority, other: two.authority, root: "shop", layout: FRAME_LAYOUT };
  });
  afterAll(async () => {
    await closeAll();
    await stop();
  });

  authorityContract({ test, assert }, () => Promise.resolve(underTest));
});
