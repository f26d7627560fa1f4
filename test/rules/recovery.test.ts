// R9: what is done again after a reconnect or a failover. R10: what ends a generation of the connection.

import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import * as mutants from "./mutants.ts";
import { testScenarios } from "./rule.ts";
import { readElsewhere, type Process, type ProcessOptions, type World } from "./world.ts";

const toOld = (...all: readonly mutants.Mutant[]) => all.map((without) => ({ without, seen: "old" }));

const FEW = [{ file: "engine/recovery.ts", find: "const MAX_KEPT = 20_000;", replace: "const MAX_KEPT = 3;" }];

/**
 * `k` is old; a process comes that has not heard of how it came to be; something ends `k`; then another server takes
 * over, to all appearances, which has not got what happened in the meantime.
 */
async function loseWhatHappened(
  world: World,
  ending: (process: Process, other: Process) => Promise<unknown>,
  options: ProcessOptions = {},
): Promise<Process> {
  const other = await world.open();
  await other.cache.set("k", "old", { tags: ["t"] });
  const process = await world.open(options);
  const rollBack = await Promise.all([world.keep(world.places.entry("k")), world.keep(world.places.tag("t"))]);
  await ending(process, other);
  // Whatever it remembers, the set of `k` at least, it would do again as well.
  await other.close();
  await Promise.all(rollBack.map((one) => one()));
  await world.redis.command("DEBUG", "CHANGE-REPL-ID");
  return process;
}

testScenarios(
  {
    name: "R9 P7 own invalidations are done again after a reconnect to a server that has lost them",
    async run(world) {
      const process = await loseWhatHappened(world, ({ cache }) => cache.delete("k"));
      await process.reconnect();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.LIST_OF_OWN),
  },
  {
    name: "R9 P7 so are those of tags",
    async run(world) {
      const process = await loseWhatHappened(world, ({ cache }) => cache.invalidateTags(["t"]));
      await process.reconnect();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.LIST_OF_OWN),
  },
  {
    name: "R9 P7 received invalidations are done again, though their author be gone",
    async run(world) {
      const process = await loseWhatHappened(world, (hearing, { cache }) => hearing.hears(() => cache.delete("k")));
      await process.reconnect();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.LIST_OF_RECEIVED),
  },
  {
    name: "R9 P7 sets are done again as deletes",
    async run(world) {
      const process = await loseWhatHappened(world, ({ cache }) => cache.set("k", "lost"));
      await process.reconnect();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.LIST_OF_SETS),
  },
  {
    name: "R9 P7 so are sets of others",
    async run(world) {
      const process = await loseWhatHappened(world, (hearing, { cache }) =>
        hearing.hears(() => cache.set("k", "lost")),
      );
      await process.reconnect();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.LIST_OF_RECEIVED_SETS),
  },
  {
    name: "R9 P7 a replica that takes over without having got an invalidation gets it",
    async run(world) {
      const replica = await startRedis({ replicaOf: world.redis });
      world.atEnd(() => replica.stop());
      const other = await world.open();
      await other.cache.set("k", "old");
      const process = await world.open();
      await waitUntil(() => replica.command("EXISTS", world.places.entry("k")), { what: "the replica has it" });
      await replica.command("REPLICAOF", "NO", "ONE");
      await process.cache.delete("k");
      process.proxy.retarget(replica);
      await process.reconnect();
      return readElsewhere(world, replica);
    },
    kept: "new",
    broken: toOld(mutants.LIST_OF_OWN),
  },
  {
    name: "R9 P7 a server that is come back to gets what was done while another one was in its place",
    async run(world) {
      const replica = await startRedis({ replicaOf: world.redis });
      world.atEnd(() => replica.stop());
      const other = await world.open();
      await other.cache.set("k", "old");
      await replica.command("REPLICAOF", "NO", "ONE");
      const process = await world.open();
      process.proxy.retarget(replica);
      await process.reconnect();
      await process.cache.delete("k");
      process.proxy.retarget(world.redis);
      await process.reconnect();
      return readElsewhere(world);
    },
    kept: "new",
    broken: [],
  },
  {
    name: "R9 P7 what has to be done again is not believed before it has been",
    async run(world) {
      const process = await loseWhatHappened(world, ({ cache }) => cache.delete("k"));
      await world.refuseWrites();
      process.proxy.reset();
      await waitUntil(() => process.pending > 0, { what: "it wants to do it again" });
      await waitUntil(async () => (await process.cache.health()).tiers["redis"]?.latencyMs !== undefined, {
        what: "it is connected again",
      });
      return process.cache.get("k", () => "new");
    },
    kept: "new",
    broken: toOld(mutants.GATE),
  },
  {
    name: "R9 P7 trust comes last: after the replay",
    async run(world) {
      const process = await world.open({ redis: { timeout: 500 } });
      const log: string[] = [];
      for (const type of ["busLost", "pendingReplayed", "busLive"] as const) {
        process.cache.on(type, () => void log.push(type));
      }
      // Lost with its connection; until its deadline it may still take effect, and is not done again.
      const hold = process.proxy.toServer.hold(world.script("REMOVE"));
      const deleting = process.cache.delete("k");
      await hold.caught();
      process.proxy.reset();
      hold.release();
      log.push((await deleting).authority);
      await waitUntil(() => log.length >= 4, { what: "all has happened" });
      return log;
    },
    kept: ["busLost", "pending", "pendingReplayed", "busLive"],
    broken: [{ without: mutants.TRUST_LAST, seen: ["busLost", "pending", "busLive", "pendingReplayed"] }],
  },
  {
    name: "R9 P7 more than can be remembered is done again as a clear",
    async run(world) {
      const process = await loseWhatHappened(world, async ({ cache }) => {
        await cache.delete("k");
        await cache.deleteMany(["1", "2", "3", "4"]);
      });
      await process.reconnect();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.OVERFLOW_OF_RECENT),
    limits: FEW,
  },
  {
    name: "R9 P11 more than can be pending becomes a clear",
    async run(world) {
      const [process, other] = [await world.open({ redis: { timeout: 150 } }), await world.open()];
      await process.hears(() => other.cache.set("k", "old"));
      const accept = await world.refuseWrites();
      await process.cache.delete("k");
      await process.cache.deleteMany(["1", "2", "3", "4"]);
      await accept();
      await process.untilReplayed();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.OVERFLOW_OF_PENDING),
    limits: FEW,
  },
  {
    name: "R10 P7 a reply to a command of an earlier generation is not believed",
    async run(world) {
      const [process, other] = [await world.open(), await world.open()];
      await process.hears(() => other.cache.set("k", "old"));
      const rollBack = await world.keep(world.places.entry("k"));
      await process.hears(() => other.cache.delete("k"));
      const asking = process.proxy.toServer.hold({ command: "INFO" });
      await asking.caught();
      await rollBack();
      await world.redis.command("DEBUG", "CHANGE-REPL-ID");
      // Or the replay would be quicker than the judgement of what should not have been accepted.
      await world.refuseWrites();
      const answer = process.proxy.holdReplies({ command: "INFO" });
      asking.release();
      await answer.caught();
      // Its reply comes right behind the one that tells that the server is another.
      const reading = await process.sends({ command: "GET" }, () => process.cache.get("k", () => "new"));
      for (let times = 0; times < 3; times++) await world.redis.command("PING");
      answer.release();
      return reading.going;
    },
    kept: "new",
    broken: toOld(mutants.REPLIES_OF_THEIR_GENERATION),
  },
  {
    name: "R10 P7 a failover that cuts no connection counts as a reconnect: the server continues other data",
    async run(world) {
      const process = await loseWhatHappened(world, ({ cache }) => cache.delete("k"));
      await process.probes();
      await process.untilReplayed();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.OTHER_DATA_IS_A_RECONNECT),
  },
  {
    name: "R10 P7 so does a server that refuses writes because it is a replica",
    async run(world) {
      const impatient = { redis: { timeout: 1_000 } };
      const process = await loseWhatHappened(world, ({ cache }) => cache.delete("k"), impatient);
      await world.redis.command("REPLICAOF", "127.0.0.1", "1");
      await process.cache.delete("another");
      await world.redis.command("REPLICAOF", "NO", "ONE");
      await process.probes();
      await process.untilReplayed();
      return readElsewhere(world);
    },
    kept: "new",
    broken: toOld(mutants.A_REPLICA_IS_A_RECONNECT),
  },
);
