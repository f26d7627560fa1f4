// R3: what the trust token covers. R11: what verification is. R12: which copies are suspect from birth.

import { FakeClock } from "../support/fake-clock.ts";
import * as mutants from "./mutants.ts";
import { testScenarios } from "./rule.ts";
import { LISTENING, slowValidation, type World } from "./world.ts";

const toOld = (...all: readonly mutants.Mutant[]) => all.map((without) => ({ without, seen: "old" }));

/** A process that is deaf reads `old`, or has begun to; it is deleted; then the process hears again. */
async function readAcrossDeafness(world: World, isDeafBefore: boolean): Promise<unknown> {
  const { validate, begun, accept } = slowValidation();
  const [reader, other] = [await world.open({ cache: { validate } }), await world.open()];
  await reader.hears(() => other.cache.set("k", "old"));
  const early = isDeafBefore ? await reader.deafen() : undefined;
  const reading = reader.cache.get("k");
  await begun;
  const hear = early ?? (await reader.deafen());
  await other.cache.delete("k");
  await hear();
  accept();
  await reading;
  return reader.cache.get("k", () => "new");
}

testScenarios(
  {
    name: "R3 P4 a copy from before the bus was lost is verified when it is back",
    async run(world) {
      const [reader, other] = [await world.open(), await world.open()];
      await reader.hears(() => other.cache.set("k", "old"));
      await reader.cache.get("k");
      const hear = await reader.deafen();
      await other.cache.delete("k");
      await hear();
      return reader.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.TOKEN_OF_COPIES),
  },
  {
    name: "R3 P4 what the epoch table knows from before the bus was lost does not count when it is back",
    async run(world) {
      const [reader, other] = [await world.open(), await world.open()];
      await reader.hears(() => other.cache.set("known", "old", { tags: ["t"] }));
      await reader.cache.get("known");
      await reader.hears(() => other.cache.set("k", "old", { tags: ["t"] }));
      const hear = await reader.deafen();
      await other.cache.invalidateTags(["t"]);
      await hear();
      return reader.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.TOKEN_OF_EPOCHS),
  },
  {
    name: "R3 P4 a read that was issued before the bus was lost makes a suspect copy, whenever it ends",
    run: (world) => readAcrossDeafness(world, false),
    kept: "new",
    broken: toOld(mutants.TOKEN_AT_ISSUE),
  },
  {
    name: "R3 P4 a read that was issued before SUBSCRIBE was acknowledged makes a suspect copy, whenever it ends",
    run: (world) => readAcrossDeafness(world, true),
    kept: "new",
    broken: toOld(mutants.TOKEN_AT_ACKNOWLEDGEMENT),
  },
  {
    name: "R3 P4 epochs fetched while the bus is not live serve one read",
    async run(world) {
      const [reader, other] = [await world.open(), await world.open()];
      for (const key of ["k", "known"]) await reader.hears(() => other.cache.set(key, "old", { tags: ["t"] }));
      await reader.deafen();
      await reader.cache.get("known");
      await other.cache.invalidateTags(["t"]);
      return reader.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.EPOCHS_OF_ONE_READ),
  },
  {
    name: "R3 P4 a process that was paused verifies its copies before its timers could tell it that it is deaf",
    async run(world) {
      const clock = new FakeClock();
      const [reader, other] = [
        await world.open({ clock, redis: { divergenceLimit: "10s" } }),
        await world.open({ cache: { ttl: "1h" } }),
      ];
      await reader.hears(() => other.cache.set("k", "old"));
      await reader.cache.get("k");
      reader.proxy.toClient.blackHole({ on: LISTENING });
      await other.cache.delete("k");
      clock.block(10_001);
      return reader.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.END_OF_TRUST),
  },
  {
    name: "R3 P4 a message that got lost is missed by its number, and trust ends",
    async run(world) {
      const clock = new FakeClock();
      const [reader, other] = [await world.open({ clock, redis: { divergenceLimit: "1h" } }), await world.open()];
      await reader.hears(() => other.cache.set("k", "old"));
      await reader.cache.get("k");
      reader.proxy.toClient.blackHole({ on: LISTENING, bytes: "{:k}", times: 1 });
      await other.cache.delete("k");
      await reader.hears(() => other.cache.delete("another"));
      await clock.advance(1_000);
      return reader.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.NUMBERS_OF_MESSAGES),
  },
  {
    name: "R11 P4 a suspect copy is verified by a judgement of its frame, though the version be the same",
    async run(world) {
      const [reader, other] = [await world.open(), await world.open()];
      await reader.hears(() => other.cache.set("k", "old", { tags: ["t"] }));
      await reader.cache.get("k");
      const hear = await reader.deafen();
      await other.cache.invalidateTags(["t"]);
      await hear();
      return reader.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.FULL_VERIFICATION),
  },
  {
    name: "R11 P5 versions of different processes are never the same",
    async run(world) {
      const [first, second, reader] = [await world.open(), await world.open(), await world.open()];
      await reader.hears(() => first.cache.set("k", "old"));
      await reader.cache.get("k");
      await reader.hears(() => second.cache.set("k", "new"));
      return reader.cache.get("k");
    },
    kept: "new",
    broken: toOld(mutants.RANDOM_VERSIONS),
  },
  {
    name: "R12 P5 a copy made without a lease is verified once the authority answers",
    async run(world) {
      const [lonely, other] = [await world.open({ redis: { timeout: 1_000 } }), await world.open()];
      await lonely.hears(() => other.cache.set("k", "new"));
      const hold = lonely.proxy.holdReplies({ command: "GET" });
      await lonely.cache.get("k", () => "old");
      hold.release();
      return lonely.cache.get("k");
    },
    kept: "new",
    broken: toOld(mutants.SUSPECT_FROM_BIRTH),
  },
  {
    name: "R12 P5 a copy whose fill was not confirmed is verified",
    async run(world) {
      const process = await world.open({ redis: { timeout: 1_000 } });
      const hold = process.proxy.holdReplies(world.script("FILL"));
      await process.cache.get("k", () => "old");
      hold.release();
      // For all that the process knows it may never have been there.
      await world.redis.command("DEL", world.places.entry("k"));
      return process.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.ONLY_CONFIRMED_FILLS),
  },
);
