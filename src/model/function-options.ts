// What users can say of a function whose results are cached: the options of `get`, and what depends on the call.

import type { Duration } from "./duration.ts";
import type { GetOptions, LifetimeOptions } from "./call-options.ts";

/** A function of a call. Written as a method, so that one of narrower parameters is accepted; decorators check those. */
export type Callback<P extends readonly unknown[], R> = { of(...args: P): R }["of"];

/** `A`, of which nothing is inferred where it stands: `NoInfer` for compilers before 5.4, and inside other lists. */
export type Given<A extends readonly unknown[]> = A extends infer Args extends readonly unknown[] ? Args : never;

/** Lifetimes of one result. */
export interface ResultLifetimes<R = unknown> extends Omit<LifetimeOptions<R>, "ttl" | "isNegative"> {
  /** How long a result is fresh, or a function of it that says so. Default: that of the cache. */
  readonly ttl?: Duration | Callback<[result: R], Duration> | undefined;
  /** Which results are negative. Default: `null`. */
  readonly isNegative?: Callback<[result: R], boolean> | undefined;
}

/**
 * Options of cached functions and methods: those of `get`, where namespace and tags are templates. Functions among them
 * are called with the `this` of the call.
 */
export interface FunctionOptions<R = unknown, A extends readonly unknown[] = unknown[]>
  extends Omit<GetOptions, "namespace" | "tags" | "signal" | "ttl" | "isNegative">, ResultLifetimes<R> {
  /** The namespace of the key; a template. Default: that of the cache. */
  readonly namespace?: string | undefined;
  /**
   * Templates such as `"category:{0.category}"`, or a function of the result and the arguments. Tags that only the result
   * tells are known late: on a shared tier, the first result with a tag nobody has used yet is not stored. Default: none.
   */
  readonly tags?: readonly string[] | Callback<[result: R, ...args: A], readonly string[]> | undefined;
  /** Whether a call of these arguments uses the cache at all; otherwise the function just runs. Default: each does. */
  readonly condition?: Callback<A, boolean> | undefined;
  /** Whether a result goes to its callers without being kept. Default: all are kept. */
  readonly unless?: Callback<[result: R, ...args: A], boolean> | undefined;
  /** Lifetimes by the arguments, over the others, asked for when the function runs. */
  readonly refresh?: Callback<A, LifetimeOptions> | undefined;
  /**
   * The parameters' names in order, for templates with names. Default: read from the source of a decorated method, which
   * is unsafe where a minifier renames parameters.
   */
  readonly params?: readonly string[] | undefined;
  /** `false`: the function just runs; no cache is asked for, so none need be there. Default `true`. */
  readonly enabled?: boolean | undefined;
}

/** Names of the options that are none of `get`. */
export const RULE_NAMES: readonly (keyof FunctionOptions)[] = ["condition", "unless", "refresh", "params", "enabled"];
