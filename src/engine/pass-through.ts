// A disabled cache: every read calls the caller's refresh, as if there were no cache.

import type { CallSettings } from "../model/call.ts";
import type { BatchRefresh, Refresh, SyncRefresh } from "../model/refresh.ts";
import { Context, ContextOfMany, ResultNotes, type SignalSource } from "./refresh-context.ts";
import { readResult } from "./read-many.ts";
import type { Engine, Target } from "./engine.ts";
import { beginSync, NoAbort, promiseRefusal } from "./sync-run.ts";

/** Calls a refresh for one key. What it says of its result is checked, and forgotten. */
export async function callRefresh({ epochs }: Engine, target: Target, refresh: Refresh): Promise<unknown> {
  const { settings } = target;
  settings.signal?.throwIfAborted();
  return refresh(new Context(target, signalOf(settings), undefined, new ResultNotes(settings, epochs)));
}

/** The same for a synchronous refresh. @throws CacheError `cycle`, or `invalid_argument` when it returns a promise */
export function callRefreshSync(engine: Engine, target: Target, refresh: SyncRefresh): unknown {
  const { settings } = target;
  settings.signal?.throwIfAborted();
  const notes = new ResultNotes(settings, engine.epochs);
  const context = new Context(target, new NoAbort(), undefined, notes);
  const value = engine.flights.whileRefreshing(beginSync(engine, target), () => refresh(context));
  const misuse = promiseRefusal(target, value);
  if (misuse !== undefined) throw misuse;
  return value;
}

/** Calls a batch refresh; values in the order of the targets. */
export async function callBatch(
  { epochs }: Engine,
  targets: readonly Target[],
  refresh: BatchRefresh,
): Promise<unknown[]> {
  const [first] = targets;
  if (first === undefined) return [];
  const { settings } = first;
  settings.signal?.throwIfAborted();
  const keys = [...new Set(targets.map(({ key }) => key))];
  const notes = new ResultNotes(settings, epochs);
  const context = new ContextOfMany(settings.namespace, new Map(), signalOf(settings), () => notes);
  const result = await refresh([...keys], context);
  const valueOf = readResult(result, keys);
  return targets.map(({ key }) => valueOf(key));
}

function signalOf({ signal }: CallSettings): SignalSource {
  return signal === undefined ? new NoAbort() : { signal };
}
