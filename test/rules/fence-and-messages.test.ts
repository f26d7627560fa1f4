// R1: the fence of an invalidation, at its call and when it settles. R2: what messages carry, and what replies may say.

import { controlled } from "../support/controlled-refresh.ts";
import { FakeClock } from "../support/fake-clock.ts";
import * as mutants from "./mutants.ts";
import { testScenarios } from "./rule.ts";
import { begin, called } from "./world.ts";

const toOld = (seen: string, ...all: readonly mutants.Mutant[]) => all.map((without) => ({ without, seen }));

/** A clock in the hands of the test: a timeout passes when it says so, and no deadline of the server does. */
const TIMEOUT_MS = 10_000;
const SLOW = { timeout: TIMEOUT_MS, divergenceLimit: "1h" } as const;

testScenarios(
  {
    name: "R1 P3 an invalidation fences at its call: who asks before it has settled gets a new refresh",
    async run(world) {
      const process = await world.open();
      const running = controlled();
      void begin(process.cache.get("k", running.refresh));
      await called(running);
      const hold = process.proxy.toServer.hold(world.script("REMOVE"));
      const removing = process.cache.delete("k");
      await hold.caught();
      const later = process.cache.get("k", () => "new");
      running.call(0).resolve("old");
      hold.release();
      await removing;
      return later;
    },
    kept: "new",
    broken: toOld("old", mutants.FENCE_AT_CALL),
  },
  {
    name: "R1 P3 an invalidation fences again when it settles, though it be pending: what was read in between goes",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      await process.hears(() => other.cache.set("k", "old"));
      await world.refuseWrites();
      const hold = process.proxy.holdReplies(world.script("REMOVE"));
      const removing = process.cache.delete("k");
      await hold.caught();
      const reading = await process.sends({ command: "GET" }, () => process.cache.get("k"));
      hold.release();
      await Promise.all([removing, reading.going]);
      return process.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld("old", mutants.FENCE_AT_SETTLING),
  },
  {
    name: "R1 P3 an invalidation that settles as pending fences reads that are under way",
    async run(world) {
      const clock = new FakeClock();
      const [process, other] = [await world.open({ clock, redis: SLOW }), await world.open()];
      await process.hears(() => other.cache.set("k", "old"));
      await world.refuseWrites();
      const hold = process.proxy.holdReplies(world.script("REMOVE"));
      const removing = process.cache.delete("k");
      await hold.caught();
      await clock.advance(TIMEOUT_MS / 2);
      const reading = await process.sends({ command: "GET" }, () => process.cache.get("k"));
      await clock.advance(TIMEOUT_MS / 2);
      await removing;
      hold.release();
      await reading.going;
      return process.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(
      "old",
      mutants.behindTheGate(mutants.FENCE_AT_SETTLING),
      mutants.behindTheGate(mutants.FENCE_OF_READS),
    ),
  },
  {
    name: "R1 P11 a set that settles as pending fences reads that are under way",
    async run(world) {
      const clock = new FakeClock();
      const [process, other] = [await world.open({ clock, redis: SLOW }), await world.open()];
      await process.hears(() => other.cache.set("k", "old"));
      await world.refuseWrites();
      const hold = process.proxy.holdReplies(world.script("SET"));
      const setting = process.cache.set("k", "new");
      await hold.caught();
      await clock.advance(TIMEOUT_MS / 2);
      const reading = await process.sends({ command: "GET" }, () => process.cache.get("k"));
      await clock.advance(TIMEOUT_MS / 2);
      await setting;
      hold.release();
      await reading.going;
      return process.cache.get("k", () => "refreshed");
    },
    kept: "refreshed",
    broken: toOld("old", mutants.behindTheGate(mutants.FENCE_AT_SETTLING_OF_SET)),
  },
  {
    name: "R2 P3 a message that overtakes the reply of a read makes the read count for nothing",
    async run(world) {
      const [reader, other] = [await world.open(), await world.open()];
      await reader.hears(() => other.cache.set("k", "old"));
      const hold = reader.proxy.holdReplies({ command: "GET" });
      const reading = reader.cache.get("k");
      await hold.caught();
      await reader.hears(() => other.cache.delete("k"));
      hold.release();
      await reading;
      return reader.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld("old", mutants.FENCE_OF_READS),
  },
  {
    name: "R2 P3 a message that overtakes the reply of a question for an epoch keeps it out of the table",
    async run(world) {
      const [reader, other] = [await world.open(), await world.open()];
      await reader.hears(() => other.cache.set("k", "old", { tags: ["t"] }));
      const hold = reader.proxy.holdReplies(world.script("EPOCH", world.places.tag("t")));
      const reading = reader.cache.get("k", () => "new");
      await hold.caught();
      await reader.hears(() => other.cache.invalidateTags(["t"]));
      hold.release();
      return reading;
    },
    kept: "new",
    broken: toOld("old", mutants.DOUBT_OF_MESSAGES),
  },
  {
    name: "R2 P3 a message about an epoch that is in doubt already counts all the same",
    async run(world) {
      const [reader, other] = [await world.open(), await world.open()];
      await reader.hears(() => other.cache.set("k", "first", { tags: ["t"] }));
      await reader.cache.get("k");
      await reader.hears(() => other.cache.invalidateTags(["t"]));
      await reader.hears(() => other.cache.set("k", "old", { tags: ["t"] }));
      const hold = reader.proxy.holdReplies(world.script("EPOCH", world.places.tag("t")));
      const reading = reader.cache.get("k", () => "new");
      await hold.caught();
      await reader.hears(() => other.cache.invalidateTags(["t"]));
      hold.release();
      return reading;
    },
    kept: "new",
    broken: toOld("old", mutants.EVERY_MESSAGE_COUNTS),
  },
  {
    name: "R2 P7 an epoch that got lost ends what belonged to it, and does not come back as it was",
    async run(world) {
      const [writer, reader] = [await world.open(), await world.open()];
      await writer.cache.set("k", "old", { tags: ["t"] });
      await writer.cache.invalidateTags(["t"]);
      await world.redis.command("DEL", world.places.tag("t"));
      return reader.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld("old", mutants.NEW_EPOCHS_ARE_NEW),
  },
);
