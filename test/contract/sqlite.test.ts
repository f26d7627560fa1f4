// Runs the contracts of a tier, an authority and a bus on SQLite: a file that two connections share.

import assert from "node:assert/strict";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { systemClock } from "../../src/model/clock.ts";
import { authorityContract } from "../../src/test-suite/authority.ts";
import { busContract } from "../../src/test-suite/bus.ts";
import { unique, type AuthorityUnderTest } from "../../src/test-suite/suite.ts";
import { tierContract, type TierUnderTest } from "../../src/test-suite/tier.ts";
import { closeAll, newPath, openProcess, removeFiles } from "../sqlite/open.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const cleanUp = async (): Promise<void> => {
  await closeAll();
  removeFiles();
};

describe("the contract of a tier: SQLite", () => {
  let underTest: TierUnderTest;
  beforeAll(() => void (underTest = { tier: openProcess("shop", { path: newPath() }).tier, root: "shop" }));
  afterAll(cleanUp);
  tierContract({ test, assert }, () => Promise.resolve(underTest));
});

describe("the contract of a tier: SQLite in memory", () => {
  let underTest: TierUnderTest;
  beforeAll(() => void (underTest = { tier: openProcess("shop", { path: ":memory:" }).tier, root: "shop" }));
  afterAll(cleanUp);
  tierContract({ test, assert }, () => Promise.resolve(underTest));
});

describe("the contract of an authority: SQLite", () => {
  let underTest: AuthorityUnderTest;
  beforeAll(() => {
    const path = newPath();
    const [authority, other] = [openProcess("shop", { path }).authority, openProcess("shop", { path }).authority];
    underTest = { authority, other, root: "shop", layout: FRAME_LAYOUT };
  });
  afterAll(cleanUp);
  authorityContract({ test, assert }, () => Promise.resolve(underTest));
});

describe("the contract of a bus: SQLite", () => {
  afterEach(cleanUp);
  busContract({ test, assert }, () => {
    const [root, path] = [unique("shop"), newPath()];
    return Promise.resolve({ open: () => openProcess(root, { path }), root, layout: FRAME_LAYOUT, clock: systemClock });
  });
});
