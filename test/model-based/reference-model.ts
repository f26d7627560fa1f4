// The reference model: what a cache promises, in the simplest words, one thing at a time. It shares no code with src.

import { TTL, textOf, type CallOptions, type Ending, type Id, type Script, type Setup } from "./command.ts";
import { ReferenceFlights, type Landing, type ReferenceFlight, type ReferenceRun } from "./reference-flights.ts";
import { ReferenceStore, type ReferenceEntry } from "./reference-store.ts";
import { keysScope } from "./scope.ts";
import { shown } from "./shown.ts";

/** A call of `get` or `getMany` with a refresh; without an outcome while it waits. */
export interface ReferenceCall {
  outcome: string | undefined;
}

interface Request {
  readonly options: CallOptions;
  readonly script: Script;
  readonly isBatch: boolean;
  /** Index of the command that asked. */
  readonly bornIn: number;
}

/** What a read of one key came to; `undefined` when it must be read again. */
type Answer = { readonly value: unknown } | { readonly error: string } | undefined;

/** Everything a cache does with refreshes. */
export class ReferenceModel {
  readonly store: ReferenceStore;
  readonly flights: ReferenceFlights;
  readonly calls: ReferenceCall[] = [];
  /** Index of the present command. */
  step = 0;
  readonly #setup: Setup;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.store = new ReferenceStore(setup);
    this.flights = new ReferenceFlights(this.store, setup.refreshConcurrency);
  }

  get(id: Id, options: CallOptions, script: Script): void {
    const call: ReferenceCall = { outcome: undefined };
    const bornIn = this.step;
    this.calls.push(call);
    const read = (): void =>
      this.#read([id], { options, script, isBatch: false, bornIn }, ([answer]) => {
        if (answer === undefined) read();
        else call.outcome = "error" in answer ? `throws ${answer.error}` : shown(answer.value);
      });
    read();
    this.#follow();
  }

  getMany(ids: readonly Id[], options: CallOptions, script: Script): void {
    const call: ReferenceCall = { outcome: undefined };
    const bornIn = this.step;
    this.calls.push(call);
    const values = new Map<string, unknown>();
    const read = (open: readonly Id[]): void =>
      this.#read(open, { options, script, isBatch: true, bornIn }, (answers) => {
        const failed = answers.find((answer) => answer !== undefined && "error" in answer);
        if (failed !== undefined) call.outcome ??= `throws ${(failed as { error: string }).error}`;
        if (call.outcome !== undefined) return;
        open.forEach((id, index) => values.set(textOf(id), (answers[index] as { value?: unknown } | undefined)?.value));
        const again = open.filter((_, index) => answers[index] === undefined);
        if (again.length > 0) read(again);
        else call.outcome = shown(ids.map((id) => values.get(textOf(id))));
      });
    read(distinct(ids));
    this.#follow();
  }

  set(id: Id, { tags, ttl }: CallOptions): void {
    this.store.invalidate(keysScope([id]), false);
    const value = `${textOf(id)}#${this.flights.nextVersion(id)}`;
    this.store.put({ id, tags, asOf: this.store.time }, value, ttl);
  }

  /** Answers how many of the ids had an entry to serve. */
  delete(ids: readonly Id[]): number {
    const visible = distinct(ids).filter((id) => this.store.visible(id) !== undefined);
    this.store.invalidate(keysScope(ids), false);
    return visible.length;
  }

  markStale(id: Id): void {
    this.store.markStale(id);
    this.store.invalidate(keysScope([id]), true);
  }

  /** The refreshes that have been called and not told how to end, by label. */
  hanging(): ReferenceRun[] {
    return this.flights.started.filter(({ toldToEnd }) => !toldToEnd).toSorted((a, b) => (a.label < b.label ? -1 : 1));
  }

  settle(run: ReferenceRun, ending: Ending): void {
    this.#end(run, ending);
    this.#follow();
  }

  /** Moves time on. Background refreshes that come to their limit on the way are given up. */
  advance(ms: number): void {
    const end = this.store.now + ms;
    for (let run = this.flights.nextTimeout(end); run !== undefined; run = this.flights.nextTimeout(end)) {
      this.store.now = run.limitAt;
      run.aborted = true;
      this.flights.end(run, (flight) => this.#failed(flight, "timeout"));
      this.#follow();
    }
    this.store.now = end;
  }

  /** One look at some keys: what can be served is; for the rest there is a flight each, and `done` hears of all. */
  #read(ids: readonly Id[], request: Request, done: (answers: readonly Answer[]) => void): void {
    const { options, isBatch } = request;
    const answers: Answer[] = ids.map(() => undefined);
    const behind = this.#newRun(request, true);
    const ahead = this.#newRun(request, false);
    const waiting: { readonly id: Id; readonly index: number; readonly entry: ReferenceEntry | undefined }[] = [];
    for (const [index, id] of ids.entries()) {
      const entry = this.store.find(id);
      const plan = entry === undefined || options.forceRefresh ? "wait" : this.#plan(entry);
      if (plan === "wait") {
        waiting.push({ id, index, entry });
        continue;
      }
      if (plan === "serveAndRefresh" && !this.flights.joinable(id)) this.flights.add(behind, id, options.tags, entry);
      answers[index] = { value: entry?.value };
    }
    if (behind.flights.length > 0) this.flights.queue(behind);
    if (waiting.length === 0) return done(answers);
    const rides = waiting.map(({ id, index, entry }) => {
      const flight = this.flights.joinable(id) ?? this.flights.add(ahead, id, options.tags, entry);
      return { flight, index, isDoubtful: this.store.hasWiderInvalidationSince(flight) };
    });
    let open = rides.length;
    for (const { flight, index, isDoubtful } of rides) {
      this.flights.start(flight.run);
      const hear = (landing: Landing): void => {
        const answer = this.#answer(flight, landing, isDoubtful, options.forceRefresh);
        answers[index] = answer;
        if (--open === 0 || (answer !== undefined && "error" in answer)) done(answers);
      };
      flight.riders.push({ isBatch, hear });
    }
  }

  #plan(entry: ReferenceEntry): "serve" | "serveAndRefresh" | "wait" {
    const state = this.store.state(entry);
    if (state === "fresh" || this.store.isBackingOff(entry)) return "serve";
    return state === "stale" && this.#setup.backgroundRefresh ? "serveAndRefresh" : "wait";
  }

  /** A rider's answer. Whoever came after a wider invalidation reads again, if the refresh named an invalidated tag. */
  #answer(flight: ReferenceFlight, landing: Landing, isDoubtful: boolean, isForced: boolean): Answer {
    if (landing.ok) {
      if (isDoubtful && this.store.areTagsTouched(landing.tags, flight.asOf)) return undefined;
      return { value: landing.value };
    }
    const old = isForced ? undefined : this.store.find(flight.id);
    if (old !== undefined) return { value: old.value };
    // The limit of the background is not that of who has joined since: he reads again.
    return landing.error === "timeout" ? undefined : landing;
  }

  #newRun({ options: { ttl }, script, isBatch, bornIn }: Request, background: boolean): ReferenceRun {
    const request = { background, isBatch, ttl, script, bornIn, flights: [] };
    const progress = { startedAt: undefined, limitAt: Infinity, label: "", versions: [], namedTags: [] };
    return { ...request, ...progress, toldToEnd: false, aborted: false };
  }

  /** Lets the background have its turns, and ends the refreshes that end at once. */
  #follow(): void {
    for (;;) {
      this.flights.pump();
      const next = this.hanging().find(({ script, bornIn }) => script !== "hangs" && bornIn === this.step);
      if (next === undefined) return;
      this.#end(next, next.script as Ending);
    }
  }

  #end(run: ReferenceRun, ending: Ending): void {
    run.toldToEnd = true;
    this.flights.end(run, (flight, index) => this.#land(flight, index, ending));
  }

  /** Brings one flight to its end: stores the value, unless it is overtaken. */
  #land(flight: ReferenceFlight, index: number, { kind, lateTags, ttl }: Ending): Landing {
    const { run, previous } = flight;
    const isReused = kind === "notModified" && !run.isBatch;
    if (kind === "fails") return this.#failed(flight, `${run.label} fails`);
    if (isReused && previous === undefined) return this.#failed(flight, "invalid_argument");
    const named = lateTags.length > 0 ? lateTags : run.namedTags;
    const tags = [...new Set([...flight.tags, ...named, ...(isReused ? (previous?.tags ?? []) : [])])];
    const value = isReused ? previous?.value : newValue(flight, index, kind);
    const isKept = (kind !== "skip" || run.isBatch) && !flight.fenced && !this.store.isOvertaken({ ...flight, tags });
    if (isKept && value === undefined) this.store.delete(flight.id);
    else if (isKept) this.store.put({ ...flight, tags }, value, ttl ?? run.ttl ?? TTL);
    return { ok: true, value, tags };
  }

  #failed({ previous, asOf }: ReferenceFlight, error: string): Landing {
    if (previous !== undefined) this.store.backOff(previous, asOf);
    return { ok: false, error };
  }
}

function distinct(ids: readonly Id[]): Id[] {
  return [...new Map(ids.map((id) => [textOf(id), id])).values()];
}

function newValue({ id, run }: ReferenceFlight, index: number, kind: Ending["kind"]): unknown {
  if (kind === "null") return null;
  if (kind === "undefined" && (!run.isBatch || index % 2 === 0)) return undefined;
  return `${textOf(id)}#${run.versions[index]}`;
}
