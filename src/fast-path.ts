// The way of a hit in memory, which most reads are: no await, no closure, no merging of options, no event unless somebody listens.

import { changesReading, type Targets } from "./arguments.ts";
import type { Engine } from "./engine/engine.ts";
import type { SharedTier } from "./engine/shared-tier.ts";
import type { MemoryTier } from "./memory/memory-tier.ts";
import { refreshesBehind } from "./model/call.ts";
import type { GetOptions } from "./model/call-options.ts";
import { CoarseClock } from "./model/clock.ts";
import type { Entry } from "./model/entry.ts";
import { isTouched } from "./model/epoch.ts";
import type { Counters } from "./observe/counters.ts";
import type { Listeners } from "./observe/events.ts";

/** Hits of which one is measured, less one: a power of two. */
const SAMPLED = 4_096 - 1;

/** Answers what memory can answer without asking the engine. Whatever is special about a call, the engine sees to. */
export class FastPath {
  readonly #engine: Engine;
  readonly #targets: Targets;
  readonly #listeners: Listeners;
  readonly #clock: CoarseClock;
  // What every hit needs, at hand.
  readonly #memory: MemoryTier;
  readonly #counters: Counters;
  readonly #shared: SharedTier | undefined;
  readonly #namespace: string | undefined;
  #isOpen: boolean;

  constructor(engine: Engine, targets: Targets, listeners: Listeners) {
    this.#engine = engine;
    this.#targets = targets;
    this.#listeners = listeners;
    this.#clock = new CoarseClock(engine.clock);
    this.#memory = engine.memory;
    this.#counters = engine.counters;
    this.#shared = engine.shared;
    this.#namespace = engine.settings.call.namespace;
    const { enabled, trackAccess, memory, call, isMemoryFirst } = engine.settings;
    const isPlain = memory.isolation !== "clone" && call.maxAgeMs === Infinity && call.earlyRefresh === 0;
    this.#isOpen = enabled && memory.enabled && isMemoryFirst && !trackAccess && isPlain;
  }

  /**
   * The entry, if it is fresh in memory and nothing about the call is special. No option is validated here: a call
   * that gets further than this has been validated on the miss that came before.
   */
  freshHit(key: string, options: GetOptions | undefined): Entry | undefined {
    if (!this.#isOpen || typeof key !== "string") return undefined;
    let namespace = this.#namespace;
    if (options !== undefined) {
      if (options === null || typeof options !== "object" || changesReading(options)) return undefined;
      if (options.namespace !== undefined) {
        if (typeof options.namespace !== "string") return undefined;
        namespace = options.namespace;
      }
    }
    const entry = this.#memory.get(this.#targets.id(namespace, key));
    if (entry === undefined || isTouched(entry) || !this.#clock.isAhead(entry.freshUntil)) return undefined;
    const shared = this.#shared;
    if (shared !== undefined && !shared.spares(entry)) return undefined;
    entry.namespaceEpoch.hits++;
    if ((++this.#counters.freshHits & SAMPLED) === 0) this.#sample(namespace, key);
    if (this.#listeners.wants("hit")) this.#listeners.notify({ type: "hit", key, namespace, tier: "memory" });
    return entry;
  }

  /**
   * The entry, if it is stale, is being refreshed, and nothing about the call is special: there is nothing to do but to
   * give it, as often as it is asked for meanwhile.
   */
  staleHit(key: string, options: GetOptions | undefined): Entry | undefined {
    if (!this.#isOpen || options !== undefined || typeof key !== "string") return undefined;
    const { flights, backoff, settings } = this.#engine;
    if (!refreshesBehind(settings.call)) return undefined;
    const id = this.#targets.id(this.#namespace, key);
    if (flights.joinable(id) === undefined) return undefined;
    const entry = this.#memory.peek(id);
    if (entry === undefined || isTouched(entry) || !this.#clock.isAhead(entry.staleUntil)) return undefined;
    const shared = this.#shared;
    if (shared !== undefined && !shared.spares(entry)) return undefined;
    if (backoff.hasFailed(entry)) return undefined;
    entry.namespaceEpoch.hits++;
    this.#counters.staleHits++;
    if (this.#listeners.wants("stale")) {
      this.#listeners.notify({ type: "stale", key, namespace: this.#namespace, tier: "memory" });
    }
    return entry;
  }

  /** From now on it answers nothing. */
  close(): void {
    this.#isOpen = false;
    this.#clock.stop();
  }

  /** Measures how long a hit takes, by doing once more what it does. */
  #sample(namespace: string | undefined, key: string): void {
    const { clock, settings, counters } = this.#engine;
    if (!settings.enableStats) return;
    const begunAt = clock.now();
    const entry = this.#memory.get(this.#targets.id(namespace, key));
    if (entry === undefined || isTouched(entry) || !this.#clock.isAhead(entry.freshUntil)) return;
    counters.memory.latency.record(clock.now() - begunAt);
  }
}
