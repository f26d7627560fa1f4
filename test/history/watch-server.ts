// Notices when a Redis server stands still.

import { setTimeout as sleep } from "node:timers/promises";
import type { RedisServer } from "../support/redis/redis-server.ts";
import type { Instant } from "./entries.ts";
import { WORTH_TELLING_MS } from "./pauses.ts";
import { instant } from "./protocol.ts";

const ASK_EVERY_MS = 10;

/**
 * Reports how long a server took to answer, whenever that was long: on a machine that has too much to do it gets no
 * turn, and then it is to its clients as if it were gone. Returns what ends it.
 */
export function watchServer(server: RedisServer, report: (from: Instant, to: Instant) => void): () => void {
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    const connection = await server.connect();
    try {
      while (!over.signal.aborted) {
        const asked = instant();
        await connection.send("PING");
        const answered = instant();
        if (answered - asked > WORTH_TELLING_MS) report(asked, answered);
        await sleep(ASK_EVERY_MS);
      }
    } finally {
      connection.close();
    }
  };
  const keepWatching = async (): Promise<void> => {
    while (!over.signal.aborted) {
      // It is down now and then: that is what the faults are for.
      await watch().catch(() => sleep(ASK_EVERY_MS * 5));
    }
  };
  void keepWatching();
  return () => {
    over.abort();
  };
}
