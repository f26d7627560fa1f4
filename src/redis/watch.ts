// Watches a connection for everything that ends a generation.

import { isCluster, type RedisEndpoint, type RedisCluster, type RedisConnection } from "./connection.ts";

/** Told of what happens. */
export interface ConnectionWatcher {
  /** Whether commands can be sent, as events say: the connection's own status is ahead of them. */
  onUsable(isUsable: boolean): void;
  /** @param isLoss nothing has come in its place yet: when it does, this is called again */
  onGeneration(reason: string, isLoss: boolean): void;
  onError(error: unknown): void;
  /** It will not connect again by itself. */
  onEnd(): void;
}

/** A connection that is watched. */
export interface Watch {
  /**
   * Looks whether a cluster has other primaries: redirected commands change them without an event. Answers whether
   * there is any: without one, the client sends commands to replicas, which answer what they can. Cheap.
   */
  readonly look: (() => boolean) | undefined;
  stop(): void;
}

/** Begins to watch. Errors stay listened to for good: one that nobody hears kills the process. */
export function watchConnection(connection: RedisEndpoint, watcher: ConnectionWatcher): Watch {
  const offs: (() => void)[] = [];
  const on = (source: RedisConnection, event: string, listener: (...args: never[]) => void): void => {
    source.on(event, listener);
    offs.push(() => source.off(event, listener));
  };
  connection.on("error", (error: unknown) => watcher.onError(error));
  watchEnds(connection, watcher, on);
  const look = isCluster(connection) ? watchCluster(connection, watcher, on) : undefined;
  const stop = (): void => {
    for (const off of offs) off();
  };
  return { look, stop };
}

type On = (source: RedisConnection, event: string, listener: (...args: never[]) => void) => void;

/** The first connection ends nothing; every loss does, and every connection after it. */
function watchEnds(connection: RedisConnection, watcher: ConnectionWatcher, on: On): void {
  let wasLost = false;
  on(connection, "close", () => {
    wasLost = true;
    watcher.onUsable(false);
    watcher.onGeneration("the connection was lost", true);
  });
  on(connection, "ready", () => {
    // Nobody comes between these two; and whoever hears that it is another one may use it.
    watcher.onUsable(true);
    if (wasLost) watcher.onGeneration("connected again", false);
    wasLost = false;
  });
  on(connection, "end", () => watcher.onEnd());
}

/** Returns {@link Watch.look}. */
function watchCluster(cluster: RedisCluster, watcher: ConnectionWatcher, on: On): () => boolean {
  let primaries = addressesOf(cluster);
  let count = cluster.nodes("master").length;
  /** Before the map has come, whoever was named in the options counts as a primary. */
  let isKnown = cluster.status === "ready";
  const compare = (): void => {
    const before = isKnown ? primaries : "";
    primaries = addressesOf(cluster);
    count = cluster.nodes("master").length;
    isKnown = true;
    if (before !== "" && before !== primaries) watcher.onGeneration("the cluster has other primaries", false);
  };
  // Whoever a command is redirected to becomes one more primary, until the map has come.
  const look = (): boolean => {
    if (!isKnown) return true;
    if (cluster.nodes("master").length !== count) compare();
    // Nothing is sent any more that would lead the client to look by itself.
    if (count === 0 && cluster.status === "ready") cluster.refreshSlotsCache();
    return count > 0;
  };
  const watchNode = (node: RedisConnection): void => {
    let isReady = node.status === "ready";
    // The redirected command itself may be the reason: the answer to it must not come before this.
    on(node, "connecting", look);
    on(node, "ready", () => void (isReady = true));
    on(node, "close", () => {
      // Nodes that were never needed come and go.
      if (!isReady) return;
      isReady = false;
      watcher.onGeneration("the connection to a node was lost", false);
      // The library forgets such a node, and would ask others in its place.
      if (cluster.status === "ready") setImmediate(() => cluster.refreshSlotsCache());
    });
  };
  for (const node of cluster.nodes("master")) watchNode(node);
  on(cluster, "node error", (error: unknown) => watcher.onError(error));
  on(cluster, "+node", (node: RedisConnection) => watchNode(node));
  // Redirections lead to a look at the map; so does time.
  on(cluster, "refresh", compare);
  on(cluster, "close", () => void (isKnown = false));
  return look;
}

function addressesOf(cluster: RedisCluster): string {
  const addresses = cluster.nodes("master").map(({ options: { host, port } }) => `${host}:${port}`);
  return addresses.sort().join();
}

/** Resolves when a connection is ready; rejects when it ends before. */
export function untilReady(connection: RedisEndpoint): Promise<void> {
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
