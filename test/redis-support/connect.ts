// Clients that end with the test.

import type { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import { bareClient } from "../support/redis/client.ts";
import type { ClientOptions } from "../support/redis/client.ts";
import type { Address } from "../support/redis/resp-connection.ts";

/** A bare client that is ready. */
export async function connect(address: Address, options: ClientOptions = {}): Promise<Redis> {
  const client = bareClient(address, options);
  onTestFinished(() => {
    client.disconnect();
  });
  await client.ping();
  return client;
}

/** The first word of the error with which something fails; undefined if it does not. */
export async function failure(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split(" ", 1)[0] : String(error);
  }
}

/** Whether a promise has settled, once the server has had the time for another command. */
export async function settledWithin(promise: Promise<unknown>, turns: () => Promise<unknown>): Promise<boolean> {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  promise.then(mark, mark);
  await turns();
  return settled;
}
