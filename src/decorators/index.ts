// Entry point `freshtier/decorators`.

export { CacheDefaults, type CacheDefaultsDecorator } from "./cache-defaults.ts";
export { cacheOf, type CacheHandle, type HandleOf, type MethodNames, type SyncCacheHandle } from "./cache-of.ts";
export { Cached } from "./cached.ts";
export { cachedMethods, type CachedMethodInfo } from "./cached-methods.ts";
export { CachedSync } from "./cached-sync.ts";
export { type BoundDecorators, createDecorators } from "./create-decorators.ts";
export { Invalidates } from "./invalidates.ts";
export { KeyIgnore, KeyParam, type KeyParameterDecorator } from "./parameter-marks.ts";
export type { CachedDecorator, CachedSyncDecorator, InvalidatesDecorator } from "./method-types.ts";
export type {
  AnyMethod,
  CacheDefaultsOptions,
  CachedOptions,
  CacheOfSelf,
  CacheSource,
  DecoratorCache,
  DecoratorOptions,
  InvalidatesOptions,
  InvalidationTarget,
  KeyFunction,
  KeySource,
} from "./types.ts";
export { wrap, type FunctionWrapOptions } from "./wrap.ts";
