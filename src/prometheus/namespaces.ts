// Keeps the number of namespaces that are told of in bounds, and the choice steady from scrape to scrape.

import type { CacheStats, NamespaceStats } from "../model/stats.ts";
import type { MetricsSettings } from "./options.ts";

/** The label of all namespaces that are not told of one by one. */
const OTHERS = "__other__";

/** Which namespaces of one cache are told of. One that has been, stays: a series that came and went would be two. */
export class ToldNamespaces {
  readonly #told: Set<string>;
  readonly #max: number;

  constructor({ named, maxOthers }: Pick<MetricsSettings, "named" | "maxOthers">) {
    this.#told = new Set(named);
    this.#max = named.length + maxOthers;
  }

  /** A snapshot whose namespaces are those told of, and the sum of all others. */
  limit(stats: CacheStats): CacheStats {
    const { namespaces } = stats;
    const byUse = Object.entries(namespaces).sort(([, a], [, b]) => usesOf(b) - usesOf(a));
    for (const [name] of byUse) if (this.#told.size < this.#max) this.#told.add(name);
    const told: [string, NamespaceStats][] = [];
    let others: NamespaceStats | undefined;
    for (const [name, one] of Object.entries(namespaces)) {
      if (this.#told.has(name)) told.push([name, one]);
      else others = others === undefined ? one : sum(others, one);
    }
    if (others !== undefined) told.push([OTHERS, others]);
    return { ...stats, namespaces: Object.fromEntries(told) };
  }
}

function usesOf({ hits, misses }: NamespaceStats): number {
  return hits + misses;
}

function sum(a: NamespaceStats, b: NamespaceStats): NamespaceStats {
  const entries = a.entries === undefined || b.entries === undefined ? undefined : a.entries + b.entries;
  return { hits: a.hits + b.hits, misses: a.misses + b.misses, entries };
}
