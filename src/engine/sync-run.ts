// One call of a synchronous refresh: what it is given, and what becomes of what it returns or throws.

import { CacheError, show } from "../errors.ts";
import { isThenable } from "../model/check.ts";
import type { TraceSpan } from "../contracts/tracer.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import type { Epoch } from "../model/epoch.ts";
import type { SyncRefresh } from "../model/refresh.ts";
import type { Refusal } from "../model/validation.ts";
import type { Payload } from "../codec/payload.ts";
import { refusalAtOnce } from "./accept.ts";
import type { CopyPayload } from "./copy-tier.ts";
import { makeDraft, stampNow, type Draft } from "./draft.ts";
import type { Engine, Target } from "./engine.ts";
import { allTags } from "./fill.ts";
import { PendingSet } from "./pending-sets.ts";
import { departed, measured } from "./refresh.ts";
import { Context, ResultNotes, type SignalSource } from "./refresh-context.ts";
import { tierOf } from "./set.ts";
import { encodeValue } from "./share.ts";
import { traceSync } from "./traced-run.ts";

/** What a refresh has returned, ready to be stored. No code of the user's has to run for that any more. */
export interface Made {
  readonly kind: "made";
  readonly value: unknown;
  /** `undefined` when there is nothing to store. */
  readonly draft: Draft | undefined;
  /** For the shared tier, as the value was when the caller got it. */
  readonly payload: Payload | Promise<Payload> | undefined;
  readonly copy: CopyPayload;
  /** All tags, those named by the refresh included. */
  readonly tags: readonly Epoch[] | undefined;
  readonly skipped: boolean;
  readonly refusal: Refusal;
  readonly durationMs: Milliseconds;
}

/** How a refresh went, and the span it went in, where somebody traces: whoever gets it ends it. */
export type SyncOutcome = SyncEnd & { readonly span: TraceSpan | undefined };

type SyncEnd =
  | Made
  /** `isMisuse`: it cannot be used here at all. No old value is to hide that. */
  | { readonly kind: "failed"; readonly error: unknown; readonly isMisuse: boolean };

/** The signal of what nobody can abort: made when it is asked for. */
export class NoAbort implements SignalSource {
  #signal: AbortSignal | undefined;

  get signal(): AbortSignal {
    return (this.#signal ??= new AbortController().signal);
  }
}

/** Numbers a refresh and captures its epochs, before it is called. */
export function beginSync(engine: Engine, target: Target): PendingSet {
  return new PendingSet(engine.flights.nextNumber(), target, stampNow(engine, target.settings));
}

/** Calls a refresh that is registered. Never throws. */
export function runSync(
  engine: Engine,
  begun: PendingSet,
  refresh: SyncRefresh,
  previous: Entry | undefined,
): SyncOutcome {
  const span = traceSync(engine, begun.target);
  const run = (): SyncEnd => callSync(engine, begun, refresh, previous);
  return { ...(span === undefined ? run() : span.within(run)), span };
}

function callSync(engine: Engine, begun: PendingSet, refresh: SyncRefresh, previous: Entry | undefined): SyncEnd {
  const { target } = begun;
  const notes = new ResultNotes(target.settings, engine.epochs);
  departed(engine, [{ target, background: false }]);
  try {
    const begunAt = engine.clock.now();
    const stale = previous && engine.memory.expose(previous.value);
    const value = refresh(new Context(target, new NoAbort(), stale, notes));
    const durationMs = measured(engine, begunAt);
    const isValue = value !== undefined && !notes.skipped;
    const refusal = promiseRefusal(target, value) ?? (isValue ? refusalAtOnce(engine, value, "getSync") : undefined);
    if (refusal instanceof CacheError) return { kind: "failed", error: refusal, isMisuse: true };
    const tags = allTags({ tags: begun.tags, notes, previous });
    const made = { kind: "made", value, tags, skipped: notes.skipped, refusal, durationMs } as const;
    if (!isValue || refusal !== undefined) return { ...made, draft: undefined, payload: undefined, copy: undefined };
    const draft = makeDraft(engine, target, notes.settings, value, durationMs);
    const shared = tierOf(engine, target);
    const copy = engine.copies?.encode(target, draft.admitted);
    return { ...made, draft, payload: shared && encodeValue(shared, draft), copy };
  } catch (error) {
    return { kind: "failed", error, isMisuse: false };
  }
}

/** Why what a refresh returned is refused: it is a promise. `undefined` when it is none. */
export function promiseRefusal({ key }: Target, value: unknown): CacheError | undefined {
  if (!isThenable(value)) return undefined;
  // Nobody hears what becomes of it.
  Promise.resolve(value).catch(() => undefined);
  const rule = `must be synchronous, and not return a promise, for which there is get()`;
  return new CacheError("invalid_argument", `refresh of ${show(key)} ${rule}; got ${show(value)}`, { key });
}
