// Runs the contracts of a tier and of an authority on Keyv stores of every kind.

import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Authority } from "../../src/contracts/authority.ts";
import type { RemoteTier } from "../../src/contracts/remote.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { authorityContract } from "../../src/test-suite/authority.ts";
import { tierContract } from "../../src/test-suite/tier.ts";
import { openTier } from "../keyv/caches.ts";
import { STORES, undoAll, type Store } from "../keyv/stores.ts";

describe.each(STORES)("the contracts on %s", (_name, make) => {
  let one: RemoteTier & { readonly authority: Authority };
  let two: typeof one;

  const open = (store: Store): typeof one => openTier({ store, keyPrefix: "app:" });
  beforeAll(() => {
    const store = make()();
    [one, two] = [open(store), open(store)];
  });
  afterAll(async () => {
    await undoAll();
  });

  tierContract({ test, assert }, () => Promise.resolve({ tier: one.tier, root: "shop" }));
  authorityContract({ test, assert }, () =>
    Promise.resolve({ authority: one.authority, other: two.authority, root: "shop", layout: FRAME_LAYOUT }),
  );
});
