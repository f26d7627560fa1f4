// The ways to invalidate one key, each with what an earlier value may still be used for afterwards.

import type { TieredCacheManager } from "../../src/index.ts";

export const KEY = "k";
export const NAMESPACE = "n";
export const TAG = "t";

/** An invalidation of `KEY` in `NAMESPACE`. */
export interface Verb {
  readonly name: string;
  /** How its entries come by `TAG`: from the options of the call, from the refresh itself, or not at all. */
  readonly tagged: "by call" | "by refresh" | "not";
  /** Entries that were stored before may be served on, as stale ones. */
  readonly soft: boolean;
  /** The value that it stores itself. */
  readonly stores: string | undefined;
  readonly call: (cache: TieredCacheManager) => Promise<unknown>;
}

const of = { namespace: NAMESPACE };

function verb(
  name: string,
  call: Verb["call"],
  { tagged = "not", soft = false, stores }: Partial<Omit<Verb, "name" | "call">> = {},
): Verb {
  return { name, call, tagged, soft, stores };
}

/** Every verb that promises P3. */
export const VERBS: readonly Verb[] = [
  verb("delete", (cache) => cache.delete(KEY, of)),
  verb("deleteMany", (cache) => cache.deleteMany(["other", KEY], of)),
  verb("deleteMatching", (cache) => cache.deleteMatching("[jk]", of)),
  verb("set", (cache) => cache.set(KEY, "set", of), { stores: "set" }),
  verb("setMany", (cache) => cache.setMany([[KEY, "set"]], of), { stores: "set" }),
  verb("markStale", (cache) => cache.markStale(KEY, of), { soft: true }),
  verb("invalidateTags, tag known", (cache) => cache.invalidateTags([TAG]), { tagged: "by call" }),
  verb("invalidateTags, tag named late", (cache) => cache.invalidateTags([TAG]), { tagged: "by refresh" }),
  verb("markTagsStale, tag known", (cache) => cache.markTagsStale([TAG]), { tagged: "by call", soft: true }),
  verb("markTagsStale, tag named late", (cache) => cache.markTagsStale([TAG]), { tagged: "by refresh", soft: true }),
  verb("clearNamespace", (cache) => cache.clearNamespace(NAMESPACE)),
  verb("markNamespaceStale", (cache) => cache.markNamespaceStale(NAMESPACE), { soft: true }),
  verb("clear", (cache) => cache.clear()),
];
