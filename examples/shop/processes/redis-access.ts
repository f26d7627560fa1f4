// What the demo does with Redis past the cache: asks whether it is there, and leaves nothing behind in it.
import { Redis } from "ioredis";

/** Returns why it does not answer; `undefined` if it does. */
export async function ping(url: string): Promise<string | undefined> {
  const redis = connect(url);
  let why: string | undefined;
  // What went wrong with the connection says more than that there is none.
  redis.on("error", (error: Error) => (why ??= error.message));
  try {
    await redis.ping();
    return undefined;
  } catch (error) {
    return why || (error instanceof Error ? error.message : String(error));
  } finally {
    redis.disconnect();
  }
}

/** Entries end by themselves; the epochs of tags and namespaces, a few dozen short texts, would stay. */
export async function removeKeysOf(url: string, cacheName: string): Promise<void> {
  const redis = connect(url);
  try {
    for await (const keys of redis.scanStream({ match: `${cacheName}:*`, count: 1_000 })) {
      // `as`: the stream says nothing of what it carries
      if ((keys as string[]).length > 0) await redis.unlink(...(keys as string[]));
    }
  } finally {
    redis.disconnect();
  }
}

function connect(url: string): Redis {
  const redis = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: 2_000 });
  // The command says what is wrong.
  redis.on("error", () => undefined);
  return redis;
}
