// What spans and metrics are called: names of OpenTelemetry where it has one, names of our own otherwise. They are part of the API.

/** The instrumentation scope. A test compares the version with the package's. */
export const SCOPE: { readonly name: string; readonly version: string } = { name: "freshtier", version: "0.1.0" };

/** Attributes of spans, metrics or both. */
export const ATTRIBUTES = {
  /** The name of the cache. */
  cache: "freshtier.cache",
  /** The label of a tier. */
  tier: "freshtier.tier",
  /** Absent where a key has none. */
  namespace: "freshtier.namespace",
  /** Only with `keys: true`, as the next two. */
  key: "freshtier.key",
  keys: "freshtier.keys",
  tag: "freshtier.tag",
  /** What an invalidation is about: `all`, `namespace` or `tag`. */
  target: "freshtier.target",
  /** `foreground`, `background` or `sync`. */
  refreshKind: "freshtier.refresh.kind",
  /** How many keys one refresh is for. */
  batchSize: "freshtier.batch.size",
  /** What something came to. */
  outcome: "freshtier.outcome",
  /** `fresh`, `stale` or `rescue`. */
  state: "freshtier.entry.state",
  /** Why a refresh was not begun. */
  reason: "freshtier.reason",
  /** `closed`, `open` or `half_open`. */
  breakerState: "freshtier.breaker.state",
  /** Which percentile: `0.5`, `0.95` or `0.99`. */
  quantile: "freshtier.quantile",
  // Semantic conventions, stable ones.
  dbSystem: "db.system.name",
  dbOperation: "db.operation.name",
  serverAddress: "server.address",
  serverPort: "server.port",
  errorType: "error.type",
} as const;
