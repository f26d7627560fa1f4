// What holds of the tier on a client that the user brings, of whatever library.

import { expect, onTestFinished, test } from "vitest";
import { redisTier } from "../../src/redis/options.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { startCluster } from "../support/redis/cluster.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Library, UserClient } from "./compat-libraries.ts";
import { compatSuite, openTier, whole, type Stage } from "./compat-suite.ts";
import { listen } from "./open.ts";

/** Tests everything on one server. */
export function clientSuite(library: Library): void {
  compatSuite(`a client of ${library.name}: one server`, () => onServer(library));

  test(`a client of ${library.name} is left open and as it was, and nothing else is`, async () => {
    await using server = await startRedis();
    const mine = library.connect(server);
    onTestFinished(() => mine.disconnect());
    await mine.ping();
    const remote = openTier(redisTier, "shop", { client: mine });
    const { authority, bus } = whole(remote);
    await listen(bus);
    await waitUntil(() => bus.isLive, { what: "the bus is live" });
    await authority.remove(freshKey("shop"), Infinity);
    expect(await connections(server)).toBe(2);
    await remote.close();
    await waitUntil(async () => (await connections(server)) === 1, { what: "the bus has hung up" });
    expect([await mine.ping(), mine.status]).toEqual(["PONG", "ready"]);
  });
}

/** Tests everything on a cluster. */
export function clusterClientSuite(library: Library): void {
  compatSuite(`a client of ${library.name}: a cluster`, () => onCluster(library));
}

async function onServer(library: Library): Promise<Stage> {
  const server = await startRedis();
  const clients: UserClient[] = [];
  const stop = (): Promise<void> => server.stop();
  return stage([server], clients, () => library.connect(server), stop);
}

async function onCluster(library: Library): Promise<Stage> {
  const cluster = await startCluster();
  const clients: UserClient[] = [];
  const connect = (): UserClient => library.connectCluster(cluster.addresses);
  return stage(await cluster.masters(), clients, connect, () => cluster.stop());
}

/** Every process has a client of its own. */
function stage(
  primaries: readonly RedisServer[],
  clients: UserClient[],
  connect: () => UserClient,
  stop: () => Promise<void>,
): Stage {
  return {
    primaries,
    open(root, more) {
      const client = connect();
      clients.push(client);
      return openTier(redisTier, root, { client, ...more });
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await stop();
    },
  };
}

/** Besides the one that asks. */
async function connections(server: RedisServer): Promise<number> {
  return (
    String(await server.command("CLIENT", "LIST"))
      .trim()
      .split("\n").length - 1
  );
}
