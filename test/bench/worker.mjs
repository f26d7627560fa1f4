// A contender's own process: loads one contender and one workload, and does what it is told.
//
// One process per contender and workload, because in a shared one the contenders would decide about each other:
// four of them use lru-cache, whose inline caches would turn megamorphic, and all of them would share one heap and
// one collector. Applications use one cache, not nine. The parent still interleaves the contenders: it asks one
// after the other for a short round, so that whatever else happens on the machine hits all of them alike.

import { loadContender } from "./contenders/index.mjs";
import { loadWorkload } from "./workloads/index.mjs";

const [contenderId, workloadId, place] = process.argv.slice(2);

const workload = await loadWorkload(workloadId);
const contender = await loadContender(workload.group, contenderId);
const steps = workload.prepare(contender, place);

process.on("message", async ({ step, args }) => {
  try {
    process.send({ result: await (await steps)[step](...args) });
  } catch (error) {
    process.send({ error: error?.stack ?? String(error) });
  }
});
process.on("disconnect", () => process.exit());
