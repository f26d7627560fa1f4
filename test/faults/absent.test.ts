// Redis is not there, or refuses the password, when a cache is made: it works all the same, and joins in later.

import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { freePort } from "../support/redis/free-port.ts";
import { timed } from "../support/timed.ts";
import { TIMEOUT_MS } from "./open.ts";
import { redisStats, untilHealthy, World } from "./world.ts";

/** What a busy machine may add to one call; the first loads the client library besides. */
const ALLOWANCE_MS = 250;
const PASSWORD = "as it was agreed";

describe("a cache made without Redis", () => {
  const world = new World();

  /** What a cache does while there is no authority. */
  async function worksAlone(here: TieredCacheManager): Promise<void> {
    world.source.put("key", "value");
    const { value, tookMs } = await timed(() => world.load(here, "key"));
    expect(value).toBe("value");
    expect(tookMs).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS);
    expect(await here.set("set", "mine")).toEqual({ authority: "pending" });
    expect(await here.get("set")).toBe("mine");
    expect(await here.delete("deleted")).toMatchObject({ authority: "pending" });
    expect(await here.health()).toMatchObject({ status: "degraded", tiers: { redis: { status: "down" } } });
  }

  /** And that it shares what it has from then on. */
  async function joinsIn(here: TieredCacheManager, port: number, password?: string): Promise<void> {
    await untilHealthy(here);
    expect(redisStats(here)).toMatchObject({ pending: 0 });
    expect(here.stats()).toMatchObject({ bus: { live: true } });
    const redis = { host: "127.0.0.1", port, timeout: 1_000, ...(password === undefined ? {} : { password }) };
    const there = await world.openLive({ name: here.name, redis });
    expect(await here.set("shared", "value")).toEqual({ authority: "done" });
    expect(await there.get("shared")).toBe("value");
    await there.delete("shared");
    await expect.poll(() => here.get("shared"), { timeout: 5_000, interval: 5 }).toBe(undefined);
  }

  test("P10 absent at the start and there later: it works alone, then joins in without a restart", async () => {
    const port = await freePort();
    const here = world.open({ name: "late", redis: { host: "127.0.0.1", port, timeout: TIMEOUT_MS } });
    await worksAlone(here);
    expect((await here.health()).reasons.join()).toMatch(/not connected|ECONNREFUSED/);
    await world.server({ port });
    await joinsIn(here, port);
  });

  test("P11 absent at the start: what another process still has is ended when Redis is there", async () => {
    const server = await world.server({ appendonly: true });
    const { host, port } = server;
    const there = await world.openLive({ name: "late", redis: { host, port } });
    await there.set("deleted", "old");
    await server.kill9();
    const here = world.open({ name: "late", redis: { host, port, timeout: TIMEOUT_MS } });
    expect(await here.delete("deleted")).toMatchObject({ authority: "pending" });
    const replayed: number[] = [];
    here.on("pendingReplayed", ({ count }) => replayed.push(count));
    await server.start();
    await untilHealthy(here);
    await untilHealthy(there);
    expect(replayed.length).toBeGreaterThan(0);
    expect([await here.get("deleted"), await there.get("deleted")]).toEqual([undefined, undefined]);
  });

  test("P10 there from the start: the control", async () => {
    const server = await world.server();
    const here = world.open({ name: "early", redis: { host: server.host, port: server.port, timeout: 1_000 } });
    expect(await here.set("set", "mine")).toEqual({ authority: "done" });
    await joinsIn(here, server.port);
  });

  test("P10 a wrong password at the start, corrected later: it works alone, then joins in without a restart", async () => {
    const server = await world.server({ password: "another" });
    const { host, port } = server;
    const here = world.open({ name: "locked", redis: { host, port, password: PASSWORD, timeout: TIMEOUT_MS } });
    await worksAlone(here);
    expect((await here.health()).reasons.join()).toMatch(/WRONGPASS|NOAUTH/);
    await server.command("CONFIG", "SET", "requirepass", PASSWORD);
    await joinsIn(here, port, PASSWORD);
    await (await server.connect(PASSWORD)).send("CONFIG", "SET", "requirepass", "another");
  });
});
