// A cluster some of whose connections were lost: the libraries forget such nodes, and ask replicas in their place.

import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { RemoteTier } from "../../src/contracts/remote.ts";
import { redisTier, type RedisTierOptions } from "../../src/redis/options.ts";
import { freshKey, unique } from "../../src/test-suite/suite.ts";
import { startCluster, type RedisCluster } from "../support/redis/cluster.ts";
import { FAULTS } from "../support/redis/faults.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { LIBRARIES, type UserClient } from "./compat-libraries.ts";
import { openTier, whole, type Process } from "./compat-suite.ts";
import { listen } from "./open.ts";

let cluster: RedisCluster;
const opened: RemoteTier[] = [];
const clients: UserClient[] = [];
beforeAll(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((remote) => remote.close()));
  for (const client of clients.splice(0)) client.disconnect();
});
afterAll(() => cluster.stop());

const own = (): RedisTierOptions => ({ cluster: cluster.addresses });
const brought = LIBRARIES.map(({ name, connectCluster }) => {
  const options = (): RedisTierOptions => {
    const client = connectCluster(cluster.addresses);
    clients.push(client);
    return { client };
  };
  return [`a client of ${name}`, options] as const;
});

describe.each([["its own connections", own] as const, ...brought])("%s", (_name, options) => {
  test("lists every key and is live again, although nobody has asked the lost node since", async () => {
    const root = unique("shop");
    const { tier, bus, log } = await live(root, options());
    const keys = await filled(root, { tier });
    const [node] = await cluster.masters();
    await lose([node!], log);
    await waitUntil(() => bus.isLive, { deadlineMs: 3_000, what: "the bus is live again" });
    const found = new Set<string>();
    for await (const key of tier.keys(`${root}:v:`)) found.add(key);
    expect([...found].sort()).toEqual(keys.sort());
  });

  test("is live again although no connection to a primary is left and nobody asks", async () => {
    const root = unique("shop");
    const { bus, tier, log } = await live(root, options());
    // By now it knows the replicas too, and keeps them.
    await filled(root, { tier });
    await lose(await cluster.masters(), log);
    await waitUntil(() => bus.isLive, { deadlineMs: 3_000, what: "the bus is live again" });
    expect(log.at(-1)).toBe("live");
  });

  test("has no read answered by a replica in place of a primary that was lost", async () => {
    const root = unique("shop");
    const { bus, tier, log } = await live(root, options());
    const keys = await filled(root, { tier }, "old");
    const masters = await cluster.masters();
    onTestFinished(await fallBehind(masters));
    await filled(root, { tier }, "new", keys);
    const asked = askOnAndOn(tier, keys.slice(0, 8));
    await lose(masters, log);
    await waitUntil(() => bus.isLive, { deadlineMs: 3_000, what: "the bus is live again" });
    expect(await asked.answers()).toEqual(new Set(["new"]));
  });
});

/** Cuts all replicas off from what their primaries write. The undo resolves when they follow again. */
async function fallBehind(masters: readonly RedisServer[]): Promise<() => Promise<void>> {
  await cluster.whole();
  const replicas = await Promise.all(masters.map((master) => cluster.replicaOf(master)));
  // Their primaries have no password, and let nobody in who brings one.
  const undos = await Promise.all(replicas.map((replica) => replica.config({ masterauth: "wrong" })));
  for (const master of masters) await master.command("CLIENT", "KILL", "TYPE", "replica");
  for (const replica of replicas) {
    const isCutOff = async () => /^master_link_status:down/m.test(await replica.info("replication"));
    await waitUntil(isCutOff, { what: "the replica is cut off" });
  }
  return async () => {
    await Promise.all(undos.map((undo) => undo()));
    await cluster.whole();
  };
}

/** Reads in every turn of the event loop, until it is asked what was answered. */
function askOnAndOn(tier: Process["tier"], keys: readonly string[]): { answers(): Promise<Set<string>> } {
  const answers = new Set<string>();
  const state = { isOver: false };
  const ask = async (): Promise<void> => {
    while (!state.isOver) {
      for (const key of keys) {
        tier.get(key).then(
          (bytes) => answers.add(bytes === undefined ? "none" : Buffer.from(bytes).toString()),
          () => undefined,
        );
      }
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  };
  const asking = ask();
  const end = async (): Promise<Set<string>> => {
    state.isOver = true;
    await asking;
    await Promise.allSettled(keys.map((key) => tier.get(key)));
    return answers;
  };
  return { answers: end };
}

async function live(root: string, options: RedisTierOptions) {
  const remote = openTier(redisTier, root, options);
  opened.push(remote);
  const process = whole(remote);
  const { log } = await listen(process.bus);
  await waitUntil(() => process.bus.isLive, { deadlineMs: 10_000, what: "the bus is live" });
  return { ...process, log };
}

async function filled(
  root: string,
  { tier }: Pick<Process, "tier">,
  value = "x",
  keys = Array.from({ length: 40 }, () => freshKey(root)),
): Promise<string[]> {
  await Promise.all(keys.map((key) => tier.set(key, Buffer.from(value), 60_000)));
  return keys;
}

/** Resolves when the loss has been noticed. */
async function lose(nodes: readonly RedisServer[], log: readonly unknown[]): Promise<void> {
  const before = log.length;
  await Promise.all(nodes.map(FAULTS.killClients));
  await waitUntil(() => log.length > before, { what: "it doubts" });
}
