// The package's main entry point.

export { TieredCacheManager } from "./manager.ts";
export { CacheNamespace } from "./namespace.ts";
export { cacheRegistry, type CacheRegistry } from "./registry.ts";
export { CacheError, type CacheErrorCode, type CacheErrorDetails } from "./errors.ts";
export { DEFAULTS } from "./options.ts";
export type { CacheOptions, CloseOptions, NamespaceOptions, Validator } from "./options.ts";
export { memoryTier, type Isolation, type MemoryTierConfig, type MemoryTierOptions } from "./memory/options.ts";
export type {
  GetOptions,
  KeysOptions,
  LifetimeOptions,
  NamespaceOption,
  PeekOptions,
  RefreshOptions,
  SetOptions,
  TierUse,
} from "./model/call-options.ts";
export type { Duration, Instant, Milliseconds } from "./model/duration.ts";
export type { CacheEvent, CacheEventOf, CacheEventType, NotStoredReason } from "./model/event.ts";
export type { BatchContext, BatchRefresh, BatchResult, Refresh, RefreshContext, Skip } from "./model/refresh.ts";
export type { CacheListener } from "./observe/events.ts";
export type { CacheStats, TierStats } from "./observe/stats.ts";
export type { EntryView } from "./engine/inspect.ts";
export type { CacheHealth, DeleteManyResult, DeleteResult, HealthStatus, MutationResult } from "./results.ts";
export type { Wrapped, WrapOptions } from "./wrap.ts";
export type { Cancel, Clock } from "./contracts/clock.ts";
export type { StandardResult, StandardSchema } from "./contracts/standard-schema.ts";
