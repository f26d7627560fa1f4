// R7: sets, and what overtakes them. R8: invalidations that the authority has not got yet.

import { Redis } from "ioredis";
import { FakeClock } from "../support/fake-clock.ts";
import type { Proxy } from "../support/redis/proxy.ts";
import { waitUntil } from "../support/wait-until.ts";
import { controlled } from "../support/controlled-refresh.ts";
import * as mutants from "./mutants.ts";
import { testScenarios } from "./rule.ts";
import { begin, called, readElsewhere, type World } from "./world.ts";

const all = <T>(seen: T, ...mechanisms: readonly mutants.Mutant[]) => mechanisms.map((without) => ({ without, seen }));

/** A client of the user's own, which the scenario can take the connection from. */
const OWN_CLIENT = ({ host, port }: Proxy): Redis =>
  new Redis({
    host,
    port,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 5,
  }).on("error", () => undefined);

const TIMEOUT_MS = 60_000;

/** By a clock in the hands of the test, no deadline passes before it says so; by the server's they are a minute off. */
function openSlow(world: World, clock: FakeClock) {
  return world.open({ clock, connect: OWN_CLIENT, redis: { timeout: TIMEOUT_MS, divergenceLimit: "1h" } });
}

/** How many connections the server has. */
async function connections({ redis }: World): Promise<number> {
  return Number(/^connected_clients:(\d+)/m.exec(await redis.info("clients"))?.[1]);
}

testScenarios(
  {
    name: "R7 P5 a set of another process that overtakes the reply of a set keeps its value out of memory",
    async run(world) {
      const [first, second] = [await world.open(), await world.open()];
      const hold = first.proxy.holdReplies(world.script("SET"));
      const setting = first.cache.set("k", "old");
      await hold.caught();
      await first.hears(() => second.cache.set("k", "new"));
      hold.release();
      await setting;
      return first.cache.get("k");
    },
    kept: "new",
    broken: all("old", mutants.FENCE_OF_SETS),
  },
  {
    name: "R7 P4 a process that hears of a set drops its copy of another version",
    async run(world) {
      const [reader, other] = [await world.open(), await world.open()];
      await reader.hears(() => other.cache.set("k", "old"));
      await reader.cache.get("k");
      await reader.hears(() => other.cache.set("k", "new"));
      return reader.cache.get("k");
    },
    kept: "new",
    broken: all("old", mutants.VERSIONS_IN_MESSAGES),
  },
  {
    name: "R7 P3 who comes after a set was heard does not join a flight from before",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      const running = controlled();
      void begin(process.cache.get("k", running.refresh));
      await called(running);
      await process.hears(() => other.cache.set("k", "new"));
      const later = begin(process.cache.get("k", () => "refreshed"));
      running.call(0).resolve("old");
      return later;
    },
    kept: "new",
    broken: all("old", mutants.FLIGHTS_FENCED_BY_SETS),
  },
  {
    name: "R7 P5 word of a later fill that overtakes the reply of a fill keeps the older value out of memory",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      const hold = process.proxy.holdReplies(world.script("FILL"));
      const filling = begin(process.cache.get("k", () => "old"));
      await hold.caught();
      await other.cache.get("k", () => "new", { forceRefresh: true });
      // Messages come in order.
      await process.hears(() => other.cache.delete("another"));
      hold.release();
      await filling;
      return process.cache.get("k");
    },
    kept: "new",
    broken: all("old", mutants.FILLS_OF_OTHERS),
  },
  {
    name: "R7 P5 of two sets of one process the one that was called last has the last word, whichever is sent first",
    async run(world) {
      const process = await world.open();
      const hold = process.proxy.holdReplies(world.script("EPOCH", world.places.tag("t")));
      const first = process.cache.set("k", "old", { tags: ["t"] });
      await hold.caught();
      const second = process.cache.set("k", "last");
      hold.release();
      await Promise.all([first, second]);
      return [await process.cache.get("k"), await readElsewhere(world)];
    },
    kept: ["last", "last"],
    broken: all(["last", "old"], mutants.ORDER_OF_CALLS),
  },
  {
    name: "R7 P3 a set that was called before a delete is not sent after it",
    async run(world) {
      const process = await world.open();
      const hold = process.proxy.holdReplies(world.script("EPOCH", world.places.tag("t")));
      const setting = process.cache.set("k", "old", { tags: ["t"] });
      await hold.caught();
      const removing = process.cache.delete("k");
      hold.release();
      await Promise.all([setting, removing]);
      return readElsewhere(world);
    },
    kept: "new",
    broken: all("old", mutants.ORDER_OF_CALLS),
  },
  {
    name: "R7 P3 a delete that overtakes a set which has not been validated yet does not wait for it",
    async run(world) {
      const process = await world.open({ cache: { validate: () => true } });
      let settled = "never";
      void begin(process.cache.set("k", "old"));
      void begin(process.cache.delete("k").then(({ authority }) => (settled = authority)));
      await waitUntil(() => settled !== "never", { what: "it settles" }).catch(() => undefined);
      return settled;
    },
    kept: "done",
    broken: [],
  },
  {
    name: "R8 P11 while the removal of a key is pending, what the authority holds of it is not believed",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      await process.hears(() => other.cache.set("k", "old"));
      await world.refuseWrites();
      const { authority } = await process.cache.delete("k");
      return [authority, await process.cache.get("k", () => "new")];
    },
    kept: ["pending", "new"],
    broken: all(["pending", "old"], mutants.GATE_OF_KEYS),
  },
  {
    name: "R8 P11 while the invalidation of a tag is pending, no frame with that tag is believed",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      await process.hears(() => other.cache.set("k", "old", { tags: ["t"] }));
      await world.refuseWrites();
      const { authority } = await process.cache.invalidateTags(["t"]);
      return [authority, await process.cache.get("k", () => "new")];
    },
    kept: ["pending", "new"],
    broken: all(["pending", "old"], mutants.GATE_OF_EPOCHS),
  },
  {
    name: "R8 P11 while a clear is pending, nothing that the authority holds is believed",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      await process.hears(() => other.cache.set("k", "old"));
      await world.refuseWrites();
      const { authority } = await process.cache.clear();
      return [authority, await process.cache.get("k", () => "new")];
    },
    kept: ["pending", "new"],
    broken: all(["pending", "old"], mutants.GATE_OF_EPOCHS),
  },
  {
    name: "R8 P11 nor what comes instead of a lease",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      await process.hears(() => other.cache.set("k", "old"));
      const accept = await world.refuseWrites();
      await process.cache.delete("k");
      await accept();
      const down = (): Promise<never> => Promise.reject(new Error("the source is down"));
      await process.cache.get("k", down, { forceRefresh: true }).catch(() => undefined);
      return process.cache.get("k", () => "new");
    },
    kept: "new",
    broken: all("old", mutants.GATE_OF_LEASES),
  },
  {
    name: "R8 P11 a read that is under way when an invalidation turns out to be pending does not believe its reply",
    async run(world) {
      const clock = new FakeClock();
      const [process, other] = [await openSlow(world, clock), await world.open()];
      await process.hears(() => other.cache.set("k", "old", { tags: ["t"] }));
      await world.refuseWrites();
      const hold = process.proxy.holdReplies(world.script("BUMP"));
      const invalidating = process.cache.invalidateTags(["t"]);
      await hold.caught();
      await clock.advance(TIMEOUT_MS / 2);
      const reading = await process.sends({ command: "GET" }, () => process.cache.get("k", () => "new"));
      await clock.advance(TIMEOUT_MS / 2);
      await invalidating;
      hold.release();
      return reading.going;
    },
    kept: "new",
    broken: all("old", mutants.GATE_OF_EPOCHS),
  },
  {
    name: "R8 P11 a pending set is replayed as a delete: it never overwrites what is newer",
    async run(world) {
      const [process, other] = [await world.open({ redis: { timeout: 150 } }), await world.open()];
      const accept = await world.refuseWrites();
      await process.cache.set("k", "old");
      // Else a slow machine could have it replayed before there is something newer.
      const hold = process.proxy.toServer.hold({ command: /^eval/i });
      await accept();
      await other.cache.set("k", "newer");
      hold.release();
      await process.untilReplayed();
      return readElsewhere(world);
    },
    kept: "new",
    broken: all("old", mutants.REPLAY_AS_DELETE),
  },
  {
    name: "R8 P11 nothing is replayed before the deadline of the first try, which may take effect until then",
    async run(world) {
      const clock = new FakeClock();
      const [process, other] = [await openSlow(world, clock), await world.open()];
      const hold = process.proxy.toServer.hold({ ...world.script("SET"), times: 1 });
      const setting = process.cache.set("k", "old");
      await hold.caught();
      await process.changeConnection();
      await setting;
      await process.probes(4);
      await other.cache.set("k", "newer");
      await other.hears(() => Promise.resolve(hold.release()));
      await process.untilReplayed();
      return readElsewhere(world);
    },
    kept: "new",
    broken: all("old", mutants.WAIT_FOR_THE_DEADLINE),
  },
  {
    name: "R8 P11 a write that comes to the authority after its deadline is refused",
    async run(world) {
      const [process, other] = [await world.open({ connect: OWN_CLIENT, redis: { timeout: 100 } }), await world.open()];
      const hold = process.proxy.toServer.hold({ ...world.script("SET"), times: 1 });
      await process.cache.set("k", "old");
      await process.changeConnection();
      await process.untilReplayed();
      await other.cache.set("k", "newer");
      const before = await connections(world);
      hold.release();
      await waitUntil(async () => (await connections(world)) < before, { what: "the old connection is at its end" });
      return readElsewhere(world);
    },
    kept: "newer",
    broken: all("old", mutants.DEADLINE_OF_WRITES),
  },
);
