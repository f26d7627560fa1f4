// The engine: everything the functions of this folder work on, made once per cache.

import type { Clock } from "../contracts/clock.ts";
import type { Observer } from "../contracts/observer.ts";
import type { RemoteTierPlan } from "../contracts/remote.ts";
import type { Tracer } from "../contracts/tracer.ts";
import { keyOfEntry } from "../model/entry.ts";
import type { CallSettings } from "../model/call.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { PayloadSettings } from "../model/payload-options.ts";
import type { Validate } from "../model/validation.ts";
import { MemoryTier, type MemorySettings } from "../memory/memory-tier.ts";
import { Counters } from "../observe/counters.ts";
import { Backoff } from "./backoff.ts";
import { BackgroundQueue } from "./background.ts";
import { EpochTable } from "./epochs.ts";
import { connectShared, openShared, sharedEpochUsers } from "./open-shared.ts";
import type { SharedTier } from "./shared-tier.ts";
import { CopyTier } from "./copy-tier.ts";
import { Flights } from "./single-flight.ts";
import { Tasks } from "./tasks.ts";

/** What the engine must know of a cache's settings. */
export interface EngineSettings {
  readonly enabled: boolean;
  readonly memory: MemorySettings;
  readonly validate: Validate | undefined;
  readonly trackAccess: boolean;
  /** Whether what is counted is told. */
  readonly enableStats: boolean;
  readonly refreshConcurrency: number;
  readonly refreshQueue: number;
  readonly refreshTimeoutMs: Milliseconds;
  readonly clock: Clock;
  readonly random: () => number;
  /** `undefined`: nobody traces. */
  readonly tracer: Tracer | undefined;
  /** Settings of a call without options. */
  readonly call: CallSettings;
  /** The tier shared with other processes. */
  readonly shared: SharedSettings | undefined;
  /** The tier that keeps copies of what the shared one holds. */
  readonly copies: CopySettings | undefined;
  /** Whether memory is read before the shared tier. */
  readonly isMemoryFirst: boolean;
}

/** What the engine must know to open a shared tier. */
export interface SharedSettings {
  readonly plan: RemoteTierPlan;
  /** What the full keys of the cache start with. */
  readonly root: string;
  /** How values become bytes there. */
  readonly payload: PayloadSettings;
}

/** What the engine must know to open a tier of copies. */
export interface CopySettings extends SharedSettings {
  /** Whether it is read before the shared tier. */
  readonly isFirst: boolean;
}

/** The parts of a running cache. */
export interface Engine {
  readonly settings: EngineSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: Observer;
  readonly tracer: Tracer | undefined;
  readonly counters: Counters;
  readonly memory: MemoryTier;
  readonly epochs: EpochTable;
  readonly flights: Flights;
  readonly backoff: Backoff;
  readonly background: BackgroundQueue;
  readonly shared: SharedTier | undefined;
  /** Only where there is a shared tier. */
  readonly copies: CopyTier | undefined;
  readonly tasks: Tasks;
}

/** What a keyed verb is about: one key, and the settings of the call. */
export interface Target {
  readonly key: string;
  /** The key inside this process, its namespace included. */
  readonly id: string;
  readonly settings: CallSettings;
  /** The key in tiers outside the process, made when it is needed first. */
  fullKey?: string;
}

/** Puts the parts together. */
export function createEngine(settings: EngineSettings, observer: Observer): Engine {
  const { clock, random, tracer } = settings;
  const counters = new Counters(clock.now());
  const memory = new MemoryTier(settings.memory, (id, entry) => {
    counters.memory.evictions++;
    if (observer.wants("evict")) observer.notify({ type: "evict", tier: memory.name, ...keyOfEntry(id, entry) });
  });
  const epochs = new EpochTable(function* () {
    for (const [, entry] of memory.entries()) yield entry;
    yield* flights.epochUsers();
    if (engine.shared !== undefined) yield* sharedEpochUsers(engine.shared);
  });
  const flights = new Flights(epochs, clock, settings.refreshTimeoutMs);
  const backoff = new Backoff(clock, random);
  const background = new BackgroundQueue(settings.refreshConcurrency, settings.refreshQueue);
  const parts = {
    settings,
    clock,
    random,
    observer,
    tracer,
    counters,
    memory,
    epochs,
    flights,
    backoff,
    background,
    tasks: new Tasks(),
  };
  const shared = settings.enabled && settings.shared !== undefined ? openShared(parts, settings.shared) : undefined;
  const copies =
    shared !== undefined && settings.copies !== undefined ? new CopyTier(parts, settings.copies) : undefined;
  const engine: Engine = Object.freeze({ ...parts, shared, copies });
  if (shared !== undefined) connectShared(engine, shared);
  return engine;
}
