// One run: workers on a shared Redis, faults by a schedule, every read judged; then quiet, in which all must agree.

import { setTimeout as sleepFor } from "node:timers/promises";
import type { CacheHealth } from "../../src/index.ts";
import type { Edit } from "../support/bundle.ts";
import { startCluster } from "../support/redis/cluster.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { buildBundle } from "./bundle.ts";
import type { Modules } from "./bundle.ts";
import { Checker } from "./checker.ts";
import type { Violation } from "./checker.ts";
import { Database } from "./database.ts";
import type { Entry, Instant, Read } from "./entries.ts";
import { planFault } from "./faults.ts";
import type { World } from "./faults.ts";
import { LIMITS, TIMEOUT_MS } from "./limits.ts";
import { watchPauses, watchServer } from "./pauses.ts";
import { instant } from "./protocol.ts";
import { makeSchedule } from "./schedule.ts";
import type { Step } from "./schedule.ts";
import { WorkerProcess } from "./worker-process.ts";

/** What a run is to be like. */
export interface HistoryOptions {
  /** The schedule of faults and the operations of every process follow from it; how they interleave does not. */
  readonly seed: number;
  /** How long there are faults. */
  readonly forMs: number;
  /** They go on until there have been so many invalidations, at most twice as long. Default 0. */
  readonly atLeast?: number;
  readonly isCluster?: boolean;
  /** Texts of src to replace: to see whether the run notices. */
  readonly edits?: readonly Edit[];
  /** Other modules in place of the package and its Redis tier. */
  readonly modules?: Modules;
  /** Only these faults. */
  readonly only?: readonly Step["fault"][];
  /** Multiplies the time between faults. */
  readonly pace?: number;
  /** Multiplies the time that faults last. */
  readonly stretch?: number | undefined;
  /** Multiplies the time that workers rest between operations. */
  readonly calm?: number | undefined;
  /** Ends with the first violation. */
  readonly isStoppedByViolation?: boolean;
}

/** What came of it. */
export interface HistoryResult {
  readonly violations: readonly Violation[];
  /** Calls by verb. */
  readonly invalidations: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Judged, and how many of those nothing excused. */
  readonly reads: number;
  readonly calmReads: number;
  readonly processes: number;
  readonly faults: readonly string[];
  /** When the first violation was found, counted from the beginning. */
  readonly foundAfterMs: number | undefined;
}

const WORKERS = 4;
const LANES = 24;
const REST_MS = 16;
/** Some processes hold everything, others must ask often. */
const MAX_ENTRIES = [1_000, 1_000, 24, 1_000];
/** What judges a read comes in within this. */
const JUDGED_AFTER_MS = 1_500;
const JUDGE_EVERY_MS = 100;
const HEALTHY_WITHIN_MS = 15_000;
const SETTLED_WITHIN_MS = 5_000;

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

type Setting = Pick<World, "proxies" | "server"> & { readonly bundle: Awaited<ReturnType<typeof buildBundle>> };

async function setUp(
  { isCluster = false, edits, seed, modules }: HistoryOptions,
  cleanUps: (() => unknown)[],
): Promise<Setting> {
  const bundle = await buildBundle(edits, modules);
  cleanUps.push(() => bundle.remove());
  const server = isCluster ? await startCluster() : await startRedis();
  cleanUps.push(() => server.stop());
  if ("nodes" in server) return { bundle, server, proxies: [] };
  const proxies = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) => startProxy(server, { seed: seed * 100 + index })),
  );
  cleanUps.push(() => Promise.all(proxies.map((proxy) => proxy.stop())));
  return { bundle, server, proxies };
}

/** A run that goes on. */
class History {
  readonly #options: HistoryOptions;
  readonly #world: World;
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

  constructor(options: HistoryOptions, { bundle, proxies, server }: Setting) {
    this.#options = options;
    const setting = {
      workerFile: bundle.workerFile,
      database: new Database((commit) => this.#log(commit)),
      log: (entry: Entry) => this.#log(entry),
      names: this.#names,
      onCrash: (problem: string) => void this.#problems.push(problem),
      configOf: (worker: number) => ({
        cacheUrl: bundle.cacheUrl,
        redisUrl: bundle.redisUrl,
        redis: {
          ...("nodes" in server ? { cluster: server.addresses } : { host: "127.0.0.1", port: proxies[worker]!.port }),
          timeout: TIMEOUT_MS,
          divergenceLimit: LIMITS.divergenceMs,
          connectTimeout: 1_000,
        },
        maxEntries: MAX_ENTRIES[worker]!,
        lanes: LANES,
        restMs: REST_MS * (this.#options.calm ?? 1),
      }),
      seed: options.seed,
    };
    const workers = Array.from({ length: WORKERS }, (_, worker) => new WorkerProcess(worker, setting));
    this.#world = { workers, proxies, server };
    const log = (from: Instant, to: Instant): void => this.#log({ kind: "pause", process: undefined, from, to });
    const servers = "nodes" in server ? server.nodes : [server];
    this.#stops = [watchPauses(log), ...servers.map((one) => watchServer(one, log))];
    this.#judge = setInterval(() => this.#look(instant() - JUDGED_AFTER_MS), JUDGE_EVERY_MS);
  }

  async run(): Promise<HistoryResult> {
    const { forMs, atLeast = 0, seed, isCluster = false, only, pace, stretch } = this.#options;
    const { workers } = this.#world;
    await Promise.all(workers.map((worker) => worker.start()));
    this.#startedAt = instant();
    const steps = makeSchedule({ seed, durationMs: forMs * 2, workers: WORKERS, isCluster, only, pace, stretch });
    const lanes = [undefined, ...workers.keys()].map((lane) =>
      this.#bringAbout(steps.filter(({ worker }) => worker === lane)),
    );
    const isEnough = (): boolean => this.#stop.signal.aborted || this.#count >= atLeast;
    await this.#pause(forMs);
    await waitUntil(isEnough, { deadlineMs: forMs, what: `there have been ${atLeast} invalidations` });
    this.#quiet.abort();
    // Some of the last faults outlive the work, so that what is pending has to be settled by replay alone.
    await Promise.all([...lanes, ...workers.map((worker) => worker.ask({ what: "rest" }).catch(() => undefined))]);
    if (!this.#stop.signal.aborted) await this.#settle();
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
    await Promise.all(this.#world.workers.map((worker) => worker.end()));
  }

  /** The faults of one target, one after the other. */
  async #bringAbout(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#pause(this.#startedAt + step.at - instant(), this.#quiet.signal);
      if (this.#quiet.signal.aborted || this.#stop.signal.aborted) return;
      const { effect, recoveryMs, extraMs, begin } = planFault(step, this.#world);
      const id = ++this.#lastFault;
      const process = step.worker === undefined ? undefined : this.#world.workers[step.worker]!.name;
      this.#faults.push(step.fault);
      this.#log({ kind: "fault", id, name: step.fault, effect, process, from: instant(), recoveryMs, extraMs });
      const undo = await begin();
      await this.#pause(step.forMs);
      await undo();
      this.#log({ kind: "healed", id, at: instant() });
    }
  }

  /** When everything is well again: what everybody must see, and agree about. */
  async #settle(): Promise<void> {
    const { workers } = this.#world;
    // Again, for those that have begun since.
    await Promise.all(workers.map((worker) => worker.ask({ what: "rest" })));
    await Promise.all(workers.map((worker) => this.#becomesHealthy(worker)));
    await this.#pause(LIMITS.replayMs + LIMITS.divergenceMs + LIMITS.boundMs);
    await this.#compare();
    for (const worker of workers) if (!this.#stop.signal.aborted) await this.#converge(worker);
    await Promise.all(workers.map((worker) => worker.ask({ what: "close" })));
  }

  async #becomesHealthy(worker: WorkerProcess): Promise<void> {
    let health: CacheHealth | undefined;
    const isHealthy = async (): Promise<boolean> => {
      health = (await worker.ask({ what: "health" })) as CacheHealth;
      return health.status === "healthy";
    };
    await waitUntil(isHealthy, { deadlineMs: HEALTHY_WITHIN_MS, what: `${worker.name} is healthy` }).catch(() => {
      const text = `${worker.name} is not healthy ${HEALTHY_WITHIN_MS} ms after the last fault: ${JSON.stringify(health)}`;
      this.#flag({ promise: "P11", key: "", text, lines: [] });
    });
  }

  /** P5: once quiet, what a process serves is what Redis holds. Redis may have lost some of it. */
  async #compare(): Promise<void> {
    const { workers } = this.#world;
    const inRedis = new Map((await readsOf(workers[0]!, "redis")).map((read) => [read.key, read]));
    for (const worker of workers) {
      for (const read of await readsOf(worker, "peek")) {
        const held = inRedis.get(read.key);
        this.#log(read);
        if (held?.value === undefined || read.value === undefined || read.lifeMs < Infinity) continue;
        const [one, other] = [JSON.stringify(read.value), JSON.stringify(held.value)];
        if (one === other) continue;
        const text = `${worker.name} serves ${one} for ${read.key}, but Redis holds ${other}`;
        this.#flag({ promise: "P5", key: read.key, text, lines: this.#checker.linesOf(read.key) });
      }
    }
  }

  /** A process sees the newest version of every key, at the latest when stale ones have been refreshed. */
  async #converge(worker: WorkerProcess): Promise<void> {
    let left: readonly Violation[] = [];
    const isSettled = async (): Promise<boolean> => {
      const reads = await readsOf(worker, "all");
      for (const read of reads) this.#log(read);
      left = reads.flatMap((read) => this.#checker.judgeSettled(read) ?? []);
      return left.length === 0;
    };
    await waitUntil(isSettled, { deadlineMs: SETTLED_WITHIN_MS, what: `${worker.name} sees all` }).catch(() => {
      for (const violation of left) this.#flag(violation);
    });
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

async function readsOf(worker: WorkerProcess, from: "all" | "peek" | "redis"): Promise<readonly Read[]> {
  const entries = await worker.readAll(from);
  return entries.filter((entry) => entry.kind === "read");
}
