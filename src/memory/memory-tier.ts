// The memory tier: live entries in this process, bounded, least recently used out first. Synchronous throughout.

import { LRUCache } from "lru-cache";
import type { Milliseconds } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import { cloneValue, freezeValue } from "./isolation.ts";
import { sizeOfValue } from "./size-of.ts";
import type { Isolation } from "./options.ts";

/** The tier's options, checked and complete. */
export interface MemorySettings {
  readonly enabled: boolean;
  readonly maxEntries: number;
  readonly maxBytes: number | undefined;
  readonly sizeOf: ((value: unknown, key: string) => number) | undefined;
  readonly maxAgeMs: Milliseconds;
  readonly isolation: Isolation;
}

/** Told of every entry that lack of room pushes out. */
export type EvictionListener = (id: string, entry: Entry) => void;

type Lru = LRUCache<string, Entry>;

/** Holds entries by id. Whether an entry may still be used is not its business. */
export class MemoryTier {
  readonly name = "memory";
  readonly settings: MemorySettings;
  readonly #onEvict: EvictionListener;
  #lru: Lru;
  /** Entries put into it, and taken out by whatever but the lack of room: see {@link resetCounts}. */
  sets = 0;
  deletes = 0;

  constructor(settings: MemorySettings, onEvict: EvictionListener) {
    this.settings = settings;
    this.#onEvict = onEvict;
    this.#lru = this.#create();
  }

  /** The entry, which becomes the most recently used. */
  get(id: string): Entry | undefined {
    return this.#lru.get(id);
  }

  /** The entry, without a trace. */
  peek(id: string): Entry | undefined {
    return this.#lru.peek(id);
  }

  /** Bytes of an entry as they were measured; `undefined` without `maxBytes`. Without a trace. */
  sizeOf(id: string): number | undefined {
    return this.#lru.info(id)?.size;
  }

  /**
   * Holds an entry in place of any other. One that there is no room for at all counts as evicted: answers whether not.
   * @param size as measured; `undefined` without `maxBytes`
   */
  set(id: string, entry: Entry, size: number | undefined): boolean {
    const { maxBytes = Infinity } = this.settings;
    if (size === undefined || size <= maxBytes) {
      this.#lru.set(id, entry, size === undefined ? undefined : { size });
      this.sets++;
      return true;
    }
    this.#lru.delete(id);
    this.#onEvict(id, entry);
    return false;
  }

  /**
   * Bytes of a value; `undefined` without `maxBytes`. Where the user's own `sizeOf` has no answer, there is no knowing:
   * as good as too many. Apart from `set`, because it may run code of the user's.
   */
  measure(value: unknown, key: string): number | undefined {
    const { maxBytes, sizeOf = sizeOfValue } = this.settings;
    if (maxBytes === undefined) return undefined;
    try {
      const bytes: unknown = sizeOf(value, key);
      return typeof bytes === "number" && bytes >= 0 ? Math.max(1, Math.ceil(bytes)) : Infinity;
    } catch {
      return Infinity;
    }
  }

  delete(id: string): boolean {
    const was = this.#lru.delete(id);
    if (was) this.deletes++;
    return was;
  }

  /** Empties the tier by starting anew: the cost goes with `maxEntries`, and not with how much it held. */
  clear(): void {
    this.deletes += this.#lru.size;
    this.#lru = this.#create();
  }

  /** Begins to count anew. */
  resetCounts(): void {
    this.sets = 0;
    this.deletes = 0;
  }

  /** All entries, most recently used first. Entries may be deleted meanwhile. */
  entries(): Iterable<[string, Entry]> {
    return this.#lru.entries();
  }

  /** All ids at this moment. */
  ids(): string[] {
    return [...this.#lru.keys()];
  }

  /** How many entries it holds, those included that have expired but were not asked for since. */
  get size(): number {
    return this.#lru.size;
  }

  /** Their bytes, as estimated; `undefined` without `maxBytes`. */
  get bytes(): number | undefined {
    return this.settings.maxBytes === undefined ? undefined : this.#lru.calculatedSize;
  }

  /** What is to be stored for a value. @throws CacheError `unserializable` under `"clone"` */
  admit(value: unknown): unknown {
    const { isolation } = this.settings;
    if (isolation === "clone") return cloneValue(value);
    return isolation === "freeze" ? freezeValue(value) : value;
  }

  /** The same for a value that nobody else holds: there is no need for a copy. */
  own(value: unknown): unknown {
    return this.settings.isolation === "freeze" ? freezeValue(value) : value;
  }

  /** What a caller is given of a stored value. */
  expose(value: unknown): unknown {
    return this.settings.isolation === "clone" ? cloneValue(value) : value;
  }

  #create(): Lru {
    const { maxEntries, maxBytes } = this.settings;
    return new LRUCache<string, Entry>({
      max: maxEntries,
      ...(maxBytes !== undefined && { maxSize: maxBytes }),
      // Not `dispose`, which runs in the middle of a set: a listener may set something itself.
      disposeAfter: (entry, id, reason) => {
        if (reason === "evict") this.#onEvict(id, entry);
      },
    });
  }
}
