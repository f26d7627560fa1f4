// Refresh functions that record their calls and settle when the test says so.

import type { BatchContext, BatchResult, RefreshContext } from "../../src/index.ts";
import { deferred } from "./deferred.ts";

/** One call of a controlled refresh. */
export interface ControlledCall<A, R> {
  readonly argument: A;
  resolve(value: R): void;
  reject(error: unknown): void;
}

/** A refresh and its calls so far. */
export interface Controlled<A, R, F> {
  readonly refresh: F;
  readonly calls: readonly ControlledCall<A, R>[];
  /** A call that must have come. */
  call(index: number): ControlledCall<A, R>;
}

type SingleRefresh<T> = (context: RefreshContext<T>) => Promise<T>;
type KeysRefresh<T> = (missing: string[], context: BatchContext<T>) => Promise<BatchResult<T>>;

/** For `get`; `argument` is the context. */
export function controlled<T = string>(): Controlled<RefreshContext<T>, T, SingleRefresh<T>> {
  const { calls, call, add } = recorder<RefreshContext<T>, T>();
  return { calls, call, refresh: (context) => add(context) };
}

/** For `getMany`; `argument` holds the keys and the context. */
export function controlledBatch<T = string>(): Controlled<
  { readonly keys: string[]; readonly context: BatchContext<T> },
  BatchResult<T>,
  KeysRefresh<T>
> {
  const { calls, call, add } = recorder<{ keys: string[]; context: BatchContext<T> }, BatchResult<T>>();
  return { calls, call, refresh: (keys, context) => add({ keys, context }) };
}

function recorder<A, R>() {
  const calls: ControlledCall<A, R>[] = [];
  const add = (argument: A): Promise<R> => {
    const { promise, resolve, reject } = deferred<R>();
    calls.push({ argument, resolve, reject });
    return promise;
  };
  const call = (index: number): ControlledCall<A, R> => {
    const found = calls[index];
    if (found === undefined) throw new Error(`the refresh was called ${calls.length} times, not ${index + 1}`);
    return found;
  };
  return { calls, call, add };
}
