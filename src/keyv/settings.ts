// Options of the Keyv tier after one validation: frozen and complete.

import { badInput } from "../errors.ts";
import type { BreakerSettings } from "../model/breaker.ts";
import { resolveBreaker } from "../model/breaker-options.ts";
import { checkBoolean, checkObject } from "../model/check.ts";
import { durationOr, positiveOr, type Milliseconds } from "../model/duration.ts";
import { PAYLOAD_NAMES, resolvePayload, type PayloadSettings } from "../model/payload-options.ts";
import type { KeyvTierOptions } from "./options.ts";
import { resolveStorage, type ResolvedStorage } from "./storage.ts";

/** Defaults of the Keyv tier. */
const KEYV_DEFAULTS = {
  name: "keyv",
  enabled: true,
  maxAge: "forever",
  timeout: 100,
  keyPrefix: "",
  breaker: true,
  closeStore: false,
} as const;

/** Settings of an open Keyv tier. */
export interface KeyvSettings {
  readonly store: ResolvedStorage;
  readonly name: string;
  readonly enabled: boolean;
  readonly maxAgeMs: Milliseconds;
  readonly timeoutMs: Milliseconds;
  readonly keyPrefix: string;
  readonly breaker: boolean | BreakerSettings;
  readonly closeStore: boolean;
  readonly payload: PayloadSettings;
}

const KNOWN = [
  ...PAYLOAD_NAMES,
  ...(["store", "name", "enabled", "maxAge", "timeout", "keyPrefix", "breaker", "closeStore"] as const),
];

/** Checks options of `keyvTier`. @throws CacheError `invalid_option` */
export function resolveKeyvOptions(options: KeyvTierOptions, field: string): KeyvSettings {
  checkObject<KeyvTierOptions>(options, KNOWN, field);
  const defaults = KEYV_DEFAULTS;
  const { name = defaults.name, keyPrefix = defaults.keyPrefix } = options;
  if (typeof name !== "string" || name === "") {
    throw badInput("invalid_option", `${field}.name`, "a non-empty string", name);
  }
  if (typeof keyPrefix !== "string" || !keyPrefix.isWellFormed()) {
    throw badInput("invalid_option", `${field}.keyPrefix`, "a string of well-formed Unicode", keyPrefix);
  }
  return Object.freeze({
    store: resolveStorage(options.store, `${field}.store`),
    name,
    enabled: checkBoolean(options.enabled, defaults.enabled, `${field}.enabled`),
    maxAgeMs: durationOr(options.maxAge, Infinity, `${field}.maxAge`),
    timeoutMs: positiveOr(options.timeout, defaults.timeout, `${field}.timeout`),
    keyPrefix,
    breaker: resolveBreaker(options.breaker, defaults.breaker, `${field}.breaker`),
    closeStore: checkBoolean(options.closeStore, defaults.closeStore, `${field}.closeStore`),
    payload: resolvePayload(options, field),
  });
}
