// The caches that one set of metrics tells of, and the snapshots of them that one scrape is made of.

import { badInput } from "../errors.ts";
import type { CacheStats } from "../model/stats.ts";
import type { CacheWithStats } from "../model/stats-reading.ts";
import { ToldNamespaces } from "./namespaces.ts";
import type { MetricsSettings } from "./options.ts";

/** Caches by name: the label that tells them apart. */
export class Collection {
  readonly #sources = new Map<string, { readonly cache: CacheWithStats; readonly told: ToldNamespaces }>();
  #snapshots: readonly CacheStats[] | undefined;

  get isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  /** Adding one again changes nothing. @throws CacheError `invalid_argument` for another of the same name */
  add(cache: CacheWithStats, settings: MetricsSettings): void {
    const known = this.#sources.get(cache.name)?.cache;
    if (known === cache) return;
    if (known !== undefined) {
      throw badInput("invalid_argument", "cache.name", "unique among the caches of a registry", cache.name);
    }
    this.#sources.set(cache.name, { cache, told: new ToldNamespaces(settings) });
    this.#snapshots = undefined;
  }

  remove(cache: CacheWithStats): void {
    if (this.#sources.get(cache.name)?.cache === cache) this.#sources.delete(cache.name);
    this.#snapshots = undefined;
  }

  /** One of each cache, the same for all metrics of a scrape, which asks for them one after the other without a pause. */
  snapshots(): readonly CacheStats[] {
    if (this.#snapshots === undefined) {
      this.#snapshots = [...this.#sources.values()].map(({ cache, told }) => told.limit(cache.stats()));
      queueMicrotask(() => (this.#snapshots = undefined));
    }
    return this.#snapshots;
  }
}
