// What compiles: a client of every library that may be brought is taken as it is. `tsc -p test` is the test.

import { Cluster as Cluster6, Redis as Redis6 } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis-5";
import { Cluster as ValkeyCluster, Redis as Valkey } from "iovalkey";
import { expect, onTestFinished, test } from "vitest";
import { redisTier } from "../../src/redis/index.ts";

const lazy = { lazyConnect: true };
const nodes = [{ host: "127.0.0.1", port: 6379 }];

test("a client of every library is taken without a word to the compiler", () => {
  const tiers = [
    redisTier({ client: closed(new Redis5(lazy)) }),
    redisTier({ client: closed(new Redis6(lazy)) }),
    redisTier({ client: closed(new Redis6({ ...lazy, replyMapping: "legacy" })) }),
    redisTier({ client: closed(new Valkey(lazy)) }),
    redisTier({ client: closed(new Cluster5(nodes, lazy)) }),
    redisTier({ client: closed(new Cluster6(nodes, lazy)) }),
    redisTier({ client: closed(new ValkeyCluster(nodes, lazy)) }),
  ];
  for (const [index, tier] of tiers.entries()) expect(tier.prepare(`tiers[${index}]`).enabled).toBe(true);
});

test("what is no client of these libraries is not", () => {
  // @ts-expect-error: it runs no commands
  const silent = redisTier({ client: { status: "ready", options: {} } });
  expect(() => silent.prepare("tiers[0]")).toThrow("tiers[0].options.client");
});

/** It has never connected; this ends whatever it may hold. */
function closed<T extends { disconnect(): void }>(client: T): T {
  onTestFinished(() => client.disconnect());
  return client;
}
