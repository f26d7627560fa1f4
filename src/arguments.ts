// What verbs are called with: tells overloads apart, checks keys, and makes the targets the engine works on.

import { badInput } from "./errors.ts";
import { resolveCall, type CallSettings } from "./model/call.ts";
import type { GetOptions } from "./model/call-options.ts";
import { checkName, idPrefix, toId } from "./model/key.ts";
import type { Target } from "./engine/engine.ts";

/** Makes targets of keys and options for one cache. */
export class Targets {
  readonly #call: CallSettings;
  #lastNamespace: string | undefined;
  #lastPrefix = "";

  constructor(call: CallSettings) {
    this.#call = call;
  }

  /** Settings of a call with these options. @throws CacheError `invalid_option` or `invalid_key` */
  settings(options: GetOptions<never> | undefined): CallSettings {
    return options === undefined ? this.#call : resolveCall(this.#call, options);
  }

  /** @throws CacheError `invalid_key`, naming `field` */
  of(key: string, settings: CallSettings, field = "key"): Target {
    checkName(key, field, this.#call.maxNameBytes);
    return { key, id: this.id(settings.namespace, key), settings };
  }

  /** @throws CacheError `invalid_argument` when `keys` is no array, `invalid_key` for a bad one */
  ofAll(keys: readonly string[], settings: CallSettings): readonly Target[] {
    if (!Array.isArray(keys)) throw badInput("invalid_argument", "keys", "an array of strings", keys);
    return Array.from(keys, (key: string, index) => this.of(key, settings, `keys[${index}]`));
  }

  /** The namespace a verb means. @throws CacheError `invalid_key` */
  namespace(name: string | undefined): string | undefined {
    if (name !== undefined) checkName(name, "namespace", this.#call.maxNameBytes);
    return name ?? this.#call.namespace;
  }

  /** The id of a key, unchecked. Calls in a row are mostly of one namespace, whose prefix is remembered. */
  id(namespace: string | undefined, key: string): string {
    if (namespace === undefined) return toId("", key);
    if (namespace !== this.#lastNamespace) {
      this.#lastPrefix = idPrefix(namespace);
      this.#lastNamespace = namespace;
    }
    return toId(this.#lastPrefix, key);
  }
}

/** Whether options change what a read may answer with, and not only what happens on a miss. */
export function changesReading({ forceRefresh, maxAge, earlyRefresh, tiers, signal }: GetOptions): boolean {
  return (
    forceRefresh !== undefined ||
    maxAge !== undefined ||
    earlyRefresh !== undefined ||
    tiers !== undefined ||
    // One that has not ended changes nothing about what is there at once.
    (signal !== undefined && (signal as AbortSignal | null)?.aborted !== false)
  );
}

/** Tells `(refresh, options)` from `(options)`. @throws CacheError `invalid_argument` for a refresh that is no function */
export function splitArguments<F>(
  second: F | GetOptions | undefined,
  third: GetOptions | undefined,
): [F | undefined, GetOptions | undefined] {
  if (typeof second === "function") return [second, third];
  const isOptions = typeof second === "object" && second !== null && !isPromise(second);
  if (third !== undefined || (second !== undefined && !isOptions)) {
    throw badInput("invalid_argument", "refresh", "a function", second);
  }
  return [undefined, second as GetOptions | undefined];
}

/** What a loader returned, where the loader was meant: it has run already, whatever the cache holds. */
function isPromise(value: object): boolean {
  return "then" in value && typeof value.then === "function";
}

/** The pairs of `setMany`. @throws CacheError `invalid_argument` */
export function toPairs<T>(
  entries: Iterable<readonly [string, T]> | Readonly<Record<string, T>>,
): (readonly [string, T])[] {
  if (typeof entries !== "object" || entries === null) {
    throw badInput("invalid_argument", "entries", "pairs of key and value, a Map or an object", entries);
  }
  const pairs: unknown[] = Symbol.iterator in entries ? [...entries] : Object.entries(entries);
  for (const [index, pair] of pairs.entries()) {
    if (Array.isArray(pair) && pair.length === 2) continue;
    throw badInput("invalid_argument", `entries[${index}]`, "a pair of key and value", pair);
  }
  return pairs as (readonly [string, T])[];
}
