// Notices that a server is no longer the one it was, although no connection broke.

import type { RedisNode } from "./connection.ts";

/** What a server says about the line of data that it continues. */
export interface Descent {
  readonly isReplica: boolean;
  readonly replicationId: string;
}

/** The line of data of each server, as last seen. */
export class Lineage {
  #known = new WeakMap<RedisNode, string>();

  /** Asks a server. `undefined` when it does not tell, which some hosted ones do not. */
  static async ask(node: RedisNode): Promise<Descent | undefined> {
    try {
      const info = await node.info("replication");
      const replicationId = /^master_replid:(\w+)/m.exec(info)?.[1];
      return replicationId === undefined ? undefined : { replicationId, isReplica: /^role:slave/m.test(info) };
    } catch (error) {
      if (error instanceof Error && /^(NOPERM|ERR unknown)/.test(error.message)) return undefined;
      throw error;
    }
  }

  /** What tells a server from any other, and from itself after a restart or a failover. `undefined` as above. */
  static async identify(node: RedisNode): Promise<string | undefined> {
    const descent = await Lineage.ask(node);
    if (descent === undefined || descent.isReplica) return undefined;
    const runId = /^run_id:(\w+)/m.exec(await node.info("server"))?.[1];
    return runId && `${runId}:${descent.replicationId}`;
  }

  /** Notes an answer. Says what is wrong with it, if something is. */
  note(node: RedisNode, descent: Descent | undefined): "replica" | "changed" | undefined {
    if (descent === undefined) return undefined;
    const { isReplica, replicationId } = descent;
    const known = this.#known.get(node);
    this.#known.set(node, replicationId);
    if (isReplica) return "replica";
    return known === undefined || known === replicationId ? undefined : "changed";
  }

  /** Forgets all: whatever comes is new. */
  forget(): void {
    this.#known = new WeakMap();
  }
}
