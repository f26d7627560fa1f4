// What a run of the model test is made of: plain data, so that a failure prints the whole story.

export const KEYS = ["a", "b", "c"] as const;
export const NAMESPACES = [undefined, "n", "m"] as const;
export const TAGS = ["red", "blue"] as const;

/** A key and its namespace. */
export interface Id {
  readonly key: string;
  readonly namespace: string | undefined;
}

/** Every id there is. */
export const IDS: readonly Id[] = NAMESPACES.flatMap((namespace) => KEYS.map((key) => ({ key, namespace })));

/** An id as one word. */
export function textOf({ key, namespace }: Id): string {
  return `${namespace ?? ""}/${key}`;
}

/** The ids of some keys of one namespace. */
export function idsOf({
  keys,
  namespace,
}: {
  readonly keys: readonly string[];
  readonly namespace: string | undefined;
}): Id[] {
  return keys.map((key) => ({ key, namespace }));
}

/** Glob patterns for `deleteMatching`, and which of the keys they match. */
export const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  "*": ["a", "b", "c"],
  "[ab]": ["a", "b"],
  "[^a]": ["b", "c"],
  c: ["c"],
  "a?": [],
};

/** How the cache of a run is set up. Times in milliseconds. */
export interface Setup {
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  readonly backgroundRefresh: boolean;
  readonly refreshConcurrency: number;
}

export const TTL = 1_000;
export const REFRESH_TIMEOUT = 3_000;
export const START = 1_000_000;

/** Options of one call. */
export interface CallOptions {
  readonly tags: readonly string[];
  readonly ttl: number | undefined;
  readonly forceRefresh: boolean;
}

/** How a refresh ends. In a batch, `undefined` leaves out every other key, and `skip` and `notModified` give values. */
export interface Ending {
  readonly kind: "value" | "null" | "undefined" | "skip" | "notModified" | "fails";
  /** Tags named by the refresh itself, just before it ends. */
  readonly lateTags: readonly string[];
  /** Its word on the `ttl` of the result. */
  readonly ttl: number | undefined;
}

/** What a refresh does when it is called: ends at once, or hangs until a later command settles it. */
export type Script = "hangs" | Ending;

interface OfKeys {
  readonly namespace: string | undefined;
  readonly keys: readonly string[];
}

/** One step of a run. `nth` picks one of the refreshes that hang. */
export type Command =
  | { readonly do: "peek" | "peekSync" | "delete" | "markStale"; readonly id: Id }
  | { readonly do: "get"; readonly id: Id; readonly options: CallOptions; readonly script: Script }
  | ({ readonly do: "peekMany" | "deleteMany" } & OfKeys)
  | ({ readonly do: "getMany"; readonly options: CallOptions; readonly script: Script } & OfKeys)
  | { readonly do: "set"; readonly id: Id; readonly options: CallOptions }
  | ({ readonly do: "setMany"; readonly options: CallOptions } & OfKeys)
  | { readonly do: "nameTags"; readonly nth: number; readonly tags: readonly string[] }
  | { readonly do: "settle"; readonly nth: number; readonly ending: Ending }
  | { readonly do: "deleteMatching"; readonly namespace: string | undefined; readonly pattern: string }
  | { readonly do: "invalidateTags" | "markTagsStale"; readonly tags: readonly string[] }
  | { readonly do: "clearNamespace" | "markNamespaceStale"; readonly namespace: string | undefined }
  | { readonly do: "clear" | "cleanupExpired" }
  | { readonly do: "advance"; readonly ms: number };
