// Writes and invalidations while Redis is in trouble: the caller is told, the old value is served no more, and when
// it is over the others learn of it.

import { describe, expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { timed } from "../support/timed.ts";
import { ALL_CASES } from "./fault-cases.ts";
import type { Outcome } from "./fault-cases.ts";
import { PATIENT_MS, TIMEOUT_MS } from "./open.ts";
import { openPair, suffer } from "./site.ts";
import type { Sufferer } from "./site.ts";
import type { PeerCache } from "./peer.ts";
import { redisStats, setDone, untilHealthy, World } from "./world.ts";

const KEYS = ["deleted", "set", "tagged"] as const;
const READS = 20;
/** What a busy machine may add to one call. */
const ALLOWANCE_MS = 150;

describe("pending", () => {
  const world = new World();

  for (const fault of ALL_CASES) {
    test(`P11 ${fault.name}: who invalidates is told, sees the old value no more, and when it is over nobody does`, async () => {
      // Where something answers it may take its time on a busy machine, and what it answers is what counts.
      const timeoutMs = fault.isAway ? TIMEOUT_MS : PATIENT_MS;
      const pair = await openPair(world, timeoutMs);
      const { here, there } = pair;
      await fillBoth(pair);
      // The control: both have the old values, and would serve them.
      for (const key of KEYS) expect([await here.get(key), await there.get(key)]).toEqual(["old", "old"]);

      await suffer(world, pair, fault);
      for (const key of KEYS) world.source.put(key, "new");
      const deleted = await timed(() => here.delete("deleted"));
      const set = await timed(() => here.set("set", "new"));
      const tags = await timed(() => here.invalidateTags(["tag"]));
      // A write asks for epochs first, then writes.
      const longestMs = 2 * timeoutMs + ALLOWANCE_MS;
      expectOutcome(deleted.value.authority, fault.writes.delete);
      expectOutcome(set.value.authority, fault.writes.set);
      expectOutcome(tags.value.authority, fault.writes.invalidateTags);
      expect(Math.max(deleted.tookMs, set.tookMs, tags.tookMs)).toBeLessThan(longestMs);

      for (let n = 0; n < READS; n++)
        for (const key of KEYS) expect([key, await world.load(here, key)]).toEqual([key, "new"]);

      await world.heal();
      await untilHealthy(here);
      for (const key of KEYS) expect([key, await world.load(here, key)]).toEqual([key, "new"]);
      await there.live();
      for (const key of KEYS) await untilNew(there, key);
      for (const key of KEYS) expect([key, await there.load(key)]).toEqual([key, "new"]);
      await expectTrust(pair);
      expectReplayBeforeTrust(pair);
    });
  }
});

async function fillBoth({ here, there }: Sufferer & { readonly there: PeerCache }): Promise<void> {
  await setDone(here, "deleted", "old");
  await setDone(here, "set", "old");
  await setDone(here, "tagged", "old", { tags: ["tag"] });
  for (const key of KEYS) await there.get(key);
}

function expectOutcome(authority: string, outcome: Outcome): void {
  if (outcome === "either") expect(["done", "pending"]).toContain(authority);
  else expect(authority).toBe(outcome);
}

/** Once a process has lost the old value, it is for good. */
async function untilNew(there: PeerCache, key: string): Promise<void> {
  await waitUntil(async () => (await there.get(key)) !== "old", { what: `the other process has lost ${key}` });
  expect([key, await there.get(key)]).not.toEqual([key, "old"]);
}

/** Copies in memory are served as they are again: nobody asks Redis for them. */
async function expectTrust({ here, events }: Sufferer): Promise<void> {
  await setDone(here, "hot", "value");
  const before = redisStats(here);
  events.length = 0;
  expect(await here.get("hot")).toBe("value");
  expect(redisStats(here)).toMatchObject({ hits: before.hits, misses: before.misses, pending: 0 });
  expect(here.stats()).toMatchObject({ bus: { live: true } });
  expect(events).toMatchObject([{ type: "hit", key: "hot", tier: "memory" }]);
}

/** What was pending has been done before copies were trusted again. */
function expectReplayBeforeTrust({ events }: Sufferer): void {
  const types = events.map(({ type }) => type);
  const lostAt = types.lastIndexOf("busLost");
  const replayedAt = types.indexOf("pendingReplayed", lostAt);
  const liveAt = types.indexOf("busLive", lostAt);
  if (lostAt >= 0 && replayedAt >= 0) expect(replayedAt).toBeLessThan(liveAt);
}
