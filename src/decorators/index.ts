// Entry point `freshtier/decorators`.

export { Cached } from "./cached.ts";
export { CachedSync } from "./cached-sync.ts";
export type { CachedOptions } from "./cached-call.ts";
export { Invalidates, type InvalidatesOptions, type InvalidationTarget } from "./invalidates.ts";
export type {
  AsyncMethod,
  AsyncMethodDecorator,
  DecoratorCache,
  DecoratorOptions,
  KeyFunction,
  KeySource,
  SyncMethod,
  SyncMethodDecorator,
} from "./types.ts";
