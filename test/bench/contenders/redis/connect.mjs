// A connection for a contender that is given one.

import { Redis } from "ioredis";

/**
 * Auto-pipelining gathers the commands of one turn of the event loop: it pays when many callers come at a time, and
 * costs when one waits for the other. So everybody who is given a connection gets the one that is better for the row.
 * @param {{ url: string, concurrent?: boolean }} options
 */
export async function connect({ url, concurrent = false }) {
  const redis = new Redis(url, { enableAutoPipelining: concurrent, lazyConnect: true });
  await redis.connect();
  return redis;
}
