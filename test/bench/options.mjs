// The command line.

import { parseArgs } from "node:util";
import { contenderIds, CONTROL, GROUPS, limitOf, OURS } from "./contenders/index.mjs";
import { FULL_PACE, QUICK_PACE } from "./settings.mjs";
import { groupOf, workloadIds } from "./workloads/index.mjs";

const isAlways = (group, id) => [limitOf(group), CONTROL, OURS].includes(id);
const rivals = () => [...new Set(GROUPS.flatMap((group) => contenderIds(group).filter((id) => !isAlways(group, id))))];

export const USAGE = `npm start -- [--group redis] [--only hit,stale] [--against bentocache,cacheable] [--quick] [--json result.json]

  --group     the rows of ${GROUPS.join(" or ")} only
  --only      these workloads: ${workloadIds().join(", ")}
  --against   freshtier beside these only: ${rivals().join(", ")}; "none" for the limit alone
  --quick     a short run that shows that everything works; its numbers mean little
  --json      also write everything measured to this file

The Redis rows start a server of their own: FRESHTIER_REDIS_SERVER, or the first redis-server or valkey-server found.`;

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      group: { type: "string" },
      only: { type: "string" },
      against: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const groups = chosen("group", values.group, GROUPS);
  const wanted = values.against === "none" ? [] : chosen("against", values.against, rivals());
  return {
    workloads: chosen("only", values.only, workloadIds()).filter((id) => groups.includes(groupOf(id))),
    contendersOf: (group) => contenderIds(group).filter((id) => isAlways(group, id) || wanted.includes(id)),
    pace: values.quick ? QUICK_PACE : FULL_PACE,
    quick: values.quick,
    json: values.json,
    help: values.help,
  };
}

function chosen(option, list, known) {
  if (list === undefined) return known;
  const wanted = list.split(",");
  const unknown = wanted.filter((id) => !known.includes(id));
  if (unknown.length > 0)
    throw new Error(`--${option} must name some of ${known.join(", ")}, got ${unknown.join(", ")}`);
  return known.filter((id) => wanted.includes(id));
}
