// The caller's own functions: what a refresh gets, and what it may give back.

import type { LifetimeOptions } from "./call-options.ts";

/** What a refresh function is given. */
export interface RefreshContext<T = unknown> {
  readonly key: string;
  readonly namespace: string | undefined;
  /** Aborts when the last caller has left, when a time limit has passed, or when the cache closes. */
  readonly signal: AbortSignal;
  /** The value the refresh will replace; `undefined` where there is none. */
  readonly stale: T | undefined;
  /** Tags of the result, besides those of the call. The last list counts. */
  readonly setTags: (tags: readonly string[]) => void;
  /** Lifetimes of the result, over those of the call. */
  readonly setOptions: (options: LifetimeOptions<T>) => void;
  /** The result goes to the callers, but is not stored. Returns what it is given, for `return skip(value)`. */
  readonly skip: Skip;
  /**
   * The stale value is still right: for `return notModified()`. It is fresh again, with its tags. Returns that value;
   * typed `never`, so that it adds nothing to the type of what the refresh returns.
   * @throws CacheError `invalid_argument` when there is no stale value
   */
  readonly notModified: () => never;
}

/** Type of `skip`: with and without a value. */
export interface Skip {
  <V>(value: V): V;
  (): undefined;
}

/**
 * Produces the value of a key. What it throws reaches every caller of the flight, unwrapped. It must not `get` its own
 * key: it would wait for itself. `S` is the type of the stale value: a parameter of its own, because TypeScript would
 * settle `T` on `unknown` when a function takes the context without saying its type.
 */
export type Refresh<T = unknown, S = T> = (context: RefreshContext<S>) => T | PromiseLike<T>;

/**
 * Produces the value of a key at once, for `getSync`. What it throws reaches the caller, unwrapped. Its context is that
 * of any refresh; the signal never aborts, because nothing else can happen meanwhile. It may ask for other keys, but not
 * for its own.
 */
export type SyncRefresh<T = unknown, S = T> = (context: RefreshContext<S>) => T;

/** Resolves to `unknown` for a value that is there at once, else to a text for the compiler to show. */
export type AtOnce<T> = 0 extends 1 & T
  ? unknown
  : [Extract<T, PromiseLike<unknown>>] extends [never]
    ? unknown
    : "a synchronous refresh must not return a promise";

/** What a batch refresh is given besides the keys. */
export interface BatchContext<T = unknown> {
  readonly namespace: string | undefined;
  /** Aborts when nobody waits for any of the keys any more. */
  readonly signal: AbortSignal;
  /** The values it will replace, by key. */
  readonly stale: ReadonlyMap<string, T>;
  /** Tags of one key's value, besides those of the call. */
  readonly setTags: (key: string, tags: readonly string[]) => void;
  /** Lifetimes of one key's value, over those of the call. */
  readonly setOptions: (key: string, options: LifetimeOptions<T>) => void;
}

/** Values by key: a Map, an object, or an array in the order of the keys asked for. */
export type BatchResult<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>> | readonly (T | undefined)[];

/** Produces the values of several keys at once. Keys left out have no value, and are not stored. */
export type BatchRefresh<T = unknown, S = T> = (
  missing: string[],
  context: BatchContext<S>,
) => BatchResult<T> | PromiseLike<BatchResult<T>>;
