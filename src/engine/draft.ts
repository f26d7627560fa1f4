// Making entries: the lifetimes of a value, its size, and the epochs it belongs to, before it is stored anywhere.

import type { CallSettings } from "../model/call.ts";
import { parseDuration, type Instant, type Milliseconds } from "../model/duration.ts";
import { Entry } from "../model/entry.ts";
import type { Stamped } from "../model/epoch.ts";
import { capSpans, spansOf, type Lifetimes, type Spans } from "../model/policy.ts";
import type { NotStoredReason } from "../model/event.ts";
import type { Engine, Target } from "./engine.ts";

/** A value ready to be stored. */
export interface Draft {
  /** As it was given. */
  readonly value: unknown;
  /** As memory holds it. */
  readonly admitted: unknown;
  /** Bytes in memory, as measured; `undefined` where nobody counts them. */
  readonly size: number | undefined;
  /** Without the bounds of single tiers. */
  readonly spans: Spans;
  readonly isNegative: boolean;
  readonly loadMs: Milliseconds;
}

/** The present epochs of a call's namespace and tags. */
export function stampNow({ epochs }: Engine, { namespace, tags }: CallSettings): Stamped {
  return { asOf: epochs.now, namespaceEpoch: epochs.namespace(namespace), tags: epochs.tags(tags) };
}

/** Spans of what nobody stores. */
const NOWHERE: Spans = { freshMs: 0, staleMs: 0, errorMs: 0 };

/**
 * Runs code of the user's, such as a `ttl` function: so before the look at the fence.
 * @throws CacheError `unserializable`, or what that code throws
 */
export function makeDraft(
  { memory, random }: Engine,
  { key }: Target,
  settings: CallSettings,
  value: unknown,
  loadMs: Milliseconds,
): Draft {
  if (!settings.memory.use && settings.shared?.use !== true) {
    return { value, admitted: value, size: undefined, spans: NOWHERE, isNegative: false, loadMs };
  }
  const isNegative = settings.negativeTtlMs !== undefined && settings.isNegative(value as never);
  const spans = spansOf(lifetimesOf(settings, value, isNegative), random);
  const admitted = settings.memory.use ? memory.admit(value) : value;
  const size = settings.memory.use ? memory.measure(admitted, key) : undefined;
  return { value, admitted, size, spans, isNegative, loadMs };
}

/** How long a value lives. A negative one has no stale windows: they would hide for longer that it has come to be. */
function lifetimesOf(settings: CallSettings, value: unknown, isNegative: boolean): Lifetimes {
  const { ttl, negativeTtlMs, jitter, staleWhileRevalidateMs, staleIfErrorMs } = settings;
  if (isNegative) return { ttlMs: negativeTtlMs as Milliseconds, jitter, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
  const ttlMs = typeof ttl === "function" ? parseDuration(ttl(value as never), "ttl(value)") : ttl;
  return { ttlMs, jitter, staleWhileRevalidateMs, staleIfErrorMs };
}

/** The entry of a draft, with the spans that it has in one tier. */
export function entryOf(
  { settings: { trackAccess } }: Engine,
  draft: Draft,
  spans: Spans,
  stamp: Stamped,
  createdAt: Instant,
  version: string | undefined,
): Entry {
  const access = trackAccess ? { hitCount: 0, lastAccessedAt: undefined } : undefined;
  return new Entry(draft.admitted, createdAt, spans, stamp, draft.loadMs, version, access);
}

/**
 * Puts a draft into memory in place of the old entry, which goes in any case.
 * @param version of the frame that the authority holds of it; `undefined` where it has not confirmed one
 * @returns the entry, or why it is not there
 */
export function storeInMemory(
  engine: Engine,
  { id, settings }: Target,
  draft: Draft,
  stamp: Stamped,
  createdAt: Instant,
  version: string | undefined,
): Entry | NotStoredReason {
  const { memory } = engine;
  if (!settings.memory.use) {
    memory.delete(id);
    return "tier-skipped";
  }
  const spans = capSpans(draft.spans, Math.min(memory.settings.maxAgeMs, settings.memory.maxAgeMs));
  if (spans.errorMs > 0) {
    const entry = entryOf(engine, draft, spans, stamp, createdAt, version);
    return memory.set(id, entry, draft.size) ? entry : "too-large";
  }
  memory.delete(id);
  return "no-lifetime";
}
