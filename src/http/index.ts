// The entry point `freshtier/http`.

export { cachedHandler, type RequestHandler } from "./cached-handler.ts";
export { cachedFetch } from "./full/cached-fetch.ts";
export { cachedRoute, type CachedRoute } from "./node/cached-route.ts";
export type { NodeHandler } from "./node/incoming.ts";
export type { Next } from "./node/run.ts";
export type { Fetch } from "./full/exchange.ts";
export type { CachedFetchOptions } from "./full/options.ts";

export type { CachedHandlerOptions, CachedRouteOptions } from "./options.ts";
export { currentAgeMs } from "./policy/age.ts";
export { formatCacheStatus, withCacheStatus, type CacheStatus, type ForwardReason } from "./policy/cache-status.ts";
export { combineParts, missingRange, type Part } from "./policy/combine.ts";
export type { ByteRange } from "./policy/content-range.ts";
export { freshnessLifetime, remainingMs, type Lifetime, type LifetimeSource } from "./policy/freshness.ts";
export { invalidatedUris, isSafe } from "./policy/invalidation.ts";
export {
  fieldsOf,
  type FieldLine,
  type FieldList,
  type Fields,
  type FieldSource,
  type ReceivedResponse,
  type RequestHead,
  type ResponseHead,
} from "./policy/message.ts";
export { notModifiedFields } from "./policy/not-modified.ts";
export { evaluatePreconditions, type Verdict } from "./policy/preconditions.ts";
export { partFields, selectFromPart, selectRange, unsatisfiableFields, type RangeSelection } from "./policy/range.ts";
export { requestControl, type RequestControl } from "./policy/request-control.ts";
export { responseControl, type ResponseControl } from "./policy/response-control.ts";
export { decideReuse, mayReuseOnError, type Reuse, type StoredResponse } from "./policy/reuse.ts";
export {
  resolvePolicy,
  type PolicyMode,
  type PolicyOptions,
  type PolicySettings,
  type SetCookieRule,
} from "./policy/settings.ts";
export { staleWindows, type StaleWindows } from "./policy/stale.ts";
export { isFailure } from "./policy/status.ts";
export { endToEndFields, reusedFields, storedFields } from "./policy/stored-fields.ts";
export { refusalToStore, type StoreRefusal } from "./policy/storing.ts";
export { effectOfHead, updated, type HeadEffect } from "./policy/update.ts";
export { selectedBy, validationRequest } from "./policy/validation.ts";
export { selectionOf, variantKey, varyNames, type Selection, type VaryNames } from "./policy/vary.ts";
