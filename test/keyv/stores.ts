// Stores for the tests of the Keyv tier: a Map, a Keyv, adapters on real SQLite files, and a cache of this library.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Keyv } from "keyv";
import { afterEach } from "vitest";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { asKeyvStore, type KeyvTierOptions } from "../../src/keyv/index.ts";
import { SqliteStore } from "./sqlite-store.ts";

/** Something for the tier to stand on. */
export type Store = KeyvTierOptions["store"];

const undos: (() => unknown)[] = [];

/** Undoes at the end of the test what was made for it, last things first. */
export function undoAfterEach(): void {
  afterEach(undoAll);
}

/** Does this at the end of the test. */
export function atEnd(undo: () => unknown): void {
  undos.push(undo);
}

/** The same by hand, for what outlives a test. */
export async function undoAll(): Promise<void> {
  for (const undo of undos.splice(0).toReversed()) await undo();
}

/** A file for a database, in a directory of its own. */
export function newFile(): string {
  const directory = mkdtempSync(join(tmpdir(), "freshtier-keyv-"));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "keyv.db");
}

/** An adapter on a file, for one test. */
export function sqliteStore(file: string): SqliteStore {
  const store = new SqliteStore(file);
  atEnd(() => store.disconnect());
  return store;
}

/** A cache as the store of another one. */
function cacheStore(): Store {
  const cache = new TieredCacheManager({
    name: "inner",
    maxKeyLength: 4_096,
    tiers: [memoryTier({ maxEntries: 100_000 })],
  });
  atEnd(() => cache.close());
  return asKeyvStore(cache);
}

/**
 * Each makes a store, once: what it gives is then opened by as many as like, each as another process would if it can be.
 */
export const STORES: readonly (readonly [name: string, make: () => () => Store])[] = [
  ["a Map", () => always(new Map<string, unknown>())],
  ["a Keyv in memory", () => always(new Keyv())],
  [
    "an adapter on a SQLite file",
    () => {
      const file = newFile();
      return () => sqliteStore(file);
    },
  ],
  [
    "a Keyv on an adapter on a SQLite file",
    () => {
      const file = newFile();
      return () => new Keyv({ store: sqliteStore(file), namespace: "app" });
    },
  ],
  ["a cache", () => always(cacheStore())],
];

function always(store: Store): () => Store {
  return () => store;
}
