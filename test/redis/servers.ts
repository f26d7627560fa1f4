// Starts what the tests of the Redis tier talk to: one server, or a cluster, with faults that end with their test.

import { afterAll, afterEach, beforeAll } from "vitest";
import type { RedisTierOptions } from "../../src/redis/options.ts";
import { startCluster } from "../support/redis/cluster.ts";
import type { Fault } from "../support/redis/faults.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { startRedis } from "../support/redis/server.ts";
import { closeAll } from "./open.ts";

/** A server or a cluster, as the options of a tier name it. */
export interface Started {
  readonly options: RedisTierOptions;
  stop(): Promise<void>;
}

/** Both shapes of Redis, for `describe.each`. */
export const SHAPES: readonly (readonly [name: string, start: () => Promise<Started>])[] = [
  ["one server", startServer],
  ["a cluster", startNodes],
];

async function startServer(): Promise<Started> {
  const server = await startRedis();
  return { options: { url: server.url }, stop: () => server.stop() };
}

async function startNodes(): Promise<Started> {
  const cluster = await startCluster();
  return { options: { cluster: cluster.addresses }, stop: () => cluster.stop() };
}

/** A failover that cuts no connection. */
export const anotherLine: Fault = async (faulty) => {
  await faulty.command("DEBUG", "CHANGE-REPL-ID");
  return () => Promise.resolve();
};

/** The server of a file of tests. */
export interface ServerOfTests {
  /** There from the first test on. */
  readonly server: RedisServer;
  /** Brings a fault about, until {@link heal} or the end of the test. */
  suffer(fault: Fault): Promise<void>;
  /** Ends the fault. */
  heal(): Promise<void>;
  /** Does this at the end of the test, before what was asked for earlier. */
  atEnd(undo: () => unknown): void;
}

/** Starts one server before the tests of this file; after each, ends what the test began. */
export function serverOfTests(): ServerOfTests {
  const undos: (() => unknown)[] = [];
  let started: RedisServer | undefined;
  let ailment: (() => Promise<void>) | undefined;
  const heal = async (): Promise<void> => {
    const end = ailment;
    ailment = undefined;
    await end?.();
  };
  beforeAll(async () => void (started = await startRedis()));
  afterEach(async () => {
    await heal();
    await closeAll();
    for (const undo of undos.splice(0).toReversed()) await undo();
  });
  afterAll(() => started?.stop());
  const server = (): RedisServer => {
    if (started === undefined) throw new Error("the server is started before the first test");
    return started;
  };
  return {
    get server() {
      return server();
    },
    suffer: async (fault) => void (ailment = await fault(server())),
    heal,
    atEnd: (undo) => void undos.push(undo),
  };
}
