// What an environment comes to, for tests: the settings of the cache, and of its second tier.

import { readOptions } from "../../src/environment/cache-options.ts";
import type { EnvironmentOptions } from "../../src/index.ts";
import { DEFAULT_PAYLOAD } from "../../src/model/payload-options.ts";
import { resolveRedisOptions } from "../../src/redis/settings.ts";
import { resolveCache } from "../../src/settings.ts";
import { resolveSqliteOptions } from "../../src/sqlite/settings.ts";

/** Variables of an environment. */
export type Env = Readonly<Record<string, string>>;

/** The settings of the cache with memory alone, and those of its second tier, if there is one. */
export async function effective(env: Env, more: Omit<EnvironmentOptions, "env"> = {}): Promise<Effective> {
  const { tiers = [], ...options } = await readOptions({ env, ...more });
  const [memory, second] = tiers;
  if (memory === undefined) throw new Error("the memory tier is always named");
  const given = second !== undefined && "options" in second ? (second.options as object) : {};
  const resolve = second?.kind === "sqlite" ? resolveSqliteOptions : resolveRedisOptions;
  return {
    cache: resolveCache({ ...options, tiers: [memory] }),
    codec: options.codec ?? DEFAULT_PAYLOAD.codec,
    kind: second?.kind,
    second: second && resolve(given, "tier"),
  };
}

interface Effective {
  readonly cache: object;
  readonly codec: unknown;
  readonly kind: string | undefined;
  readonly second: object | undefined;
}
