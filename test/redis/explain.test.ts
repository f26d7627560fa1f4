// `explain` on a cluster: the frame, its lease and its epochs, which are on different servers.

import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { redisTier } from "../../src/redis/index.ts";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { SHAPES } from "./servers.ts";

forbidUnhandledRejections();

const [, [, start]] = SHAPES as [unknown, (typeof SHAPES)[number]];
let cluster: Awaited<ReturnType<typeof start>>;
let caches: TieredCacheManager[];

beforeAll(async () => {
  cluster = await start();
  const redis = { ...cluster.options, timeout: 5_000 };
  caches = [0, 1].map(() => new TieredCacheManager({ name: "shop", tiers: [memoryTier(), redisTier(redis)] }));
});
afterAll(async () => {
  await Promise.all(caches.map((cache) => cache.close()));
  await cluster.stop();
});

test("shows entries of every server, with the epochs of all that they belong to, and leases", async () => {
  const [a, b] = caches as [TieredCacheManager, TieredCacheManager];
  const servers = new Set<string | undefined>();
  for (let index = 0; index < 30; index++) {
    const key = `k${index}`;
    await a.set(key, index, { tags: ["shoes", `tag${index}`] });
    const { tiers } = await b.explain(key);
    const shared = tiers[1];
    expect(shared).toMatchObject({ presence: "present", entry: { state: "fresh", tags: ["shoes", `tag${index}`] } });
    expect(shared?.entry?.epochs.map(({ change }) => change)).toEqual(["none", "none", "none", "none"]);
    servers.add((await a.explain(key)).tiers[1]?.breaker?.server);
  }
  expect(servers.size).toBeGreaterThan(1);
  await a.invalidateTags(["shoes"]);
  expect((await b.explain("k0")).tiers[1]?.reasons[0]).toMatch(/^tag shoes was invalidated since it was made/);
  const gate = deferred<number>();
  const loading = a.get("loading", () => gate.promise);
  await waitUntil(async () => (await b.explain("loading")).lease.holder === "another process", { what: "it is seen" });
  gate.resolve(1);
  await loading;
});
