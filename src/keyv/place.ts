// Where in a cache the entries of a Keyv namespace are: which namespace, under which keys, and what ends them all.

import { escapeName } from "../model/key.ts";
import type { TieredCacheManager } from "../manager.ts";
import type { CacheNamespace } from "../namespace.ts";

/** A cache, or a view of one namespace of it. */
export type KeyvHost = TieredCacheManager | CacheNamespace;

/** What both have that a store needs. */
type Verbs = Pick<CacheNamespace, "get" | "set" | "has" | "delete" | "deleteMany" | "keys">;

/** The entries of one Keyv namespace. */
export interface Place {
  readonly verbs: Verbs;
  /** Stands in front of every key of Keyv's. */
  readonly prefix: string;
  /** Ends all of them, and no other. */
  clear(): Promise<unknown>;
}

/**
 * In a cache each Keyv namespace has a namespace of its own, of the same name, and a Keyv without one the cache's
 * default. Namespaces do not nest: in a view of one, a Keyv namespace is a prefix of the keys.
 * @throws CacheError `invalid_key` for a name that no namespace can have, `closed`
 */
export function placeOf(host: KeyvHost, namespace: string | undefined): Place {
  if (isCache(host)) {
    if (namespace === undefined) return { verbs: host, prefix: "", clear: () => host.clearNamespace() };
    const view = host.namespace(namespace);
    return { verbs: view, prefix: "", clear: () => view.clear() };
  }
  if (namespace === undefined) return { verbs: host, prefix: "", clear: () => host.clear() };
  // Escaped, so that no other namespace with a key that goes on like this one means the same.
  const prefix = `${escapeName(namespace)}:`;
  return { verbs: host, prefix, clear: () => host.deleteMatching(`${escapeGlob(prefix)}*`) };
}

/** Whether it is a cache and no view. */
export function isCache(host: KeyvHost): host is TieredCacheManager {
  return "clearNamespace" in host;
}

/** The key of the cache for one of Keyv's. What is no key at all is left for the cache to refuse. */
export function keyIn({ prefix }: Place, key: string): string {
  return typeof key === "string" ? prefix + key : key;
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^]/g, String.raw`\$&`);
}
