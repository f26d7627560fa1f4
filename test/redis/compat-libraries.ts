// The libraries of clients that users bring, each as its own version makes clients.

import { Cluster as Cluster6, Redis as Redis6 } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis-5";
import { Cluster as ValkeyCluster, Redis as Valkey } from "iovalkey";
import type { RedisClientLike } from "../../src/redis/connection.ts";

/** Where a server listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** A client of a user, as every library has it. */
export interface UserClient extends RedisClientLike {
  ping(): Promise<string>;
  on(event: "error", listener: () => void): unknown;
}

/** What makes clients. */
export interface Library {
  readonly name: string;
  connect(address: Address): UserClient;
  connectCluster(addresses: readonly Address[]): UserClient;
}

/** In front of the user's own keys. The tier has to find its way around it. */
const OPTIONS = { keyPrefix: "mine:" };

export const IOREDIS_5: Library = {
  name: "ioredis 5",
  connect: ({ host, port }) => quiet(new Redis5({ host, port, ...OPTIONS })),
  connectCluster: (addresses) => quiet(new Cluster5([...addresses], OPTIONS)),
};

export const IOREDIS_6: Library = {
  name: "ioredis 6",
  connect: ({ host, port }) => quiet(new Redis6({ host, port, ...OPTIONS })),
  connectCluster: (addresses) => quiet(new Cluster6([...addresses], OPTIONS)),
};

export const IOVALKEY: Library = {
  name: "iovalkey",
  connect: ({ host, port }) => quiet(new Valkey({ host, port, ...OPTIONS })),
  connectCluster: (addresses) => quiet(new ValkeyCluster([...addresses], OPTIONS)),
};

/** All of them. */
export const LIBRARIES: readonly Library[] = [IOREDIS_5, IOREDIS_6, IOVALKEY];

/** Errors of connections that tests cut are expected. */
function quiet<T extends UserClient>(client: T): T {
  client.on("error", () => undefined);
  return client;
}
