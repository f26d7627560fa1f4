// What tests of `explain` on a shared tier have in common.

import type { KeyExplanation, TieredCacheManager, TierExplanation } from "../../src/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { SharedWorld } from "./pair.ts";

/** The tier of a role. */
export function tierIn({ tiers }: KeyExplanation, role: TierExplanation["role"]): TierExplanation {
  const found = tiers.find((tier) => tier.role === role);
  if (found === undefined) throw new Error(`there is no tier of role ${role}`);
  return found;
}

/** Its bus is lost and live again: what it holds is suspect. */
export async function missMessages(world: SharedWorld, cache: TieredCacheManager): Promise<void> {
  let isAgain = false;
  const stop = cache.on("busLive", () => void (isAgain = true));
  await world.loseMessages(cache.name, 1);
  await waitUntil(() => isAgain, { what: "the bus is live again" });
  stop();
}
