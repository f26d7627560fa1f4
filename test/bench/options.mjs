// The command line.

import { parseArgs } from "node:util";
import { contenderIds, CONTROL, LIMIT, OURS } from "./contenders/index.mjs";
import { FULL_PACE, QUICK_PACE } from "./settings.mjs";
import { workloadIds } from "./workloads/index.mjs";

const always = [LIMIT, CONTROL, OURS];
const rivals = () => contenderIds().filter((id) => !always.includes(id));

export const USAGE = `npm start -- [--only hit,stale] [--against bentocache,cacheable] [--quick] [--json result.json]

  --only      these workloads: ${workloadIds().join(", ")}
  --against   freshtier beside these only: ${rivals().join(", ")}; "none" for the limit alone
  --quick     a short run that shows that everything works; its numbers mean little
  --json      also write everything measured to this file`;

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      against: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    workloads: chosen("only", values.only, workloadIds()),
    contenders: againstWhom(values.against),
    pace: values.quick ? QUICK_PACE : FULL_PACE,
    quick: values.quick,
    json: values.json,
    help: values.help,
  };
}

function againstWhom(list) {
  const wanted = list === "none" ? [] : chosen("against", list, rivals());
  return contenderIds().filter((id) => always.includes(id) || wanted.includes(id));
}

function chosen(option, list, known) {
  if (list === undefined) return known;
  const wanted = list.split(",");
  const unknown = wanted.filter((id) => !known.includes(id));
  if (unknown.length > 0)
    throw new Error(`--${option} must name some of ${known.join(", ")}, got ${unknown.join(", ")}`);
  return known.filter((id) => wanted.includes(id));
}
