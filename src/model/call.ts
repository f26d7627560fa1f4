// Settings of one call: its options over those of its cache, checked, and complete from there on.

import { badInput } from "../errors.ts";
import type { GetOptions, LifetimeOptions, RefreshOptions, TierUse } from "./call-options.ts";
import { checkBoolean, checkFunction, checkNumber, checkObject } from "./check.ts";
import { durationOr, parseDuration, positiveOr, type Duration, type Milliseconds } from "./duration.ts";
import { checkName, checkNames } from "./key.ts";

/** What one call makes of one tier. */
export interface TierSettings {
  readonly use: boolean;
  /** Bound for the age of what is read from it or written to it. */
  readonly maxAgeMs: Milliseconds;
}

/** Everything that one call of a verb may decide. */
export interface CallSettings {
  /** Most bytes of a key, namespace or tag. */
  readonly maxNameBytes: number;
  readonly namespace: string | undefined;
  /** Milliseconds, or a function of the value whose answer is not checked yet. */
  readonly ttl: Milliseconds | ((value: never) => Duration);
  readonly staleWhileRevalidateMs: Milliseconds;
  readonly staleIfErrorMs: Milliseconds;
  readonly jitter: number;
  readonly negativeTtlMs: Milliseconds | undefined;
  readonly isNegative: (value: never) => boolean;
  /** An entry of this age or older is not used. */
  readonly maxAgeMs: Milliseconds;
  /** Use of the memory tier, and a bound for the age of its copies, read or written. */
  readonly memory: TierSettings;
  /** The same for the tier shared with other processes, with its name; `undefined` where there is none. */
  readonly shared: (TierSettings & { readonly name: string }) | undefined;
  /** The same for the tier that keeps copies of what that one holds. */
  readonly copies: (TierSettings & { readonly name: string }) | undefined;
  readonly tags: readonly string[];
  readonly backgroundRefresh: boolean;
  readonly softTimeoutMs: Milliseconds | undefined;
  readonly hardTimeoutMs: Milliseconds;
  readonly earlyRefresh: number;
  readonly signal: AbortSignal | undefined;
  readonly forceRefresh: boolean;
}

/** The age at which a call uses no more what a tier has, or what has come by way of it. */
export function maxAgeIn({ maxAgeMs }: CallSettings, tier: TierSettings | undefined): Milliseconds {
  return Math.min(maxAgeMs, tier?.maxAgeMs ?? Infinity);
}

/** Whether a stale value is given out at once, to be refreshed behind. */
export function refreshesBehind({ backgroundRefresh, softTimeoutMs }: CallSettings): boolean {
  return backgroundRefresh && softTimeoutMs === undefined;
}

/** Names of the options that decide lifetimes. */
const LIFETIME_NAMES: readonly (keyof LifetimeOptions)[] = [
  "ttl",
  "staleWhileRevalidate",
  "staleIfError",
  "jitter",
  "negativeTtl",
  "isNegative",
];

type DefaultableName = keyof LifetimeOptions | keyof RefreshOptions | "maxAge" | "namespace";

/** Names of the options of a call that a cache, too, may be given as defaults. */
export const DEFAULTABLE_NAMES: readonly DefaultableName[] = [
  ...LIFETIME_NAMES,
  "backgroundRefresh",
  "softTimeout",
  "hardTimeout",
  "earlyRefresh",
  "maxAge",
  "namespace",
];

/** Names of all options of a call. */
export const CALL_NAMES: readonly (keyof GetOptions)[] = [
  ...DEFAULTABLE_NAMES,
  "tags",
  "tiers",
  "signal",
  "forceRefresh",
];

/**
 * The options of a call over `base`. Verbs share one set of options: those that mean nothing to a verb change nothing.
 * @throws CacheError `invalid_option`, or `invalid_key` for a bad namespace or tag
 */
export function resolveCall(base: CallSettings, options: GetOptions<never>): CallSettings {
  checkObject<GetOptions>(options, CALL_NAMES, "options");
  return mergeCall(base, options, "options.");
}

/** The same for lifetimes alone, as a refresh may set them. */
export function resolveLifetimes(base: CallSettings, options: LifetimeOptions<never>): CallSettings {
  checkObject<LifetimeOptions>(options, LIFETIME_NAMES, "setOptions");
  return mergeCall(base, options, "setOptions.");
}

/** Merges options whose names have been checked. `path` goes in front of field names in messages. */
export function mergeCall(base: CallSettings, options: GetOptions<never>, path: string): CallSettings {
  const { maxNameBytes } = base;
  const { namespace, ttl, negativeTtl, tags, tiers, softTimeout, signal } = options;
  if (namespace !== undefined) checkName(namespace, `${path}namespace`, maxNameBytes);
  return {
    maxNameBytes,
    namespace: namespace ?? base.namespace,
    ttl: typeof ttl === "function" ? ttl : durationOr(ttl, base.ttl, `${path}ttl`),
    staleWhileRevalidateMs: durationOr(
      options.staleWhileRevalidate,
      base.staleWhileRevalidateMs,
      `${path}staleWhileRevalidate`,
    ),
    staleIfErrorMs: durationOr(options.staleIfError, base.staleIfErrorMs, `${path}staleIfError`),
    jitter: checkNumber(options.jitter, 1, base.jitter, `${path}jitter`),
    negativeTtlMs: negativeTtl === undefined ? base.negativeTtlMs : parseDuration(negativeTtl, `${path}negativeTtl`),
    isNegative: checkFunction(options.isNegative, base.isNegative, `${path}isNegative`),
    maxAgeMs: durationOr(options.maxAge, base.maxAgeMs, `${path}maxAge`),
    ...(tiers === undefined ? tiersOf(base) : resolveTiers(tiers, base, `${path}tiers`)),
    tags: tags === undefined ? base.tags : checkNames(tags, `${path}tags`, maxNameBytes),
    backgroundRefresh: checkBoolean(options.backgroundRefresh, base.backgroundRefresh, `${path}backgroundRefresh`),
    softTimeoutMs: softTimeout === undefined ? base.softTimeoutMs : parseDuration(softTimeout, `${path}softTimeout`),
    hardTimeoutMs: positiveOr(options.hardTimeout, base.hardTimeoutMs, `${path}hardTimeout`),
    earlyRefresh: checkNumber(options.earlyRefresh, Infinity, base.earlyRefresh, `${path}earlyRefresh`),
    signal: signal === undefined ? base.signal : checkSignal(signal, `${path}signal`),
    forceRefresh: checkBoolean(options.forceRefresh, base.forceRefresh, `${path}forceRefresh`),
  };
}

type TiersOfCall = Pick<CallSettings, "memory" | "shared" | "copies">;

function tiersOf({ memory, shared, copies }: CallSettings): TiersOfCall {
  return { memory, shared, copies };
}

function resolveTiers(tiers: TierUse, { memory, shared, copies }: CallSettings, field: string): TiersOfCall {
  const names = [shared, copies].flatMap((tier) => (tier === undefined ? [] : [tier.name]));
  checkObject<TierUse>(tiers, ["memory", ...names], field);
  const resolve = <T extends TierSettings>(name: string, base: T): T => {
    const use = tiers[name];
    return use === undefined ? base : { ...base, ...resolveTierUse(use, base, `${field}.${name}`) };
  };
  return {
    memory: resolve("memory", memory),
    shared: shared && resolve(shared.name, shared),
    copies: copies && resolve(copies.name, copies),
  };
}

/** A tier that the cache leaves out stays out. */
function resolveTierUse(use: TierUse[string], base: TierSettings, field: string): TierSettings {
  if (use === false) return { use: false, maxAgeMs: 0 };
  checkObject<{ maxAge: unknown }>(use, ["maxAge"], field);
  return { use: base.use, maxAgeMs: durationOr(use.maxAge, Infinity, `${field}.maxAge`) };
}

function checkSignal(signal: unknown, field: string): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  throw badInput("invalid_option", field, "an AbortSignal", signal);
}
