// The breaker of a tier that does not answer: when it opens, and for how long, is what its options say.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { TieredCacheManager, type BreakerOptions, type RemoteTierConfig } from "../../src/index.ts";
import { Breakers } from "../../src/engine/breakers.ts";
import { breakerSettings, resolveBreaker } from "../../src/model/breaker-options.ts";
import { redisTier } from "../../src/redis/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { waitUntil } from "../support/wait-until.ts";

const undos: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of undos.splice(0).toReversed()) await undo();
});

/** Redis on a port that answers nothing, which fails by its timeout. */
async function silentRedis(breaker: boolean | BreakerOptions): Promise<RemoteTierConfig> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    undos.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undos.push(() => server.close());
  // The bus probes too, and its failures count.
  return redisTier({
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    timeout: 20,
    bus: false,
    breaker,
  });
}

/** A SQLite file where a directory is. */
function noFile(breaker: boolean | BreakerOptions): Promise<RemoteTierConfig> {
  const path = mkdtempSync(join(tmpdir(), "freshtier-breaker-"));
  undos.push(() => rmSync(path, { recursive: true, force: true }));
  return Promise.resolve(sqliteTier({ path, timeout: 20, bus: false, breaker }));
}

interface Opened {
  readonly cache: TieredCacheManager;
  readonly name: string;
  readonly reasons: readonly string[];
}

function open(tier: RemoteTierConfig): Opened {
  const cache = new TieredCacheManager({ tiers: [tier] });
  const reasons: string[] = [];
  cache.on("breaker", ({ state, reason }) => void reasons.push(`${state}: ${reason}`));
  undos.push(() => cache.close());
  return { cache, name: tier.kind, reasons };
}

describe.each([
  ["redis", silentRedis],
  ["sqlite", noFile],
])("%s", (_name, makeTier) => {
  test("opens after as many failures in a row as it is told", async () => {
    const { cache, reasons } = open(await makeTier({ failures: 2 }));
    await waitUntil(async () => (await cache.get("k"), reasons.length > 0), { what: "the breaker opens" });
    expect(reasons[0]).toContain("open: 2 calls in a row failed");
  });

  test("true opens after five", async () => {
    const { cache, reasons } = open(await makeTier(true));
    await waitUntil(async () => (await cache.get("k"), reasons.length > 0), { what: "the breaker opens" });
    expect(reasons[0]).toContain("open: 5 calls in a row failed");
  });

  test("false never does", async () => {
    const { cache, name, reasons } = open(await makeTier(false));
    for (let n = 0; n < 12; n++) await cache.get("k");
    expect(reasons).toEqual([]);
    expect(cache.stats().tiers[name]).toMatchObject({ refused: 0 });
  });
});

test("is tried again when the time it was told has passed", () => {
  const clock = new FakeClock();
  const settings = breakerSettings(resolveBreaker({ failures: 1, openFor: "4s" }, true, "breaker"));
  const breaker = new Breakers(settings, clock, () => 0.5).of("a");
  breaker.fail(breaker.tryPass(), new Error("down"));
  expect(breaker.state).toBe("open");
  clock.block(3_999);
  breaker.tryPass();
  expect(breaker.state).toBe("open");
  clock.block(1);
  breaker.tryPass();
  expect(breaker.state).toBe("halfOpen");
});
