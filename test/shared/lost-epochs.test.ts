// A server that loses its epochs whenever it is asked for them: all is invalidated all the time, and callers are served.

import { expect, test } from "vitest";
import type { Authority } from "../../src/contracts/authority.ts";
import { memoryTier, TieredCacheManager, type RemoteTierConfig } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { SharedWorld } from "./pair.ts";

const world = new SharedWorld();

/** Evicts epochs, as a full server may, just before they are asked for. */
function losing({ prepare, ...tier }: RemoteTierConfig, evict: () => Promise<unknown>): RemoteTierConfig {
  return {
    ...tier,
    prepare(field) {
      const { open, ...plan } = prepare(field);
      return {
        ...plan,
        open(context) {
          const opened = open(context);
          const authority = Object.create(opened.authority!) as Authority;
          for (const verb of ["epochs", "read"] as const) {
            const ask = opened.authority![verb].bind(opened.authority) as (...args: unknown[]) => Promise<never>;
            authority[verb] = async (...args: unknown[]): Promise<never> => evict().then(() => ask(...args));
          }
          for (const verb of [
            "now",
            "acquire",
            "renew",
            "release",
            "fill",
            "set",
            "remove",
            "bump",
            "identity",
          ] as const)
            authority[verb] = opened.authority![verb].bind(opened.authority) as never;
          return { ...opened, authority, shardOf: opened.shardOf.bind(opened), close: opened.close.bind(opened) };
        },
      };
    },
  };
}

test("P7 callers get what their refresh gives", async () => {
  const name = world.newName();
  const evict = () => world.redis.del(`${name}:r`, `${name}:n:{}`);
  const cache = new TieredCacheManager({
    name,
    tiers: [memoryTier(), losing(redisTier({ ...world.at, bus: false }), evict)],
  });
  world.atEnd(() => cache.close());
  let calls = 0;
  const refresh = () => `value ${++calls}`;
  expect(await cache.get("k", refresh)).toBe("value 1");
  expect(await cache.get("k", refresh)).toBe("value 2");
});
