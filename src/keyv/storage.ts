// What a Keyv tier can be built on: a storage adapter, a Keyv, or a Map; and what is used of each.

import { badInput } from "../errors.ts";

/** A storage adapter of Keyv, as far as the tier uses one. What it answers is not believed before it is looked at. */
export interface KeyvStorage {
  get(key: string): unknown;
  set(key: string, value: string, ttl?: number): unknown;
  delete(key: string): unknown;
  getMany?(keys: string[]): unknown;
  iterator?(namespace?: string): unknown;
  disconnect?(): unknown;
  on?(event: "error", listener: (error: unknown) => void): unknown;
  readonly namespace?: string | undefined;
}

/** A Keyv: a storage adapter with serialisation around it. */
export interface KeyvLike {
  readonly opts: { readonly store?: unknown };
  disconnect?(): unknown;
}

/** What a tier works with. */
export interface ResolvedStorage {
  readonly storage: KeyvStorage;
  /** The namespace that the adapter's iterator is asked for. */
  readonly namespace: string | undefined;
  /** What all keys begin with: some adapters know those of a namespace by that alone. */
  readonly prefix: string;
  /** Ends its connections, if it has any. */
  disconnect(): unknown;
}

/**
 * Finds the adapter in whatever was given. A Keyv's own is used directly: frames are text already, and encoding them
 * once more would only cost. Its namespace it has told the adapter.
 * @throws CacheError `invalid_option`
 */
export function resolveStorage(given: unknown, field: string): ResolvedStorage {
  const storage = isKeyv(given) ? given.opts.store : given;
  if (!isStorage(storage)) {
    throw badInput("invalid_option", field, "a storage adapter of Keyv, a Keyv or a Map", given);
  }
  const namespace = storage.namespace === "" ? undefined : storage.namespace;
  const owner = given as KeyvLike | KeyvStorage;
  return {
    storage,
    namespace,
    prefix: namespace === undefined ? "" : `${namespace}:`,
    disconnect: () => owner.disconnect?.(),
  };
}

function isKeyv(given: unknown): given is KeyvLike {
  if (typeof given !== "object" || given === null) return false;
  const { opts } = given as Partial<KeyvLike>;
  return typeof opts === "object" && opts !== null && isStorage(opts.store);
}

function isStorage(given: unknown): given is KeyvStorage {
  if (typeof given !== "object" || given === null) return false;
  const { get, set, delete: remove } = given as Partial<KeyvStorage>;
  return typeof get === "function" && typeof set === "function" && typeof remove === "function";
}
