// Removing all keys of a namespace that match a pattern: by walking memory, and the whole shared tier.

import { compileGlob, literalPrefix } from "../model/glob.ts";
import { fullKeyPrefix, idPrefix, keyOfId, readFullKey, toId } from "../model/key.ts";
import { applyHere } from "./apply-here.ts";
import type { Engine } from "./engine.ts";
import { UNAVAILABLE } from "./guard.ts";
import { isUsableAt } from "./inspect.ts";
import { removeShared, type Removed } from "./invalidate.ts";
import { reportInvalidation } from "./report.ts";
import { worst } from "./settled.ts";
import type { SharedTier } from "./shared-tier.ts";

/** Ends every entry of a namespace whose key matches a glob pattern: takes time with the size of the whole tier. */
export function removeMatching(
  engine: Engine,
  namespace: string | undefined,
  pattern: string,
): Removed | Promise<Removed> {
  const matches = compileGlob(pattern);
  const usable = removeMatchingHere(engine, namespace, matches, false);
  engine.copies?.dropMatching(namespace, pattern);
  const { shared } = engine;
  if (shared === undefined) return { settled: "none", count: usable };
  return engine.tasks.track(removeMatchingShared(engine, shared, namespace, pattern, usable));
}

export function removeMatchingHere(
  engine: Engine,
  namespace: string | undefined,
  matches: (key: string) => boolean,
  remote: boolean,
): number {
  const { memory, flights, clock, shared } = engine;
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
  shared?.lookups.fenceWhere((id, { namespaceEpoch }) => isMeant(id, namespaceEpoch.name));
  for (const id of ids) {
    applyHere(engine, { kind: "key", id, fullKey: "", soft: false });
    reportInvalidation(engine, "key", keyOfId(prefix, id), namespace, false, remote);
  }
  return usable;
}

/** Keys that are removed at a time. */
const CHUNK = 200;

/**
 * Frames, and leases too: a refresh elsewhere of a key without a frame must not store what is older than this. A tier
 * that fails midway may hold any of them still: then the whole namespace counts as pending, and ends.
 */
async function removeMatchingShared(
  engine: Engine,
  shared: SharedTier,
  namespace: string | undefined,
  pattern: string,
  countHere: number,
): Promise<Removed> {
  const matches = compileGlob(pattern);
  let count = 0;
  const removeSome = async (fullKeys: readonly string[]): Promise<void> => {
    const all = fullKeys.map(async (fullKey) => {
      const id = toId(idPrefix(namespace), readFullKey(shared.root, fullKey)?.key ?? "");
      const one = await removeShared(engine, shared, { kind: "key", id, fullKey, soft: false }, false);
      count += one.count;
      return one.settled;
    });
    if (worst(await Promise.all(all)) === "pending") throw UNAVAILABLE;
  };
  const prefix = fullKeyPrefix(shared.root, namespace, literalPrefix(pattern));
  // Sets that have been called before and not been written yet, which nobody finds. At once: not those called later.
  const removing = removeSome(pendingKeys(engine, shared, namespace, matches));
  try {
    await removing;
    // Leases first: a refresh that fills in between is then found among the frames.
    for (const found of [shared.leases(prefix), shared.keys(prefix)]) {
      const removed = new Set<string>();
      let chunk: string[] = [];
      for await (const fullKey of found) {
        const names = readFullKey(shared.root, fullKey);
        if (names === undefined || removed.has(fullKey) || !matches(names.key)) continue;
        removed.add(fullKey);
        chunk.push(fullKey);
        if (chunk.length < CHUNK) continue;
        await removeSome(chunk);
        chunk = [];
      }
      await removeSome(chunk);
    }
    // Copies of what is nowhere in the tier any more, because it was evicted, are to go as well.
    if ((await shared.announce(namespace, pattern)) !== true) throw UNAVAILABLE;
  } catch {
    const epoch = engine.epochs.namespace(namespace);
    applyHere(engine, { kind: "epoch", epoch, soft: false });
    shared.recovery.defer({ kind: "epoch", epoch, soft: false });
    return { settled: "pending", count: Math.max(count, countHere) };
  }
  removeMatchingHere(engine, namespace, matches, false);
  engine.copies?.dropMatching(namespace, pattern);
  return { settled: "done", count: Math.max(count, countHere) };
}

/** The full keys of sets under way that are meant. */
function pendingKeys(
  { flights }: Engine,
  shared: SharedTier,
  namespace: string | undefined,
  matches: (key: string) => boolean,
): readonly string[] {
  const targets = flights.settingWhere(
    ({ target, namespaceEpoch }) => namespaceEpoch.name === namespace && matches(target.key),
  );
  return [...new Set(targets.map((target) => shared.fullKey(target)))];
}
