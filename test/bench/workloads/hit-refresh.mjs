// A memory hit, awaited, with a refresh function: get(key, refresh).

import { throughput } from "../throughput.mjs";
import { readThroughBlock } from "./read-through.mjs";

export const workload = throughput({
  id: "hit-refresh",
  title: "Memory hit, awaited, with a refresh function: `get(key, refresh)`",
  limit: "`await` of an async function returning `lruCache.get(key)`",
  target: 0.9,
  needs: [],
  block: (contender) => readThroughBlock(contender, undefined),
});
