// Options of the store, validated once.

import type { Clock } from "../contracts/clock.ts";
import { badInput, CacheError } from "../errors.ts";
import type { TieredCacheManager } from "../manager.ts";
import { checkFunction, checkInteger, checkObject } from "../model/check.ts";
import { systemClock } from "../model/clock.ts";
import { checkNames } from "../model/key.ts";
import { MAX_KEY_BYTES } from "./keys.ts";

/** Options of `tieredCacheStore`. */
export interface TieredCacheStoreOptions {
  /** Namespace of the cache that holds the responses: clearing it ends them all. Default `"undici"`. */
  readonly namespace?: string | undefined;
  /** Longest body that is stored, in bytes. A longer one reaches its caller and is not kept. Default 5 MiB. */
  readonly maxEntrySize?: number | undefined;
  /** Tags of all responses, or of those of a URL: `invalidateTags` ends them. Default: none. */
  readonly tags?: readonly string[] | ((url: string) => readonly string[]) | undefined;
  /** Is told of what the store has swallowed: it never fails a request. Default: nobody is. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** The clock of the cache, if it was given one. Default: the monotonic clock of the process, as for the cache. */
  readonly clock?: Clock | undefined;
}

/** The same, complete. */
export interface StoreSettings {
  readonly namespace: string;
  readonly maxEntrySize: number;
  readonly tagsOf: (url: string) => readonly string[];
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
}

const KNOWN = ["namespace", "maxEntrySize", "tags", "onError", "clock"] as const;
const DEFAULT_NAMESPACE = "undici";
const DEFAULT_MAX_ENTRY_SIZE = 5 * 1_024 * 1_024;
/** Of the tags that are given once; those of a function are the cache's to check. */
const MAX_TAG_BYTES = 512;

/** @throws CacheError `invalid_option`, `invalid_key` */
export function resolveOptions(cache: TieredCacheManager, options: TieredCacheStoreOptions): StoreSettings {
  checkObject<TieredCacheStoreOptions>(options, KNOWN, "options");
  const { namespace = DEFAULT_NAMESPACE, clock = systemClock } = options;
  if (typeof clock?.now !== "function") throw badInput("invalid_option", "options.clock", "a clock", clock);
  // It checks the name, and makes nothing.
  cache.namespace(namespace);
  assertRoomForKeys(cache);
  return Object.freeze({
    namespace,
    maxEntrySize: checkInteger(options.maxEntrySize, 0, DEFAULT_MAX_ENTRY_SIZE, "options.maxEntrySize"),
    tagsOf: tagsOf(options.tags),
    onError: checkFunction(options.onError, () => undefined, "options.onError"),
    clock,
  });
}

function tagsOf(tags: TieredCacheStoreOptions["tags"]): StoreSettings["tagsOf"] {
  if (typeof tags === "function") return tags;
  const all = tags === undefined ? [] : checkNames(tags, "options.tags", MAX_TAG_BYTES);
  return () => all;
}

/** Otherwise every longer URL would be refused, and only `onError` would know. Names of namespaces are bounded like keys. */
function assertRoomForKeys(cache: TieredCacheManager): void {
  try {
    cache.namespace("n".repeat(MAX_KEY_BYTES));
  } catch (cause) {
    if (!(cause instanceof CacheError) || cause.code !== "invalid_key") throw cause;
    throw new CacheError("invalid_option", `cache must allow keys of ${MAX_KEY_BYTES} bytes: ${cause.message}`);
  }
}
