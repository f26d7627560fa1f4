// A memory hit, awaited, with a refresh function, on an entry with a tag: get(key, refresh, { tags }).

import { TAG } from "../settings.mjs";
import { throughput } from "../throughput.mjs";
import { readThroughBlock } from "./read-through.mjs";

export const workload = throughput({
  id: "hit-tag",
  title: "Memory hit, awaited, with a refresh function and a tag: `get(key, refresh, { tags })`",
  limit: "`await` of an async function returning `lruCache.get(key)`",
  target: 0.85,
  needs: ["tags"],
  block: (contender) => readThroughBlock(contender, TAG),
});
