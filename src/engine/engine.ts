// The engine: everything the functions of this folder work on, made once per cache.

import type { Clock } from "../contracts/clock.ts";
import type { Observer } from "../contracts/observer.ts";
import { keyOfEntry } from "../model/entry.ts";
import type { CallSettings } from "../model/call.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { Validate } from "../model/validation.ts";
import { MemoryTier, type MemorySettings } from "../memory/memory-tier.ts";
import { Counters } from "../observe/stats.ts";
import { Backoff } from "./backoff.ts";
import { BackgroundQueue } from "./background.ts";
import { EpochTable } from "./epochs.ts";
import { Flights } from "./single-flight.ts";

/** What the engine must know of a cache's settings. */
export interface EngineSettings {
  readonly enabled: boolean;
  readonly memory: MemorySettings;
  readonly validate: Validate | undefined;
  readonly trackAccess: boolean;
  readonly refreshConcurrency: number;
  readonly refreshQueue: number;
  readonly refreshTimeoutMs: Milliseconds;
  readonly clock: Clock;
  readonly random: () => number;
  /** Settings of a call without options. */
  readonly call: CallSettings;
}

/** The parts of a running cache. */
export interface Engine {
  readonly settings: EngineSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: Observer;
  readonly counters: Counters;
  readonly memory: MemoryTier;
  readonly epochs: EpochTable;
  readonly flights: Flights;
  readonly backoff: Backoff;
  readonly background: BackgroundQueue;
}

/** What a keyed verb is about: one key, and the settings of the call. */
export interface Target {
  readonly key: string;
  /** The key inside this process, its namespace included. */
  readonly id: string;
  readonly settings: CallSettings;
}

/** Puts the parts together. */
export function createEngine(settings: EngineSettings, observer: Observer): Engine {
  const { clock, random } = settings;
  const counters = new Counters(clock.now());
  const memory = new MemoryTier(settings.memory, (id, entry) => {
    counters.evictions++;
    if (observer.wants("evict")) observer.notify({ type: "evict", tier: memory.name, ...keyOfEntry(id, entry) });
  });
  const epochs = new EpochTable(function* () {
    for (const [, entry] of memory.entries()) yield entry;
    yield* flights.epochUsers();
  });
  const flights = new Flights(epochs, clock, settings.refreshTimeoutMs);
  const backoff = new Backoff(clock, random);
  const background = new BackgroundQueue(settings.refreshConcurrency, settings.refreshQueue);
  return Object.freeze({ settings, clock, random, observer, counters, memory, epochs, flights, backoff, background });
}
