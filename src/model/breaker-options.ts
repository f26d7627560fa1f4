// The breaker of a tier as users say it, and its checks.

import { badInput } from "../errors.ts";
import { BREAKER_DEFAULTS, type BreakerSettings } from "./breaker.ts";
import { checkInteger, checkObject } from "./check.ts";
import { positiveOr, type Duration } from "./duration.ts";

/** When a tier that keeps failing is left alone, and for how long. */
export interface BreakerOptions {
  /**
   * Opens after so many failures in a row; or when half of the calls of the last ten seconds have failed, of which there
   * must be 20, or as many as this is, if that is more. Default 5.
   */
  readonly failures?: number | undefined;
  /** How long the tier is then not asked: chance makes it 75 % to 125 % of this. Default 30 s. */
  readonly openFor?: Duration | undefined;
}

/**
 * What a plan says of its breaker: `true` and `false` are that, options become settings.
 * @throws CacheError `invalid_option`
 */
export function resolveBreaker(given: unknown, fallback: boolean, field: string): boolean | BreakerSettings {
  if (given === undefined) return fallback;
  if (typeof given === "boolean") return given;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw badInput("invalid_option", field, "true, false or an object with failures and openFor", given);
  }
  checkObject<BreakerOptions>(given, ["failures", "openFor"], field);
  const defaults = BREAKER_DEFAULTS;
  const failures = checkInteger(given.failures, 1, defaults.failures, `${field}.failures`);
  const openMs = positiveOr(given.openFor, defaults.openMs, `${field}.openFor`);
  // For ever is not a while: what nobody asks is never seen to be back.
  if (openMs === Infinity) throw badInput("invalid_option", `${field}.openFor`, "a duration that ends", given.openFor);
  // Who wants more failures than the rate needs calls means that fewer must not open it.
  return Object.freeze({ ...defaults, failures, openMs, rateMinimum: Math.max(defaults.rateMinimum, failures) });
}

/** The settings of a breaker; `undefined` where there is to be none. */
export function breakerSettings(planned: boolean | BreakerSettings): BreakerSettings | undefined {
  if (planned === true) return BREAKER_DEFAULTS;
  return planned === false ? undefined : planned;
}
