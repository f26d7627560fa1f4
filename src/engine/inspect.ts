// Looking at entries without using them: `has`, `ttl`, `getEntry`, `keys`, and removing what has expired.

import { maxAgeIn, type CallSettings } from "../model/call.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import { isUsable, stateOf, type Entry } from "../model/entry.ts";
import { fullKeyPrefix, idPrefix, keyOfId, readFullKey, toId } from "../model/key.ts";
import type { Engine, Target } from "./engine.ts";
import { isMemoryFirst, isTrusted } from "./find.ts";
import type { SharedTier } from "./shared-tier.ts";

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

/** An entry, and the tier that has it. */
interface Located {
  readonly entry: Entry;
  readonly tier: string;
  readonly state: "fresh" | "stale";
  /** When it was in that state. */
  readonly now: Instant;
}

/** The entry in memory if it is fresh or stale, without counting as a use of it. */
export function peekUsable({ memory, clock }: Engine, { id, settings }: Target): Entry | undefined {
  const entry = settings.memory.use ? memory.peek(id) : undefined;
  if (entry === undefined) return undefined;
  return isUsableAt(entry, clock.now(), settings) ? entry : undefined;
}

/** The entry, wherever it is, if it is fresh or stale. Without counting as a use of it. */
export function locate(engine: Engine, target: Target): Promise<Located | undefined> {
  const { memory, shared } = engine;
  const here = peekUsable(engine, target);
  const isEnough = here !== undefined && isMemoryFirst(engine, target) && isTrusted(engine, target, here);
  const isAll = shared === undefined || target.settings.shared?.use !== true || isEnough;
  return isAll ? Promise.resolve(located(engine, here, memory.name)) : locateShared(engine, shared, target);
}

async function locateShared(engine: Engine, shared: SharedTier, target: Target): Promise<Located | undefined> {
  const looked = await shared.lookups.look(target);
  if (looked.kind === "unavailable") return located(engine, peekUsable(engine, target), engine.memory.name);
  if (looked.kind !== "found") return undefined;
  const { settings } = target;
  if (!isUsable(looked.entry, engine.clock.now(), maxAgeIn(settings, settings.shared))) return undefined;
  return located(engine, looked.entry, looked.tier);
}

function located({ clock }: Engine, entry: Entry | undefined, tier: string): Located | undefined {
  const now = clock.now();
  return entry && { entry, tier, state: stateOf(entry, now) as "fresh" | "stale", now };
}

/** How long the entry stays fresh; 0 when it is stale, `undefined` without one. */
export async function remainingTtl(engine: Engine, target: Target): Promise<Milliseconds | undefined> {
  const found = await locate(engine, target);
  if (found === undefined) return undefined;
  return found.state === "stale" ? 0 : Math.max(0, found.entry.freshUntil - found.now);
}

/** The entry with its envelope. */
export async function describe(engine: Engine, target: Target, fullKey: string): Promise<EntryView | undefined> {
  const found = await locate(engine, target);
  if (found === undefined) return undefined;
  const { entry, tier, state } = found;
  const { access } = entry;
  return {
    key: target.key,
    namespace: target.settings.namespace,
    fullKey,
    value: engine.memory.expose(entry.value),
    state,
    tier,
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

/** Keys of the shared tier that are looked at together. */
const CHUNK = 100;

/**
 * The same of all tiers. Scans the shared tier and reads every entry it finds, since some of them may have been
 * invalidated. What it cannot tell because nobody answers is left out.
 */
export async function* keysEverywhere(
  engine: Engine,
  shared: SharedTier,
  namespace: string | undefined,
  prefix: string,
): AsyncGenerator<string, void, undefined> {
  const seen = new Set<string>();
  for (const key of usableKeys(engine, namespace, prefix)) {
    const entry = engine.memory.peek(toId(idPrefix(namespace), key));
    const { call } = engine.settings;
    if (entry === undefined || !isTrusted(engine, { key, id: "", settings: call }, entry)) continue;
    seen.add(key);
    yield key;
  }
  let chunk: string[] = [];
  try {
    for await (const fullKey of shared.keys(fullKeyPrefix(shared.root, namespace, prefix))) {
      const key = readFullKey(shared.root, fullKey)?.key;
      if (key === undefined || seen.has(key)) continue;
      seen.add(key);
      if (chunk.push(key) < CHUNK) continue;
      yield* await present(engine, namespace, chunk);
      chunk = [];
    }
  } catch {
    // The tier does not answer, which it has reported.
  }
  yield* await present(engine, namespace, chunk);
}

/** Those with a usable entry. They are looked at without filling memory with them. */
async function present(engine: Engine, namespace: string | undefined, keys: readonly string[]): Promise<string[]> {
  const settings = { ...engine.settings.call, namespace, memory: { use: false, maxAgeMs: 0 } };
  const prefix = idPrefix(namespace);
  const found = await Promise.all(keys.map((key) => locate(engine, { key, id: toId(prefix, key), settings })));
  return keys.filter((_key, index) => found[index] !== undefined);
}

/** Removes entries that are of no use to anybody any more, and answers how many. */
export function sweep({ memory, clock }: Engine): number {
  const now = clock.now();
  const ids: string[] = [];
  for (const [id, entry] of memory.entries()) if (stateOf(entry, now) === "expired") ids.push(id);
  for (const id of ids) memory.delete(id);
  return ids.length;
}

/** Whether an entry is fresh or stale, and not too old for the call. */
export function isUsableAt(entry: Entry, now: Instant, settings: CallSettings): boolean {
  return isUsable(entry, now, maxAgeIn(settings, settings.memory));
}
