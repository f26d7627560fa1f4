// What can be said when a cache is made from the environment.

import type { CacheOptions } from "../options.ts";

/** Options of `cacheFromEnv`. */
export interface EnvironmentOptions {
  /** In front of the names of all variables: letters, digits and `_`. Default `"CACHE_"`. */
  readonly prefix?: string | undefined;
  /** The variables. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Options of the cache where the environment says nothing, and those for which there is no variable, such as
   * `validate`. The environment alone says which tiers there are.
   */
  readonly defaults?: Omit<CacheOptions<never>, "tiers"> | undefined;
}
