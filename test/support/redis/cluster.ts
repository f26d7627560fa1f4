// A real cluster of three masters with a replica each.

import { waitUntil } from "../wait-until.ts";
import { isServing, viewOf } from "./cluster-view.ts";
import type { NodeView } from "./cluster-view.ts";
import type { RedisServer } from "./redis-server.ts";
import { startRedis, synchronized } from "./server.ts";

const MASTERS = 3;
const SLOTS = 16_384;
const DEADLINE_MS = 30_000;
/** A node gives up a failover on demand after five seconds. */
const FAILOVER_ATTEMPT_MS = 5_500;
const ARGS = [
  ...["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1000"],
  ...["--cluster-replica-validity-factor", "0"],
];

/** Starts six nodes; resolves when all slots are served and every replica has its master's data. Takes about 3 s. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: MASTERS * 2 }, () => startRedis({ args: ARGS })));
  const cluster = new RedisCluster(nodes);
  try {
    await form(nodes);
    await cluster.whole();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** As `redis-cli --cluster create` does, which is not everywhere. */
async function form(nodes: readonly RedisServer[]): Promise<void> {
  const masters = nodes.slice(0, MASTERS);
  await Promise.all(
    masters.map(async (node, index) => {
      await node.command("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
      await node.command("CLUSTER", "ADDSLOTS", ...slotsOf(index));
    }),
  );
  const [first, ...others] = nodes;
  for (const { host, port } of others) await first?.command("CLUSTER", "MEET", host, port);
  await Promise.all(
    nodes.map((node) =>
      waitUntil(async () => (await viewOf(node)).filter(({ healthy }) => healthy).length === nodes.length, {
        deadlineMs: DEADLINE_MS,
        what: `the node on port ${node.port} knows the others`,
      }),
    ),
  );
  const ids = await Promise.all(masters.map((master) => master.command("CLUSTER", "MYID")));
  const replicas = nodes.slice(MASTERS);
  await Promise.all(replicas.map((node, index) => node.command("CLUSTER", "REPLICATE", String(ids[index]))));
}

function slotsOf(index: number): number[] {
  const from = Math.floor((SLOTS * index) / MASTERS);
  const to = Math.floor((SLOTS * (index + 1)) / MASTERS);
  return Array.from({ length: to - from }, (_, offset) => from + offset);
}

/** A cluster of a test. Made by {@link startCluster}. */
export class RedisCluster {
  /** All nodes; which of them are masters changes. */
  readonly nodes: readonly RedisServer[];

  constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  /** Where clients begin. */
  get addresses(): { readonly host: string; readonly port: number }[] {
    return this.nodes.map(({ host, port }) => ({ host, port }));
  }

  /** The nodes that serve slots. */
  async masters(): Promise<RedisServer[]> {
    const view = await this.#view();
    return view.filter(({ role, slots }) => role === "master" && slots.length > 0).map(({ port }) => this.#node(port));
  }

  /** The node that serves a key. */
  async masterOf(key: string): Promise<RedisServer> {
    const slot = Number(await this.#anyNode().command("CLUSTER", "KEYSLOT", key));
    const view = await this.#view();
    const owner = view.find(({ slots }) => slots.some(([from, to]) => from <= slot && slot <= to));
    if (owner === undefined) throw new Error(`nobody serves slot ${slot}`);
    return this.#node(owner.port);
  }

  /** A replica of a master, once there is one with the master's data. */
  async replicaOf(master: RedisServer): Promise<RedisServer> {
    const find = async (): Promise<NodeView | undefined> => {
      const view = await viewOf(master);
      const id = view.find(({ port }) => port === master.port)?.id;
      return view.find(({ masterId, healthy }) => masterId === id && healthy);
    };
    const what = `the master on port ${master.port} has a healthy replica`;
    const replica = this.#node((await waitUntil(find, { deadlineMs: DEADLINE_MS, what })).port);
    await synchronized(replica);
    return replica;
  }

  /**
   * Lets the replica of a master take its place, and resolves with it once every node agrees. `graceful` loses nothing;
   * `force` does not ask the master, so its last writes may be lost; `takeover` does not ask the other masters either.
   */
  async failover(master: RedisServer, mode: "graceful" | "force" | "takeover" = "graceful"): Promise<RedisServer> {
    const replica = await this.replicaOf(master);
    const command = ["CLUSTER", "FAILOVER", ...(mode === "graceful" ? [] : [mode.toUpperCase()])];
    let askedAt = -Infinity;
    await this.#promoted(replica, async () => {
      // An attempt may fail, by the doings of the one before, for instance.
      if (performance.now() - askedAt < FAILOVER_ATTEMPT_MS) return;
      askedAt = performance.now();
      await replica.command(...command);
    });
    return replica;
  }

  /** Kills a master and resolves with its successor once every live node agrees. `restart()` brings it back as a replica. */
  async crash(master: RedisServer): Promise<RedisServer> {
    const replica = await this.replicaOf(master);
    await master.kill9();
    await this.#promoted(replica);
    return replica;
  }

  /** Resolves when all six nodes are up and in touch, all slots served, and all replicas have their master's data. */
  async whole(): Promise<void> {
    await waitUntil(async () => (await Promise.all(this.nodes.map(isWhole))).every(Boolean), {
      deadlineMs: DEADLINE_MS,
      what: "every node of the cluster finds it whole",
    });
  }

  /** Kills all nodes and removes their directories. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #promoted(replica: RedisServer, insist?: () => Promise<void>): Promise<void> {
    const takenForMasterBy = async (node: RedisServer): Promise<boolean> => {
      const seen = (await viewOf(node)).find(({ port }) => port === replica.port);
      return seen?.role === "master" && seen.slots.length > 0;
    };
    const agrees = async (node: RedisServer): Promise<boolean> =>
      (await takenForMasterBy(node)) && (await isServing(node));
    const allAgree = async (): Promise<boolean> => {
      if (!(await takenForMasterBy(replica))) {
        await insist?.();
        return false;
      }
      // A node that won an election some seconds ago takes those votes for its next one as well (Redis 7.0), and nobody
      // follows it then, because its epoch is old. If its epoch is the newest, as it ought to be, this does nothing.
      await replica.command("CLUSTER", "BUMPEPOCH");
      const live = this.nodes.filter(({ pid }) => pid !== undefined);
      return (await Promise.all(live.map(agrees))).every(Boolean);
    };
    const what = `all nodes take the one on port ${replica.port} for a master`;
    await waitUntil(allAgree, { deadlineMs: DEADLINE_MS, what });
  }

  #view(): Promise<NodeView[]> {
    return viewOf(this.#anyNode());
  }

  #anyNode(): RedisServer {
    const live = this.nodes.find(({ pid }) => pid !== undefined);
    if (live === undefined) throw new Error("no node of the cluster is up");
    return live;
  }

  #node(port: number): RedisServer {
    const node = this.nodes.find((one) => one.port === port);
    if (node === undefined) throw new Error(`the cluster has no node on port ${port}`);
    return node;
  }
}

async function isWhole(node: RedisServer, _index: number, nodes: readonly RedisServer[]): Promise<boolean> {
  const view = await viewOf(node);
  const self = await node.info("replication");
  const linked = !/^role:slave\r?$/m.test(self) || /^master_link_status:up\r?$/m.test(self);
  const replicas = view.filter(({ role }) => role === "replica");
  const everyone = view.filter(({ healthy }) => healthy).length === nodes.length && replicas.length === MASTERS;
  return linked && everyone && (await isServing(node));
}
