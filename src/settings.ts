// Settings of a cache: its options after one validation, frozen and complete, so that nothing below asks again.

import { badInput, CacheError } from "./errors.ts";
import { systemClock } from "./model/clock.ts";
import { DEFAULTABLE_NAMES, mergeCall, type CallSettings } from "./model/call.ts";
import { checkBoolean, checkChoice, checkFunction, checkInteger, checkObject } from "./model/check.ts";
import { durationOr, positiveOr, type Milliseconds } from "./model/duration.ts";
import { checkName, keyRoot } from "./model/key.ts";
import { checkCodec, DEFAULT_PAYLOAD } from "./model/payload-options.ts";
import { toValidate, type Validate } from "./model/validation.ts";
import type { Clock } from "./contracts/clock.ts";
import type { RemoteTierConfig, RemoteTierPlan } from "./contracts/remote.ts";
import type { EngineSettings } from "./engine/engine.ts";
import { memoryTier, type Isolation, type MemoryTierConfig, type MemoryTierOptions } from "./memory/options.ts";
import type { MemorySettings } from "./memory/memory-tier.ts";
import { DEFAULTS, type CacheOptions, type TierConfig } from "./options.ts";

/** Everything a cache was told, and the defaults for the rest. */
export interface Settings extends EngineSettings {
  readonly name: string;
  readonly version: string | undefined;
  readonly cleanupIntervalMs: Milliseconds;
  readonly closeTimeoutMs: Milliseconds;
}

const CACHE_NAMES: readonly (keyof CacheOptions)[] = [
  ...DEFAULTABLE_NAMES,
  "name",
  "version",
  "tiers",
  "enabled",
  "validate",
  "isolation",
  "codec",
  "maxKeyLength",
  "trackAccess",
  "refreshConcurrency",
  "refreshQueue",
  "refreshTimeout",
  "cleanupInterval",
  "closeTimeout",
  "clock",
  "random",
];

const MEMORY_NAMES: readonly (keyof MemoryTierOptions)[] = [
  "enabled",
  "maxEntries",
  "maxBytes",
  "sizeOf",
  "maxAge",
  "isolation",
];

const DEFAULT_CALL: CallSettings = Object.freeze({
  maxNameBytes: DEFAULTS.maxKeyLength,
  namespace: undefined,
  ttl: DEFAULTS.ttl,
  staleWhileRevalidateMs: DEFAULTS.staleWhileRevalidate,
  staleIfErrorMs: DEFAULTS.staleIfError,
  jitter: DEFAULTS.jitter,
  negativeTtlMs: undefined,
  isNegative: (value: unknown) => value === null,
  maxAgeMs: Infinity,
  memory: Object.freeze({ use: true, maxAgeMs: Infinity }),
  shared: undefined,
  tags: Object.freeze([]),
  backgroundRefresh: DEFAULTS.backgroundRefresh,
  softTimeoutMs: undefined,
  hardTimeoutMs: Infinity,
  earlyRefresh: DEFAULTS.earlyRefresh,
  signal: undefined,
  forceRefresh: false,
});

/** Checks the options of a cache. @throws CacheError `invalid_option`, or `invalid_key` for a bad name */
export function resolveCache(options: CacheOptions<never>): Settings {
  checkObject<CacheOptions>(options, CACHE_NAMES, "cache options");
  const maxNameBytes = checkInteger(options.maxKeyLength, 1, DEFAULTS.maxKeyLength, "maxKeyLength");
  const { name = DEFAULTS.name, version } = options;
  checkName(name, "name", DEFAULTS.maxKeyLength);
  if (version !== undefined) checkName(version, "version", DEFAULTS.maxKeyLength);
  const { memory, plan, isMemoryFirst } = resolveTiers(options);
  const shared = plan?.enabled === true ? plan : undefined;
  const { payload = DEFAULT_PAYLOAD } = shared ?? {};
  const codec = checkCodec(options.codec, payload.codec, "codec");
  const call = {
    ...DEFAULT_CALL,
    maxNameBytes,
    memory: memory.enabled ? DEFAULT_CALL.memory : { use: false, maxAgeMs: 0 },
    shared: shared && { name: shared.name, use: true, maxAgeMs: Infinity },
  };
  return Object.freeze({
    name,
    version,
    enabled: checkBoolean(options.enabled, DEFAULTS.enabled, "enabled") && (memory.enabled || shared !== undefined),
    memory,
    validate: resolveValidate(options.validate),
    trackAccess: checkBoolean(options.trackAccess, DEFAULTS.trackAccess, "trackAccess"),
    refreshConcurrency: checkInteger(options.refreshConcurrency, 1, DEFAULTS.refreshConcurrency, "refreshConcurrency"),
    refreshQueue: checkInteger(options.refreshQueue, 0, DEFAULTS.refreshQueue, "refreshQueue"),
    refreshTimeoutMs: positiveOr(options.refreshTimeout, DEFAULTS.refreshTimeout, "refreshTimeout"),
    cleanupIntervalMs: positiveOr(options.cleanupInterval, Infinity, "cleanupInterval"),
    closeTimeoutMs: durationOr(options.closeTimeout, DEFAULTS.closeTimeout, "closeTimeout"),
    clock: resolveClock(options.clock),
    random: checkFunction(options.random, Math.random, "random"),
    call: Object.freeze(mergeCall(call, { ...options, tiers: undefined }, "")),
    shared: shared && { plan: shared, root: keyRoot(name, version), payload: { ...payload, codec } },
    isMemoryFirst: isMemoryFirst || shared === undefined,
  });
}

/** Settings of the memory tier and of the shared one. There may be one of each; without the first, it is disabled. */
function resolveTiers({ tiers = [memoryTier()], isolation }: CacheOptions<never>): {
  readonly memory: MemorySettings;
  readonly plan: RemoteTierPlan | undefined;
  readonly isMemoryFirst: boolean;
} {
  if (!Array.isArray(tiers) || tiers.length === 0) {
    throw badInput("invalid_option", "tiers", "an array with at least one tier", tiers);
  }
  const fallback = resolveIsolation(isolation, DEFAULTS.isolation, "isolation");
  const memories: MemorySettings[] = [];
  const plans: RemoteTierPlan[] = [];
  for (const [index, tier] of (tiers as readonly (TierConfig | undefined)[]).entries()) {
    const field = `tiers[${index}]`;
    if (isMemory(tier)) memories.push(resolveMemory(tier.options, field, fallback));
    else if (isRemote(tier)) plans.push(tier.prepare(field));
    else throw badInput("invalid_option", field, "a tier, as memoryTier() makes it", tier);
  }
  assertOne("memory", memories);
  assertOne("shared", plans);
  const [plan] = plans;
  if (plan?.name === "memory")
    throw badInput("invalid_option", "name of a shared tier", 'another than "memory"', plan.name);
  const memory = memories[0] ?? resolveMemory({ enabled: false, maxEntries: 1 }, "tiers", fallback);
  return { memory, plan, isMemoryFirst: isMemory(tiers[0] as TierConfig) };
}

function isMemory(tier: TierConfig | undefined): tier is MemoryTierConfig {
  return tier?.kind === "memory" && "options" in tier;
}

function isRemote(tier: TierConfig | undefined): tier is RemoteTierConfig {
  return tier !== undefined && "prepare" in tier && typeof tier.prepare === "function";
}

function assertOne(what: string, all: readonly unknown[]): void {
  if (all.length > 1) throw new CacheError("invalid_option", `tiers must hold one ${what} tier, got ${all.length}`);
}

function resolveMemory(options: MemoryTierOptions, path: string, isolation: Isolation): MemorySettings {
  checkObject<MemoryTierOptions>(options, MEMORY_NAMES, path);
  const { maxBytes } = options;
  return Object.freeze({
    enabled: checkBoolean(options.enabled, true, `${path}.enabled`),
    maxEntries: checkInteger(options.maxEntries, 1, DEFAULTS.maxEntries, `${path}.maxEntries`),
    maxBytes: maxBytes === undefined ? undefined : checkInteger(maxBytes, 1, 1, `${path}.maxBytes`),
    sizeOf: checkFunction(options.sizeOf, undefined, `${path}.sizeOf`),
    maxAgeMs: positiveOr(options.maxAge, Infinity, `${path}.maxAge`),
    isolation: resolveIsolation(options.isolation, isolation, `${path}.isolation`),
  });
}

function resolveIsolation(value: unknown, fallback: Isolation, field: string): Isolation {
  return checkChoice(value, ["shared", "freeze", "clone"], fallback, field);
}

function resolveValidate(validator: CacheOptions["validate"]): Validate | undefined {
  if (validator === undefined) return undefined;
  const isSchema = typeof validator === "object" && validator !== null && "~standard" in validator;
  if (isSchema || typeof validator === "function") return toValidate(validator);
  throw badInput("invalid_option", "validate", "a function or a Standard Schema", validator);
}

function resolveClock(clock: Clock | undefined): Clock {
  if (clock === undefined) return systemClock;
  if (typeof clock?.now === "function" && typeof clock.schedule === "function") return clock;
  throw badInput("invalid_option", "clock", "an object with now() and schedule()", clock);
}
