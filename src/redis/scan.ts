// Walks through the names of keys.

import type { RedisClient } from "./client.ts";
import type { RedisNode } from "./connection.ts";

/** Keys that one SCAN looks at: a compromise between round trips and how long others wait. */
const SCAN_COUNT = 500;

/** Names that match a pattern, with every prefix, on every primary one after the other. One may come twice. */
export async function* scanAll(client: RedisClient, pattern: string): AsyncGenerator<string> {
  for (const node of await client.primaries()) yield* scanNode(client, node, pattern);
}

async function* scanNode(client: RedisClient, node: RedisNode, pattern: string): AsyncGenerator<string> {
  let cursor = "0";
  do {
    const from = cursor;
    const [next, found] = await client.runOn(node, (one) => one.scan(from, "MATCH", pattern, "COUNT", SCAN_COUNT));
    yield* found;
    cursor = next;
  } while (cursor !== "0");
}
