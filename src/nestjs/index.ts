// Entry point `freshtier/nestjs`.

export {
  Cached,
  CachedSync,
  type InjectedCachedOptions,
  type InjectedCacheOption,
  type InjectedInvalidatesOptions,
  Invalidates,
} from "./decorators.ts";
export { CachedRoute } from "./http/cached-route.ts";
export type { InjectedCachedRouteOptions } from "./http/route-options.ts";
export { CacheHealthIndicator, type CacheHealthReport, type CacheHealthResult } from "./health.ts";
export { bindCache } from "./injected-cache.ts";
export { TieredCacheModule } from "./module.ts";
export type {
  CacheOptionsFactory,
  CacheOrOptions,
  CacheRegistrationOptions,
  ExistingCacheOptions,
  NewCacheOptions,
  TieredCacheModuleAsyncOptions,
  TieredCacheModuleOptions,
} from "./options.ts";
export { type CacheToken, getCacheToken, InjectCache } from "./token.ts";
