// A real master and replica, watched by sentinels.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../wait-until.ts";
import { redisServer } from "./find-server.ts";
import type { RedisServer } from "./redis-server.ts";
import { launch, startRedis, synchronized } from "./server.ts";

const NAME = "main";
const DEADLINE_MS = 20_000;
/**
 * Sentinels ask and tell every second or ten; since 7.0 they can be told to hurry, within limits. The leader of a
 * failover looks at the replica once a second only. A replica it has not looked at for five ping periods is no candidate;
 * and a colleague that has not heard of a failover for four publish periods turns the new master back into a replica.
 */
const HURRY = ["INFO-PERIOD", 100, "PING-PERIOD", 300, "ASK-PERIOD", 50, "PUBLISH-PERIOD", 500];

/** How many watch. */
export interface SentinelOptions {
  /** Default 1. A majority of them must be up for a failover. */
  readonly sentinels?: 1 | 3;
}

/** Starts a master, its replica and the sentinels; resolves when a failover could happen. */
export async function startSentinel({ sentinels = 1 }: SentinelOptions = {}): Promise<RedisSentinel> {
  const master = await startRedis();
  const replica = await startRedis({ replicaOf: master });
  const quorum = Math.floor(sentinels / 2) + 1;
  const watchers = await Promise.all(Array.from({ length: sentinels }, () => startWatcher(master.port, quorum)));
  const group = new RedisSentinel([master, replica], watchers);
  try {
    await group.whole();
    return group;
  } catch (error) {
    await group.stop();
    throw error;
  }
}

async function startWatcher(masterPort: number, quorum: number): Promise<RedisServer> {
  const watcher = await launch({
    argsFor: (port, directory) => {
      const file = join(directory, "sentinel.conf");
      // Sentinels keep what they learn in this file.
      if (!existsSync(file)) writeFileSync(file, configuration(port, directory, masterPort, quorum));
      return [file, "--sentinel"];
    },
  });
  if (redisServer().major >= 7) await watcher.command("SENTINEL", "DEBUG", ...HURRY);
  return watcher;
}

function configuration(port: number, directory: string, masterPort: number, quorum: number): string {
  return [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir "${directory}"`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${quorum}`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 2000`,
    "",
  ].join("\n");
}

/** A watched pair of a test. Made by {@link startSentinel}. */
export class RedisSentinel {
  /** The name of the pair, which clients give. */
  readonly name: string = NAME;
  /** The two servers; which of them is the master changes. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];

  constructor(servers: readonly RedisServer[], sentinels: readonly RedisServer[]) {
    this.servers = servers;
    this.sentinels = sentinels;
  }

  /** Where clients begin: the sentinels. */
  get addresses(): { readonly host: string; readonly port: number }[] {
    return this.sentinels.map(({ host, port }) => ({ host, port }));
  }

  /** The server that the sentinels name. */
  async master(): Promise<RedisServer> {
    const [port] = await this.#namedPorts();
    const master = this.servers.find((server) => server.port === port);
    if (master === undefined) throw new Error(`the sentinels name port ${port}`);
    return master;
  }

  /**
   * Lets the replica take the master's place, and resolves with it once every sentinel names it and it takes writes. The
   * old master goes on for a while before it is told; {@link whole} waits for that.
   */
  async failover(): Promise<RedisServer> {
    const successor = await this.#successor();
    const [leader] = this.#live();
    if (leader === undefined) throw new Error("no sentinel is up");
    const aborts = (): number => leader.log().split("-failover-abort").length;
    const command = (): Promise<unknown> => leader.command("SENTINEL", "FAILOVER", NAME);
    let abortsBefore = aborts();
    // Refused while the last failover is not quite over.
    await waitUntil(command, { deadlineMs: DEADLINE_MS, what: "a sentinel begins a failover" });
    await this.#promoted(successor, async () => {
      if (aborts() === abortsBefore) return;
      // On a busy machine the sentinel may give up, and nobody but us wants the failover.
      await command();
      abortsBefore = aborts();
    });
    return successor;
  }

  /** Kills the master and resolves with its successor once every sentinel names it and it takes writes. */
  async crash(): Promise<RedisServer> {
    const successor = await this.#successor();
    const master = await this.master();
    await master.kill9();
    await this.#promoted(successor);
    return successor;
  }

  /** Resolves when both servers are up, one replicates the other, and every sentinel knows both and its colleagues. */
  async whole(): Promise<void> {
    const master = await this.master();
    for (const server of this.servers) if (server !== master) await synchronized(server);
    const colleagues = this.sentinels.length - 1;
    const known = [`num-slaves=1`, `num-other-sentinels=${colleagues}`, "flags=master"];
    await waitUntil(async () => (await Promise.all(this.sentinels.map(describeMaster))).every(knowsAll), {
      deadlineMs: DEADLINE_MS,
      what: "every sentinel knows both servers and its colleagues",
    });
    function knowsAll(facts: string[]): boolean {
      return known.every((fact) => facts.includes(fact));
    }
  }

  /** Kills servers and sentinels and removes their directories. */
  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #successor(): Promise<RedisServer> {
    const master = await this.master();
    const successor = this.servers.find((server) => server !== master && server.pid !== undefined);
    if (successor === undefined) throw new Error(`the master on port ${master.port} has no live replica`);
    return successor;
  }

  async #promoted(successor: RedisServer, insist?: () => Promise<void>): Promise<void> {
    const { port } = successor;
    await waitUntil(
      async () => {
        await insist?.();
        const agreed = (await this.#namedPorts()).every((named) => named === port);
        return agreed && /^role:master\r?$/m.test(await successor.info("replication"));
      },
      { deadlineMs: DEADLINE_MS, what: `every sentinel names the server on port ${port}` },
    );
  }

  #namedPorts(): Promise<number[]> {
    return Promise.all(
      this.#live().map(async (sentinel) => {
        const address = await sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME);
        return Array.isArray(address) ? Number(address[1]) : Number.NaN;
      }),
    );
  }

  #live(): RedisServer[] {
    return this.sentinels.filter(({ pid }) => pid !== undefined);
  }
}

/** `SENTINEL MASTER` as `name=value`. */
async function describeMaster(sentinel: RedisServer): Promise<string[]> {
  const reply = await sentinel.command("SENTINEL", "MASTER", NAME);
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  return flat.flatMap((name, index) => (index % 2 === 0 ? [`${name}=${flat[index + 1]}`] : []));
}
