// A shared tier in the memory of this process, as caches take it.

import type { Authority, RemoteTierConfig } from "../../src/index.ts";
import { mapTier } from "./map-tier.ts";
import { memoryAuthority, memoryBus, type World } from "./memory-authority.ts";

/** What is special about one. */
export interface Kind {
  readonly hasBus?: boolean;
  /** What takes the place of its authority's methods. */
  readonly broken?: Partial<Authority> | ((authority: Authority) => Partial<Authority>);
}

/** A tier in the memory of this process, as a user would write one. */
export function ownTier(world: World, { hasBus = true, broken }: Kind = {}): RemoteTierConfig {
  const plan = { name: "own", enabled: true, maxAgeMs: Infinity, timeoutMs: 1_000, breaker: false };
  const open: ReturnType<RemoteTierConfig["prepare"]>["open"] = ({ layout }) => {
    const process = {};
    const authority = memoryAuthority(world, process, layout);
    return {
      tier: mapTier(),
      authority: { ...authority, ...(typeof broken === "function" ? broken(authority) : broken) },
      bus: hasBus ? memoryBus(world, process) : undefined,
      shardOf: () => "own",
      problem: () => undefined,
      close: () => Promise.resolve(),
    };
  };
  return { kind: "own", prepare: () => ({ ...plan, open }) };
}
