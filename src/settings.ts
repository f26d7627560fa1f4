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
import type { RemoteTierConfig, RemoteTierPlan, TierScope } from "./contracts/remote.ts";
import type { Tracer, Tracing } from "./contracts/tracer.ts";
import type { EngineSettings } from "./engine/engine.ts";
import { memoryTier, type Isolation, type MemoryTierConfig, type MemoryTierOptions } from "./memory/options.ts";
import type { MemorySettings } from "./memory/memory-tier.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "./model/log.ts";
import { DEFAULTS, type CacheOptions, type TierConfig } from "./options.ts";

/** Everything a cache was told, and the defaults for the rest. */
export interface Settings extends EngineSettings {
  readonly name: string;
  readonly version: string | undefined;
  readonly cleanupIntervalMs: Milliseconds;
  readonly closeTimeoutMs: Milliseconds;
  readonly logger: Logger | undefined;
  readonly logLevel: LogLevel;
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
  "enableStats",
  "refreshConcurrency",
  "refreshQueue",
  "refreshTimeout",
  "cleanupInterval",
  "closeTimeout",
  "logger",
  "logLevel",
  "tracing",
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
  copies: undefined,
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
  const { memory, plans, isFirst } = resolveTiers(options);
  const [shared, copies] = byScope(plans.filter(({ enabled }) => enabled));
  const { payload = DEFAULT_PAYLOAD } = shared ?? {};
  const codec = checkCodec(options.codec, payload.codec, "codec");
  const call = {
    ...DEFAULT_CALL,
    maxNameBytes,
    memory: memory.enabled ? DEFAULT_CALL.memory : { use: false, maxAgeMs: 0 },
    shared: shared && { name: shared.name, use: true, maxAgeMs: Infinity },
    copies: copies && { name: copies.name, use: true, maxAgeMs: Infinity },
  };
  return Object.freeze({
    name,
    version,
    enabled: checkBoolean(options.enabled, DEFAULTS.enabled, "enabled") && (memory.enabled || shared !== undefined),
    memory,
    validate: resolveValidate(options.validate),
    trackAccess: checkBoolean(options.trackAccess, DEFAULTS.trackAccess, "trackAccess"),
    enableStats: checkBoolean(options.enableStats, DEFAULTS.enableStats, "enableStats"),
    refreshConcurrency: checkInteger(options.refreshConcurrency, 1, DEFAULTS.refreshConcurrency, "refreshConcurrency"),
    refreshQueue: checkInteger(options.refreshQueue, 0, DEFAULTS.refreshQueue, "refreshQueue"),
    refreshTimeoutMs: positiveOr(options.refreshTimeout, DEFAULTS.refreshTimeout, "refreshTimeout"),
    cleanupIntervalMs: positiveOr(options.cleanupInterval, Infinity, "cleanupInterval"),
    closeTimeoutMs: durationOr(options.closeTimeout, DEFAULTS.closeTimeout, "closeTimeout"),
    logger: resolveLogger(options.logger),
    logLevel: checkChoice(options.logLevel, LOG_LEVELS, DEFAULTS.logLevel, "logLevel"),
    tracer: resolveTracer(options.tracing, name),
    clock: resolveClock(options.clock),
    random: checkFunction(options.random, Math.random, "random"),
    call: Object.freeze(mergeCall(call, { ...options, tiers: undefined }, "")),
    shared: shared && { plan: shared, root: keyRoot(name, version), payload: { ...payload, codec } },
    copies: copies && {
      plan: copies,
      root: keyRoot(name, version),
      payload: {
        ...(copies.payload ?? DEFAULT_PAYLOAD),
        codec: checkCodec(options.codec, (copies.payload ?? DEFAULT_PAYLOAD).codec, "codec"),
      },
      isFirst: isFirst(copies, shared),
    },
    isMemoryFirst: isFirst("memory", shared),
  });
}

/** The tiers as they are named: at most one in memory, a shared one, and one with copies of what that holds. */
interface ResolvedTiers {
  readonly memory: MemorySettings;
  readonly plans: readonly RemoteTierPlan[];
  /** Whether a tier is named before another one. */
  readonly isFirst: (tier: RemoteTierPlan | "memory", other: RemoteTierPlan | undefined) => boolean;
}

function resolveTiers({ tiers = [memoryTier()], isolation }: CacheOptions<never>): ResolvedTiers {
  if (!Array.isArray(tiers) || tiers.length === 0) {
    throw badInput("invalid_option", "tiers", "an array with at least one tier", tiers);
  }
  const fallback = resolveIsolation(isolation, DEFAULTS.isolation, "isolation");
  const memories: MemorySettings[] = [];
  const order: (RemoteTierPlan | "memory")[] = [];
  for (const [index, tier] of (tiers as readonly (TierConfig | undefined)[]).entries()) {
    const field = `tiers[${index}]`;
    if (isMemory(tier)) {
      memories.push(resolveMemory(tier.options, field, fallback));
      order.push("memory");
    } else if (isRemote(tier)) order.push(tier.prepare(field));
    else throw badInput("invalid_option", field, "a tier, as memoryTier() makes it", tier);
  }
  if (memories.length > 1) {
    throw new CacheError("invalid_option", `tiers must hold one memory tier, got ${memories.length}`);
  }
  const plans = order.filter((tier) => tier !== "memory");
  const names = ["memory", ...plans.map(({ name }) => name)];
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) throw badInput("invalid_option", "tiers", "tiers of different names", name);
  }
  const memory = memories[0] ?? resolveMemory({ enabled: false, maxEntries: 1 }, "tiers", fallback);
  return {
    memory,
    plans,
    isFirst: (tier, other) => other === undefined || order.indexOf(tier) < order.indexOf(other),
  };
}

const SCOPES: readonly TierScope[] = ["anywhere", "host", "nobody"];

function scopeOf({ scope = "anywhere" }: RemoteTierPlan): number {
  return SCOPES.indexOf(scope);
}

/** The shared tier, and the one with copies. */
function byScope(plans: readonly RemoteTierPlan[]): readonly RemoteTierPlan[] {
  const sorted = plans.toSorted((a, b) => scopeOf(a) - scopeOf(b));
  const [shared, copies, ...more] = sorted;
  if (more.length > 0) {
    const names = plans.map(({ name }) => name).join(", ");
    throw new CacheError("invalid_option", `tiers must hold at most two tiers besides memory, got ${names}`);
  }
  if (shared !== undefined && copies !== undefined && scopeOf(shared) === scopeOf(copies)) {
    const names = `${shared.name} and ${copies.name}`;
    throw new CacheError(
      "invalid_option",
      `tiers must hold one shared tier, got ${names}, which are both for the same`,
    );
  }
  return sorted;
}

function isMemory(tier: TierConfig | undefined): tier is MemoryTierConfig {
  return tier?.kind === "memory" && "options" in tier;
}

function isRemote(tier: TierConfig | undefined): tier is RemoteTierConfig {
  return typeof (tier as Partial<RemoteTierConfig> | null | undefined)?.prepare === "function";
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

function resolveTracer(tracing: Tracing | undefined, name: string): Tracer | undefined {
  if (tracing === undefined) return undefined;
  if (typeof tracing?.open === "function") return tracing.open(name);
  throw badInput("invalid_option", "tracing", "what openTelemetryTracing() returns, an object with open()", tracing);
}

function resolveLogger(logger: Logger | undefined): Logger | undefined {
  const methods = ["debug", "info", "warn", "error"] as const;
  if (logger === undefined || methods.every((method) => typeof logger?.[method] === "function")) return logger;
  throw badInput("invalid_option", "logger", `an object with ${methods.map((name) => `${name}()`).join(", ")}`, logger);
}
