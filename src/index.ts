// The package's main entry point.

export { TieredCacheManager } from "./manager.ts";
export { healthEndpoint, type HealthEndpoint, type HealthEndpointOptions } from "./health-endpoint.ts";
export { CacheNamespace } from "./namespace.ts";
export { cacheFromEnv } from "./environment.ts";
export type { EnvironmentOptions } from "./environment/options.ts";
export { createCaches, type Caches } from "./caches.ts";
export { cacheRegistry, type CacheRegistry } from "./registry.ts";
export { CacheError, type CacheErrorCode, type CacheErrorDetails } from "./errors.ts";
export { DEFAULTS } from "./options.ts";
export type { CacheOptions, CloseOptions, NamespaceOptions, TierConfig, Validator } from "./options.ts";
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
export type { FunctionOptions, ResultLifetimes } from "./model/function-options.ts";
export type { Duration, Instant, Milliseconds } from "./model/duration.ts";
export type {
  CacheEvent,
  CacheEventOf,
  CacheEventType,
  FrameDamage,
  NotStoredReason,
  Verified,
} from "./model/event.ts";
export type {
  BatchContext,
  BatchRefresh,
  BatchResult,
  Refresh,
  RefreshContext,
  Skip,
  SyncRefresh,
} from "./model/refresh.ts";
export type { CacheEventMessage } from "./observe/channels.ts";
export type { CacheListener } from "./observe/events.ts";
export type { Logger, LogLevel, LogMethod } from "./model/log.ts";
export type {
  BusStats,
  CacheStats,
  HitStats,
  LatencyBucket,
  LatencyStats,
  LeaseStats,
  MemoryTierStats,
  NamespaceStats,
  RefreshStats,
  SharedTierStats,
  TierStats,
  TierStatsByName,
} from "./model/stats.ts";
export type { EntryView } from "./engine/inspect.ts";
export type { CacheHealth, HealthOptions, HealthStatus, HealthWarnings, TierHealth } from "./model/health.ts";
export type {
  BackoffExplanation,
  BreakerExplanation,
  BusExplanation,
  EntryExplanation,
  EpochExplanation,
  KeyExplanation,
  LeaseExplanation,
  Outlook,
  PayloadExplanation,
  Presence,
  RunningRefresh,
  TierExplanation,
} from "./model/explanation.ts";
export type { DeleteManyResult, DeleteResult, MutationResult } from "./results.ts";
export type { Wrapped, WrappedSync, WrapOptions } from "./wrap.ts";
export type { Cancel, Clock } from "./contracts/clock.ts";
export type {
  Acquired,
  Authority,
  DatedEpoch,
  EpochName,
  Inspected,
  ReadReply,
  SharedEpoch,
  Written,
} from "./contracts/authority.ts";
export type { Codec, CompressionCodec, ExtensibleCodec, Extension, ExtensionClass } from "./contracts/codec.ts";
export type { BuiltInCodec, CodecOption, PayloadOptions, PayloadSettings } from "./model/payload-options.ts";
export type { BuiltInCompression, CompressionOptions, CompressionSettings } from "./model/compression-options.ts";
export type { EncryptionKey, EncryptionOptions, EncryptionSettings } from "./model/encryption-options.ts";
export type { Bus, BusGap, BusMessage, BusReceiver } from "./contracts/bus.ts";
export type { FrameLayout } from "./contracts/frame.ts";
export type { RemoteTier, RemoteTierConfig, RemoteTierContext, RemoteTierPlan, TierUsage } from "./contracts/remote.ts";
export type { Tier } from "./contracts/tier.ts";
export type {
  TracedKey,
  TracedQuestion,
  TracedRefresh,
  TraceFailure,
  Tracer,
  TraceSpan,
  Tracing,
} from "./contracts/tracer.ts";
export type { Spans } from "./model/policy.ts";
export type { BreakerSettings, BreakerState } from "./model/breaker.ts";
export type { BreakerOptions } from "./model/breaker-options.ts";
export type { StandardResult, StandardSchema } from "./contracts/standard-schema.ts";
