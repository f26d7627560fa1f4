// Looking at entries without using them: `has`, `ttl`, `getEntry`, `keys`, and removing what has expired.

import type { CallSettings } from "../model/call.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import { stateOf, type Entry, type EntryState } from "../model/entry.ts";
import { isEnded, isMarkedStale } from "../model/epoch.ts";
import { idPrefix, keyOfId } from "../model/key.ts";
import type { Engine, Target } from "./engine.ts";

/** An entry as `getEntry` shows it. Instants in milliseconds since the Unix epoch. */
export interface EntryView<T = unknown> {
  readonly key: string;
  readonly namespace: string | undefined;
  /** The key outside the process. */
  readonly fullKey: string;
  readonly value: T;
  readonly state: "fresh" | "stale";
  readonly tier: string;
  readonly tags: readonly string[];
  readonly createdAt: Instant;
  readonly freshUntil: Instant;
  readonly staleUntil: Instant;
  readonly errorUntil: Instant;
  /** How often it was served; only under `trackAccess`. */
  readonly hitCount?: number;
  /** When it was last served; only under `trackAccess`, and once it was. */
  readonly lastAccessedAt?: Instant;
}

/** The entry if it is fresh or stale, without counting as a use of it. */
export function peekUsable({ memory, clock }: Engine, { id, settings }: Target): Entry | undefined {
  const entry = settings.memory.use ? memory.peek(id) : undefined;
  if (entry === undefined) return undefined;
  return isUsableAt(entry, clock.now(), settings) ? entry : undefined;
}

/** How long the entry stays fresh; 0 when it is stale, `undefined` without one. */
export function remainingTtl(engine: Engine, target: Target): Milliseconds | undefined {
  const entry = peekUsable(engine, target);
  if (entry === undefined) return undefined;
  return isMarkedStale(entry) ? 0 : Math.max(0, entry.freshUntil - engine.clock.now());
}

/** The entry with its envelope. */
export function describe(engine: Engine, target: Target, fullKey: string): EntryView | undefined {
  const entry = peekUsable(engine, target);
  if (entry === undefined) return undefined;
  const { access } = entry;
  return {
    key: target.key,
    namespace: target.settings.namespace,
    fullKey,
    value: engine.memory.expose(entry.value),
    state: stateAt(entry, engine.clock.now()) as "fresh" | "stale",
    tier: engine.memory.name,
    tags: (entry.tags ?? []).map(({ name }) => name as string),
    createdAt: entry.createdAt,
    freshUntil: entry.freshUntil,
    staleUntil: entry.staleUntil,
    errorUntil: entry.errorUntil,
    ...(access !== undefined && { hitCount: access.hitCount }),
    ...(access?.lastAccessedAt !== undefined && { lastAccessedAt: access.lastAccessedAt }),
  };
}

/** Keys of a namespace's fresh and stale entries that start with `prefix`. */
export function* usableKeys(
  { memory, clock, settings }: Engine,
  namespace: string | undefined,
  prefix: string,
): Generator<string, void, undefined> {
  const ofNamespace = idPrefix(namespace);
  // The ids as they are now: the order of a live walk changes with every read between two steps.
  for (const id of memory.ids()) {
    const entry = memory.peek(id);
    if (entry === undefined || entry.namespaceEpoch.name !== namespace) continue;
    if (!isUsableAt(entry, clock.now(), settings.call)) continue;
    const key = keyOfId(ofNamespace, id);
    if (key.startsWith(prefix)) yield key;
  }
}

/** Removes entries that are of no use to anybody any more, and answers how many. */
export function sweep({ memory, clock }: Engine): number {
  const now = clock.now();
  const ids: string[] = [];
  for (const [id, entry] of memory.entries()) if (stateAt(entry, now) === "expired") ids.push(id);
  for (const id of ids) memory.delete(id);
  return ids.length;
}

function stateAt(entry: Entry, now: Instant): EntryState {
  return isEnded(entry) ? "expired" : stateOf(entry, now);
}

/** Whether an entry is fresh or stale, and not too old for the call. */
export function isUsableAt(entry: Entry, now: Instant, { maxAgeMs, memory }: CallSettings): boolean {
  const state = stateAt(entry, now);
  const ageMs = now - entry.createdAt;
  return (state === "fresh" || state === "stale") && ageMs < maxAgeMs && ageMs < memory.maxAgeMs;
}
