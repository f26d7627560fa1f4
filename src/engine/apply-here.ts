// What an invalidation does in this process, whoever has called for it: ends what is held, and fences what is under way.

import { staleFrom, type Entry } from "../model/entry.ts";
import { isEnded } from "../model/epoch.ts";
import { idPrefix, keyOfId } from "../model/key.ts";
import type { Engine } from "./engine.ts";
import type { Invalidation } from "./recovery.ts";

/**
 * Does in this process what an invalidation says: ends what it holds, and fences what is under way.
 * @param number sets that were called later are not touched by an invalidation of their key
 */
export function applyHere(engine: Engine, invalidation: Invalidation, number: number = Infinity): void {
  const { memory, flights, epochs, shared } = engine;
  if (invalidation.kind === "epoch") {
    const { epoch, soft } = invalidation;
    epochs.bump(epoch, soft);
    if (epoch === epochs.root && !soft) memory.clear();
    if (shared !== undefined) flights.fenceOvertaken();
    return;
  }
  const { id, fullKey, soft } = invalidation;
  flights.fence(id, number);
  shared?.lookups.fence(id);
  if (fullKey !== "") engine.copies?.drop(fullKey);
  const copy = memory.peek(id);
  if (copy === undefined || flights.wasSetAfter(copy, number)) return;
  if (soft) markHere(engine, id, copy);
  else memory.delete(id);
}

/** A rescue entry stays one, but has its back-off forgotten: who marks it asks for a try at once. */
function markHere({ memory, clock, backoff }: Engine, id: string, entry: Entry): void {
  if (isEnded(entry)) return;
  backoff.forget(entry);
  const stale = staleFrom(clock.now(), entry);
  memory.set(id, stale, memory.measure(stale.value, keyOfId(idPrefix(entry.namespaceEpoch.name), id)));
}
