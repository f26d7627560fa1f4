// The names of epochs in tiers whose keys are text.

import type { EpochName } from "../contracts/authority.ts";
import { escapeName } from "./key.ts";

/**
 * What the key of an epoch ends with, behind the root. The braces keep tag `r` of one cache apart from the root of another
 * whose version is called `t`.
 */
export function epochSuffix(name: EpochName): string {
  if (name.kind === "root") return ":r";
  return `:${name.kind === "tag" ? "t" : "n"}:{${escapeName(name.name ?? "")}}`;
}
