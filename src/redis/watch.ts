// Watches a connection for everything that ends a generation.

import { isCluster, type RedisClientLike, type RedisCluster, type RedisConnection } from "./connection.ts";

/** Told of what happens. */
export interface ConnectionWatcher {
  onGeneration(reason: string): void;
  onError(error: unknown): void;
}

/** Begins to watch; returns what ends it. Errors stay listened to for good: one that nobody hears kills the process. */
export function watchConnection(connection: RedisClientLike, watcher: ConnectionWatcher): () => void {
  const offs: (() => void)[] = [];
  const on = (source: RedisConnection, event: string, listener: (...args: never[]) => void): void => {
    source.on(event, listener);
    offs.push(() => source.off(event, listener));
  };
  connection.on("error", (error: unknown) => watcher.onError(error));
  watchEnds(connection, watcher, on);
  if (isCluster(connection)) watchCluster(connection, watcher, on);
  return () => {
    for (const off of offs) off();
  };
}

type On = (source: RedisConnection, event: string, listener: (...args: never[]) => void) => void;

/** The first connection ends nothing; every loss does, and every connection after it. */
function watchEnds(connection: RedisConnection, watcher: ConnectionWatcher, on: On): void {
  let wasLost = false;
  on(connection, "close", () => {
    wasLost = true;
    watcher.onGeneration("the connection was lost");
  });
  on(connection, "ready", () => {
    if (wasLost) watcher.onGeneration("connected again");
    wasLost = false;
  });
}

function watchCluster(cluster: RedisCluster, watcher: ConnectionWatcher, on: On): void {
  let primaries = addressesOf(cluster);
  const watchNode = (node: RedisConnection): void => {
    let isReady = node.status === "ready";
    on(node, "ready", () => void (isReady = true));
    on(node, "close", () => {
      // Nodes that were never needed come and go.
      if (isReady) watcher.onGeneration("the connection to a node was lost");
      isReady = false;
    });
  };
  // Redirections lead to a look at the map; so does time.
  const look = (): void => {
    const before = primaries;
    primaries = addressesOf(cluster);
    if (before !== "" && before !== primaries) watcher.onGeneration("the cluster has other primaries");
  };
  for (const node of cluster.nodes("master")) watchNode(node);
  on(cluster, "node error", (error: unknown) => watcher.onError(error));
  on(cluster, "+node", (node: RedisConnection) => watchNode(node));
  on(cluster, "refresh", look);
}

function addressesOf(cluster: RedisCluster): string {
  const addresses = cluster.nodes("master").map(({ options: { host, port } }) => `${host}:${port}`);
  return addresses.sort().join();
}

/** Resolves when a connection is ready; rejects when it ends before. */
export function untilReady(connection: RedisClientLike): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      connection.off("ready", settle);
      connection.off("close", settle);
      if (connection.status === "ready") resolve();
      else reject(new Error("the connection was closed"));
    };
    connection.on("ready", settle);
    connection.on("close", settle);
  });
}
