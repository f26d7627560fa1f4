// R4: what comes instead of a lease. R5: whom a caller may join. R6: tags that the refresh itself names.

import { controlled } from "../support/controlled-refresh.ts";
import { deferred } from "../support/deferred.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { RefreshContext } from "../../src/index.ts";
import * as mutants from "./mutants.ts";
import { testScenarios } from "./rule.ts";
import { begin, called, LISTENING, readElsewhere, slowValidation, type Process, type World } from "./world.ts";

const toOld = (...all: readonly mutants.Mutant[]) => all.map((without) => ({ without, seen: "old" }));

/** Stale from the start, for long. */
const STALE = { ttl: 0, staleWhileRevalidate: "1h" } as const;

/** A refresh that has nothing new where it is shown something old. */
function confirm({ stale, notModified }: RefreshContext<string>): string {
  return stale === undefined ? "new" : notModified();
}

/** A flight that another process joins, and a refresh that is called only by who does not join. */
async function flightOf(process: Process, tags: readonly string[] = []) {
  const { refresh, call, calls } = controlled();
  const flight = begin(process.cache.get("k", refresh, { tags }));
  await called({ calls });
  return { flight, land: () => call(0).resolve("old") };
}

testScenarios(
  {
    name: "R4 P3 a frame that comes instead of the lease is judged like any other",
    async run(world) {
      const [holder, waiter, other] = [await world.open(), await world.open(), await world.open()];
      const { flight, land } = await flightOf(holder, ["t"]);
      const hold = waiter.proxy.holdReplies(world.script("ACQUIRE"));
      void begin(waiter.cache.get("k", () => "new"));
      await hold.caught();
      hold.release();
      const late = holder.proxy.toClient.hold({ on: LISTENING });
      await waiter.hears(() => other.cache.invalidateTags(["t"]));
      // It has not heard of that yet: its frame is of the old generation, and its lease as good as ever.
      land();
      await flight;
      late.release();
      return waiter.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.JUDGEMENT_OF_ACQUIRED),
  },
  {
    name: "R4 P8 a frame that comes instead of the lease and is stale is refreshed",
    async run(world) {
      const [refresher, other] = [await world.open(), await world.open()];
      const late = refresher.proxy.toClient.hold({ on: LISTENING });
      const hold = refresher.proxy.toServer.hold(world.script("ACQUIRE"));
      const reading = refresher.cache.get("k", () => "new");
      await hold.caught();
      await other.cache.set("k", "old", STALE);
      hold.release();
      await reading;
      late.release();
      return reading;
    },
    kept: "new",
    broken: toOld(mutants.REFRESH_OF_STALE_ACQUIRED),
  },
  {
    name: "R4 P3 a stale value that is gone when the lease is taken is not there to be confirmed",
    async run(world) {
      const [refresher, other] = [await world.open(), await world.open()];
      await refresher.hears(() => other.cache.set("k", "old", STALE));
      const late = refresher.proxy.toClient.hold({ on: LISTENING });
      const hold = refresher.proxy.toServer.hold(world.script("ACQUIRE"));
      await refresher.cache.get("k", confirm);
      await hold.caught();
      await other.cache.delete("k");
      const filled = refresher.proxy.holdReplies(world.script("FILL"));
      hold.release();
      await filled.caught();
      filled.release();
      late.release();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.DROPPING_OF_PREVIOUS),
  },
  {
    name: "R4 P3 notModified() keeps the tags of the frame that it confirms",
    async run(world) {
      const [refresher, other] = [await world.open(), await world.open()];
      await refresher.hears(() => other.cache.set("k", "old", { ...STALE, tags: ["t"] }));
      const filled = refresher.proxy.holdReplies(world.script("FILL"));
      await refresher.cache.get("k", confirm);
      await filled.caught();
      filled.release();
      await refresher.hears(() => other.cache.invalidateTags(["t"]));
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.TAGS_OF_NOT_MODIFIED),
  },
  {
    name: "R4 P3 notModified() keeps the epochs of the frame that it confirms",
    async run(world) {
      const [refresher, other] = [await world.open(), await world.open()];
      await refresher.hears(() => other.cache.set("k", "old", { ...STALE, tags: ["t"] }));
      await refresher.deafen();
      const hold = refresher.proxy.toServer.hold(world.script("ACQUIRE"));
      await refresher.cache.get("k", confirm);
      await hold.caught();
      // After the frame was judged, before the epochs are read under which the value is stored again.
      await other.cache.invalidateTags(["t"]);
      const filled = refresher.proxy.holdReplies(world.script("FILL"));
      hold.release();
      await filled.caught();
      filled.release();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.TELLING_OF_EPOCHS),
  },
  {
    name: "R5 P3 who comes after an invalidation was heard does not join a flight from before",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      const { land } = await flightOf(process);
      await process.hears(() => other.cache.delete("k"));
      const later = begin(process.cache.get("k", () => "new"));
      land();
      return later;
    },
    kept: "new",
    broken: toOld(mutants.FENCE_OF_FLIGHTS),
  },
  {
    name: "R5 P3 who joins and cannot have heard takes the value only if its fill was accepted",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      const { land } = await flightOf(process);
      await process.deafen();
      await other.cache.delete("k");
      const later = begin(process.cache.get("k", () => "new"));
      land();
      return later;
    },
    kept: "new",
    broken: toOld(mutants.JOINING_UNHEARD),
  },
  {
    name: "R5 P3 who joins and cannot have heard takes the value only if the epochs read afterwards are the same",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      const { land } = await flightOf(process, ["t"]);
      await process.deafen();
      await other.cache.invalidateTags(["t"]);
      const later = begin(process.cache.get("k", () => "new"));
      land();
      return later;
    },
    kept: "new",
    broken: toOld(mutants.JOINING_UNHEARD, mutants.EPOCHS_READ_AFTERWARDS),
  },
  {
    name: "R5 P3 who comes when the bus is live again does not join a flight without a lease from before it was lost",
    async run(world) {
      const [process, other] = [await world.open({ redis: { timeout: 1_000 } }), await world.open()];
      const hold = process.proxy.holdReplies({ command: "GET" });
      const { land } = await flightOf(process);
      hold.release();
      const hear = await process.deafen();
      await other.cache.delete("k");
      await hear();
      const later = begin(process.cache.get("k", () => "new"));
      land();
      return later;
    },
    kept: "new",
    broken: [],
  },
  {
    name: "R5 P3 nor takes the value of a flight that another process has served before",
    async run(world) {
      const { validate, begun, accept } = slowValidation();
      const [holder, waiter] = [await world.open(), await world.open({ cache: { validate } })];
      const { flight, land } = await flightOf(holder);
      const hold = waiter.proxy.holdReplies(world.script("ACQUIRE"));
      void begin(waiter.cache.get("k", () => "new"));
      await hold.caught();
      hold.release();
      land();
      await flight;
      await begun;
      const hear = await waiter.deafen();
      await holder.cache.delete("k");
      await hear();
      const later = begin(waiter.cache.get("k", () => "new"));
      accept();
      return later;
    },
    kept: "new",
    broken: toOld(mutants.SERVED_BY_OTHERS),
  },
  {
    name: "R5 P3 who joins and cannot have heard is not given what the flight was to replace when that fails",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      await process.hears(() => other.cache.set("k", "old", STALE));
      const slow = controlled();
      await process.cache.get("k", slow.refresh);
      await called(slow);
      const hear = await process.deafen();
      await other.cache.delete("k");
      await hear();
      const later = begin(process.cache.get("k", () => "new"));
      const hasJoined = (): boolean => process.cache.stats().refreshes.joined > 0;
      // Whoever reads for himself instead does as well.
      await waitUntil(hasJoined, { deadlineMs: 200, what: "the caller has joined" }).catch(() => undefined);
      slow.call(0).reject(new Error("the source is down"));
      return (await later.catch(() => "nothing")) === "old" ? "old" : "not the old one";
    },
    kept: "not the old one",
    broken: [],
  },
  {
    name: "R5 P3 who joins a flight after a tag was invalidated reads again if the flight turns out to have it",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      const landing = deferred<string>();
      const running = { calls: [] as unknown[] };
      const refresh = async ({ setTags }: RefreshContext<string>): Promise<string> => {
        running.calls.push(undefined);
        const value = await landing.promise;
        setTags(["t"]);
        return value;
      };
      void begin(process.cache.get("k", refresh));
      await called(running);
      await process.hears(() => other.cache.invalidateTags(["t"]));
      const later = begin(process.cache.get("k", () => "new"));
      landing.resolve("old");
      return later;
    },
    kept: "new",
    broken: toOld(mutants.DOUBT_OF_LATE_TAGS),
  },
  {
    name: "R5 P4 who reads when the bus is live again does not share a read from before it was lost",
    async run(world) {
      const { validate, begun, accept } = slowValidation();
      const [reader, other] = [await world.open({ cache: { validate } }), await world.open()];
      await reader.hears(() => other.cache.set("k", "old"));
      void begin(reader.cache.get("k"));
      await begun;
      const hear = await reader.deafen();
      await other.cache.delete("k");
      await hear();
      const later = begin(reader.cache.get("k", () => "new"));
      accept();
      return later;
    },
    kept: "new",
    broken: toOld(mutants.JOINING_OF_READS),
  },
  {
    name: "R6 P3 a value is not stored under a tag that may have been invalidated before the refresh named it",
    async run(world) {
      const [refresher, other] = [await world.open(), await world.open()];
      await other.cache.set("tagged", 1, { tags: ["t"] });
      const late = refresher.proxy.toClient.hold({ on: LISTENING });
      const filled = refresher.cache.get("k", async ({ setTags }) => {
        await other.cache.invalidateTags(["t"]);
        setTags(["t"]);
        return "old";
      });
      await filled;
      late.release();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.AGE_OF_LATE_TAGS),
  },
  {
    name: "R6 P3 nor under an epoch that the table has learnt while the refresh ran",
    async run(world) {
      const [refresher, other] = [await world.open(), await world.open()];
      const late = refresher.proxy.toClient.hold({ on: LISTENING });
      await refresher.cache.get("k", async ({ setTags }) => {
        await other.cache.invalidateTags(["t"]);
        await other.cache.set("tagged", 1, { tags: ["t"] });
        await refresher.cache.get("tagged");
        setTags(["t"]);
        return "old";
      });
      late.release();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.TABLE_OF_BEFORE),
  },
  {
    name: "R6 P1 control: a value is stored under a late tag that the authority made clearly earlier",
    async run(world) {
      const [refresher, other] = [await world.open(), await world.open()];
      await other.cache.set("tagged", 1, { tags: ["t"] });
      const begunAt = await serverTime(world);
      await waitUntil(async () => (await serverTime(world)) > begunAt + 200, { what: "the tag has some age" });
      await refresher.cache.get("k", ({ setTags }) => {
        setTags(["t"]);
        return "stored";
      });
      return readElsewhere(world);
    },
    kept: "stored",
    broken: [],
  },
);

async function serverTime({ redis }: World): Promise<number> {
  const [seconds, micros] = (await redis.command("TIME")) as [string, string];
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
}
