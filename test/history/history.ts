// One run: workers on one store, faults by a schedule, every read judged; then quiet, in which all must agree.

import { setTimeout as sleepFor } from "node:timers/promises";
import { waitUntil } from "../support/wait-until.ts";
import { buildBundle } from "./bundle.ts";
import type { Bundle } from "./bundle.ts";
import { Checker } from "./checker.ts";
import type { Violation } from "./checker.ts";
import { Database } from "./database.ts";
import type { Entry, Instant } from "./entries.ts";
import type { Store } from "./fault-plan.ts";
import type { HistoryOptions, HistoryResult } from "./history-options.ts";
import { LIMITS } from "./limits.ts";
import { watchPauses } from "./pauses.ts";
import { instant } from "./protocol.ts";
import type { WorkerConfig } from "./protocol.ts";
import { makeSchedule } from "./schedule.ts";
import type { Step } from "./schedule.ts";
import { settle } from "./settle.ts";
import { openStore, planFault } from "./store.ts";
import { WorkerProcess } from "./worker-process.ts";

const WORKERS = 4;
const LANES = 24;
const REST_MS = 16;
/** Some processes hold everything, others must ask often. */
const MAX_ENTRIES = [1_000, 1_000, 24, 1_000];
/** What judges a read comes in within this. */
const JUDGED_AFTER_MS = 1_500;
const JUDGE_EVERY_MS = 100;
/** How much longer a busy machine may take for as many invalidations as are wanted. */
const ENOUGH_MS = 90_000;

/** Runs. */
export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const cleanUps: (() => unknown)[] = [];
  try {
    const world = await setUp(options, cleanUps);
    const history = new History(options, world);
    cleanUps.push(() => history.end());
    return await history.run();
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  }
}

interface Setting {
  readonly bundle: Bundle;
  readonly store: Store;
}

async function setUp(
  { store: kind = "redis", edits, seed, modules }: HistoryOptions,
  cleanUps: (() => unknown)[],
): Promise<Setting> {
  const bundle = await buildBundle(edits, modules);
  cleanUps.push(() => bundle.remove());
  const store = await openStore(kind, { seed, workers: WORKERS, vandalFile: bundle.vandalFile });
  cleanUps.push(() => store.stop());
  return { bundle, store };
}

/** A run that goes on. */
class History {
  readonly #options: HistoryOptions;
  readonly #store: Store;
  readonly #workers: readonly WorkerProcess[];
  readonly #checker = new Checker(LIMITS);
  readonly #names: string[] = [];
  readonly #violations: Violation[] = [];
  readonly #invalidations: Record<string, number> = {};
  readonly #outcomes: Record<string, number> = {};
  readonly #faults: string[] = [];
  readonly #problems: string[] = [];
  readonly #stop = new AbortController();
  /** No more faults. */
  readonly #quiet = new AbortController();
  #count = 0;
  readonly #stops: readonly (() => void)[];
  readonly #judge: NodeJS.Timeout;
  #startedAt = 0;
  #foundAfterMs: number | undefined;
  #lastFault = 0;

  constructor(options: HistoryOptions, { bundle, store }: Setting) {
    this.#options = options;
    this.#store = store;
    const setting = {
      workerFile: bundle.workerFile,
      database: new Database((commit) => this.#log(commit)),
      log: (entry: Entry) => this.#log(entry),
      names: this.#names,
      onCrash: (problem: string) => void this.#problems.push(problem),
      configOf: (worker: number) => {
        const tier = store.tierOf(worker);
        return { cacheUrl: bundle.cacheUrl, tierUrl: bundle.tierUrls[tier.name], tier, ...this.#paceOf(worker) };
      },
      seed: options.seed,
    };
    this.#workers = Array.from({ length: WORKERS }, (_, worker) => new WorkerProcess(worker, setting));
    const log = (from: Instant, to: Instant): void => this.#log({ kind: "pause", process: undefined, from, to });
    this.#stops = [watchPauses(log), store.watch(log)];
    this.#judge = setInterval(() => this.#look(instant() - JUDGED_AFTER_MS), JUDGE_EVERY_MS);
  }

  async run(): Promise<HistoryResult> {
    const { forMs, atLeast = 0, seed, store = "redis", only, pace, stretch } = this.#options;
    const workers = this.#workers;
    await Promise.all(workers.map((worker) => worker.start()));
    this.#startedAt = instant();
    const steps = makeSchedule({ seed, durationMs: forMs * 3, workers: WORKERS, store, only, pace, stretch });
    const lanes = [undefined, ...workers.keys()].map((lane) =>
      this.#bringAbout(steps.filter(({ worker }) => worker === lane)),
    );
    // Once the run has failed, nobody is left to be told of them.
    for (const lane of lanes) lane.catch(() => undefined);
    const isEnough = (): boolean => this.#stop.signal.aborted || this.#count >= atLeast;
    await this.#pause(forMs);
    await waitUntil(isEnough, { deadlineMs: ENOUGH_MS, what: `there have been ${atLeast} invalidations` });
    this.#quiet.abort();
    // Some of the last faults outlive the work, so that what is pending has to be settled by replay alone.
    await Promise.all([...lanes, ...workers.map((worker) => worker.ask({ what: "rest" }).catch(() => undefined))]);
    const checker = this.#checker;
    const flag = (violation: Violation): void => this.#flag(violation);
    const log = (entry: Entry): void => this.#log(entry);
    if (!this.#stop.signal.aborted) await settle({ workers, checker, flag, log, signal: this.#stop.signal });
    if (!this.#stop.signal.aborted) this.#look(Infinity);
    if (this.#problems.length > 0) throw new Error(this.#problems.join("\n"));
    return {
      violations: this.#violations,
      invalidations: this.#invalidations,
      outcomes: this.#outcomes,
      reads: this.#checker.judged,
      calmReads: this.#checker.judgedCalm,
      processes: this.#names.length,
      faults: this.#faults,
      foundAfterMs: this.#foundAfterMs,
    };
  }

  /** Ends what still runs. */
  async end(): Promise<void> {
    clearInterval(this.#judge);
    for (const stop of this.#stops) stop();
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }

  /** The faults of one target, one after the other. */
  async #bringAbout(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#pause(this.#startedAt + step.at - instant(), this.#quiet.signal);
      if (this.#quiet.signal.aborted || this.#stop.signal.aborted) return;
      const { effect, recoveryMs, extraMs, forAll, begin } = planFault(step, this.#store, this.#workers);
      const process = step.worker === undefined ? undefined : this.#workers[step.worker]!.name;
      this.#faults.push(step.fault);
      const fault = { kind: "fault", name: step.fault, from: instant(), recoveryMs, extraMs } as const;
      const id = ++this.#lastFault;
      this.#log({ ...fault, id, effect, process });
      if (forAll !== undefined) this.#log({ ...fault, id: -id, effect: forAll, process: undefined });
      const undo = await begin();
      await this.#pause(step.forMs);
      await undo();
      for (const healed of [id, -id]) this.#log({ kind: "healed", id: healed, at: instant() });
    }
  }

  #paceOf(worker: number): Pick<WorkerConfig, "maxEntries" | "lanes" | "restMs"> {
    const restMs = REST_MS * (this.#options.calm ?? 1);
    return { maxEntries: MAX_ENTRIES[worker]!, lanes: LANES, restMs };
  }

  #log(entry: Entry): void {
    if (entry.kind === "invalidation") {
      const { verb, outcome } = entry;
      this.#count++;
      this.#invalidations[verb] = (this.#invalidations[verb] ?? 0) + 1;
      this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
    }
    this.#checker.add(entry);
  }

  #look(until: number): void {
    for (const violation of this.#checker.judge(until)) this.#flag(violation);
    if (this.#problems.length > 0) this.#stop.abort();
  }

  #flag(violation: Violation): void {
    if (this.#stop.signal.aborted) return;
    this.#violations.push(violation);
    this.#foundAfterMs ??= instant() - this.#startedAt;
    if (this.#options.isStoppedByViolation === true) this.#stop.abort();
  }

  async #pause(ms: number, alsoUntil: AbortSignal = this.#stop.signal): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, alsoUntil]);
    if (ms > 0) await sleepFor(ms, undefined, { signal }).catch(() => undefined);
  }
}
