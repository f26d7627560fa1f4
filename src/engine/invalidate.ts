// Invalidating: single keys, and in constant time tags, namespaces and everything; gone, or stale from now on.

import { isEnded } from "../model/epoch.ts";
import { newVersion, staleFrom } from "../model/entry.ts";
import { compileGlob } from "../model/glob.ts";
import { idPrefix, keyOfId } from "../model/key.ts";
import type { CacheEventOf } from "../model/event.ts";
import type { Engine, Target } from "./engine.ts";
import { isUsableAt, peekUsable } from "./inspect.ts";

/** Ends one entry and fences its flight. Answers whether there was one to serve. */
export function remove(engine: Engine, target: Target): boolean {
  const existed = peekUsable(engine, target) !== undefined;
  drop(engine, target.id);
  report(engine, "key", target.key, target.settings.namespace, false);
  return existed;
}

/** Turns one entry stale, until the end of its stale window, and fences its flight. */
export function markStale(engine: Engine, target: Target): void {
  const { memory, flights, clock, random } = engine;
  const { id, key, settings } = target;
  flights.fence(id);
  // A rescue entry stays one, but has its back-off forgotten: who marks it asks for a try at once.
  const entry = memory.peek(id);
  if (entry !== undefined && !isEnded(entry)) {
    const stale = staleFrom(clock.now(), entry, newVersion(random));
    memory.set(id, stale, memory.measure(stale.value, key));
  }
  report(engine, "key", key, settings.namespace, true);
}

/** Invalidates all entries with one of the tags, whatever their number. */
export function invalidateTags(engine: Engine, tags: readonly string[], soft: boolean): void {
  for (const tag of tags) {
    engine.epochs.bumpTag(tag, soft);
    report(engine, "tag", tag, undefined, soft);
  }
}

/** Invalidates a namespace, whatever its size. */
export function invalidateNamespace(engine: Engine, namespace: string | undefined, soft: boolean): void {
  engine.epochs.bumpNamespace(namespace, soft);
  report(engine, "namespace", namespace, undefined, soft);
}

/** Ends everything. */
export function clear(engine: Engine): void {
  engine.epochs.clear();
  engine.memory.clear();
  report(engine, "all", undefined, undefined, false);
}

/** Ends every entry of a namespace whose key matches a glob pattern: takes time with the size of the whole tier. */
export function removeMatching(engine: Engine, namespace: string | undefined, pattern: string): number {
  const { memory, flights, clock } = engine;
  const matches = compileGlob(pattern);
  const prefix = idPrefix(namespace);
  const isMeant = (id: string, of: string | undefined): boolean => of === namespace && matches(keyOfId(prefix, id));
  const ids: string[] = [];
  let usable = 0;
  for (const [id, entry] of memory.entries()) {
    if (!isMeant(id, entry.namespaceEpoch.name)) continue;
    ids.push(id);
    if (isUsableAt(entry, clock.now(), engine.settings.call)) usable++;
  }
  flights.fenceWhere(({ target, namespaceEpoch }) => isMeant(target.id, namespaceEpoch.name));
  for (const id of ids) {
    drop(engine, id);
    report(engine, "key", keyOfId(prefix, id), namespace, false);
  }
  return usable;
}

function drop({ memory, flights }: Engine, id: string): void {
  memory.delete(id);
  flights.fence(id);
}

function report(
  { counters, observer }: Engine,
  target: CacheEventOf<"invalidate">["target"],
  name: string | undefined,
  namespace: string | undefined,
  soft: boolean,
): void {
  counters.invalidations++;
  if (observer.wants("invalidate")) observer.notify({ type: "invalidate", target, name, namespace, soft });
}
