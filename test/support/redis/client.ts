// A bare ioredis client for tests: it fails at once instead of waiting, and its errors are no exceptions.

import { Redis } from "ioredis";
import type { RedisOptions } from "ioredis";
import type { Address } from "./resp-connection.ts";

/** Without what ioredis 6 types too narrowly for a compiler that tells undefined from absent. */
export type ClientOptions = Omit<RedisOptions, "replyMapping">;

/** Connects to a server or a proxy. It retries for ever, every few milliseconds. Disconnect it. */
export function bareClient({ host = "127.0.0.1", port, password }: Address, options: ClientOptions = {}): Redis {
  const settings: ClientOptions = { host, port, maxRetriesPerRequest: 0, retryStrategy: () => 10, ...options };
  if (password !== undefined) settings.password = password;
  const client = new Redis(settings);
  client.on("error", () => undefined);
  return client;
}
