// Options of the Redis tier after one validation: frozen and complete.

import { badInput } from "../errors.ts";
import type { BreakerSettings } from "../model/breaker.ts";
import { resolveBreaker } from "../model/breaker-options.ts";
import { checkBoolean, checkObject } from "../model/check.ts";
import { durationOr, positiveOr, type Milliseconds } from "../model/duration.ts";
import { PAYLOAD_NAMES, resolvePayload, type PayloadSettings } from "../model/payload-options.ts";
import type { RedisTierOptions } from "./options.ts";
import { checkPrefix, checkText, resolveTarget, TARGET_OPTIONS, type RedisTarget } from "./target.ts";

/** Defaults of the Redis tier; those of its target are beside it. */
export const REDIS_DEFAULTS = {
  name: "redis",
  enabled: true,
  maxAge: "forever",
  timeout: 100,
  connectTimeout: 5_000,
  keyPrefix: "",
  bus: true,
  tracking: false,
  divergenceLimit: 2_000,
  breaker: true,
} as const;

/** Settings of an open Redis tier. */
export interface RedisSettings {
  readonly name: string;
  readonly enabled: boolean;
  readonly maxAgeMs: Milliseconds;
  readonly timeoutMs: Milliseconds;
  readonly connectTimeoutMs: Milliseconds;
  readonly keyPrefix: string;
  readonly bus: boolean;
  readonly tracking: boolean;
  readonly divergenceLimitMs: Milliseconds;
  readonly breaker: boolean | BreakerSettings;
  readonly payload: PayloadSettings;
  readonly target: RedisTarget;
}

const KNOWN = [
  ...TARGET_OPTIONS,
  ...PAYLOAD_NAMES,
  ...(["name", "enabled", "maxAge", "timeout", "connectTimeout", "keyPrefix", "bus", "tracking"] as const),
  ...(["divergenceLimit", "breaker"] as const),
];

/** Checks options of `redisTier`. @throws CacheError `invalid_option` */
export function resolveRedisOptions(options: RedisTierOptions, field: string): RedisSettings {
  checkObject<RedisTierOptions>(options, KNOWN, field);
  const defaults = REDIS_DEFAULTS;
  return Object.freeze({
    name: checkText(options.name ?? defaults.name, `${field}.name`),
    enabled: checkBoolean(options.enabled, defaults.enabled, `${field}.enabled`),
    maxAgeMs: durationOr(options.maxAge, Infinity, `${field}.maxAge`),
    timeoutMs: positiveOr(options.timeout, defaults.timeout, `${field}.timeout`),
    connectTimeoutMs: positiveOr(options.connectTimeout, defaults.connectTimeout, `${field}.connectTimeout`),
    keyPrefix: checkPrefix(options.keyPrefix ?? defaults.keyPrefix, `${field}.keyPrefix`),
    bus: checkBoolean(options.bus, defaults.bus, `${field}.bus`),
    tracking: checkTracking(options, field),
    divergenceLimitMs: positiveOr(options.divergenceLimit, defaults.divergenceLimit, `${field}.divergenceLimit`),
    breaker: resolveBreaker(options.breaker, defaults.breaker, `${field}.breaker`),
    payload: resolvePayload(options, field),
    target: Object.freeze(resolveTarget(options, field)),
  });
}

/** What tracking says comes to a process by its bus. */
function checkTracking({ tracking, bus }: RedisTierOptions, field: string): boolean {
  const isWanted = checkBoolean(tracking, REDIS_DEFAULTS.tracking, `${field}.tracking`);
  if (isWanted && bus === false) {
    throw badInput("invalid_option", `${field}.tracking`, "false when bus is false", tracking);
  }
  return isWanted;
}
