// What a worker does with its cache: seeded random operations, each of which is logged.

import type { TieredCacheManager } from "../../src/index.ts";
import { seededRandom } from "../support/redis/random.ts";
import { chooseChange, likes, optionsOf, pick } from "./changes.ts";
import type { Change } from "./changes.ts";
import type { DatabaseClient } from "./database-client.ts";
import type { Instant, Outcome } from "./entries.ts";
import { KEYS } from "./population.ts";
import type { KeyPlan } from "./population.ts";
import { instant } from "./protocol.ts";
import type { Row, WorkerConfig } from "./protocol.ts";

/** What stands in the cache. Short names: it is sent and logged often. */
interface Stored {
  readonly k: number;
  readonly v: number;
  /** The `set` that wrote it; 0 for a refresh. */
  readonly s: number;
  readonly at: Instant;
  /** Number of the process. */
  readonly by: number;
}

/** What the operations work with. */
export interface WorkParts {
  readonly cache: TieredCacheManager;
  readonly database: DatabaseClient;
  readonly config: WorkerConfig;
  readonly log: (row: Row) => void;
}

/** Numbers of operations are unique among processes by these steps. */
const IDS_PER_PROCESS = 1_000_000_000;
const SHAKY_FAILS = 0.3;
const READS_AFTER = 3;
const SOURCE_DOWN = "the source is down";

/** Works until it is told to rest. */
export class Work {
  readonly #parts: WorkParts;
  readonly #random: () => number;
  readonly #underWay = new Set<Promise<void>>();
  #lastId: number;
  #isResting = false;

  constructor(parts: WorkParts) {
    this.#parts = parts;
    this.#random = seededRandom(parts.config.seed);
    this.#lastId = parts.config.processIndex * IDS_PER_PROCESS;
  }

  /** Begins. */
  start(): void {
    for (let lane = 0; lane < this.#parts.config.lanes; lane++)
      this.#own(this.#lane(seededRandom(this.#integer(2 ** 31))));
  }

  /** Resolves when nothing is under way any more. */
  async rest(): Promise<void> {
    this.#isResting = true;
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Reads every key once: with a refresh, which does not fail here; without one; or from the shared tier alone. */
  async readAll(from: "all" | "peek" | "shared"): Promise<readonly Row[]> {
    const { cache } = this.#parts;
    return Promise.all(
      KEYS.map(async (plan) => {
        const start = instant();
        const { namespace } = plan;
        const value =
          from === "all"
            ? await cache.get<Stored>(
                plan.name,
                this.#refresh(plan, () => 0.5),
                optionsOf(plan),
              )
            : await cache.get<Stored>(plan.name, { namespace, ...(from === "shared" && { tiers: { memory: false } }) });
        return readRow(plan, start, value);
      }),
    );
  }

  async #lane(random: () => number): Promise<void> {
    while (!this.#isResting) {
      await this.#operation(random);
      await sleep(random() * this.#parts.config.restMs);
    }
  }

  async #operation(random: () => number): Promise<void> {
    const dice = random();
    if (dice < 0.66) return this.#read(pick(KEYS, random), random);
    if (dice < 0.68) return this.#readMany(random);
    const id = ++this.#lastId;
    const valueOf = ({ index }: KeyPlan, version: number): Stored => this.#value(index, version, id);
    const change = chooseChange({ cache: this.#parts.cache, random, valueOf });
    await this.#make(id, change, random);
    // Whoever invalidated looks at once.
    const reads = Array.from({ length: READS_AFTER }, () => this.#read(pick(change.covered, random), random));
    await Promise.all(reads);
  }

  async #read(plan: KeyPlan, random: () => number): Promise<void> {
    const start = instant();
    try {
      const value = await this.#parts.cache.get<Stored>(plan.name, this.#refresh(plan, random), optionsOf(plan));
      this.#parts.log(readRow(plan, start, value));
    } catch (error) {
      this.#failed(plan, start, error);
    }
  }

  async #readMany(random: () => number): Promise<void> {
    const first = pick(
      KEYS.filter(({ lifeMs, lateTag }) => lifeMs === Infinity && lateTag === undefined),
      random,
    );
    const plans = likes(first);
    const start = instant();
    const names = plans.map(({ name }) => name);
    const byName = new Map(plans.map((plan) => [plan.name, plan]));
    try {
      const values = await this.#parts.cache.getMany<Stored>(
        names,
        async (missing) => {
          const loaded = missing.map((name) => byName.get(name)!);
          const versions = await this.#load(loaded, random);
          return new Map(loaded.map(({ name, index }, at) => [name, this.#value(index, versions[at]!, 0)]));
        },
        optionsOf(first),
      );
      plans.forEach((plan, at) => this.#parts.log(readRow(plan, start, values[at])));
    } catch (error) {
      this.#failed(first, start, error);
    }
  }

  #refresh(plan: KeyPlan, random: () => number) {
    return async (context: { setTags: (tags: readonly string[]) => void }): Promise<Stored> => {
      const [version] = await this.#load([plan], random);
      if (plan.isShaky && random() < SHAKY_FAILS) throw new Error(SOURCE_DOWN);
      if (plan.lateTag !== undefined) context.setTags([plan.lateTag]);
      return this.#value(plan.index, version!, 0);
    };
  }

  /** Asks the source, with a delay before and after. */
  async #load(plans: readonly KeyPlan[], random: () => number): Promise<readonly number[]> {
    await sleep(refreshDelay(random));
    const versions = await this.#parts.database.read(plans.map(({ index }) => index));
    await sleep(refreshDelay(random));
    return versions;
  }

  /** New versions of some of what it covers first; then the call. */
  async #make(id: number, { verb, isSoft, covered, call }: Change, random: () => number): Promise<void> {
    const { database, log } = this.#parts;
    const keys = covered.map(({ index }) => index);
    const committed = keys.length === 1 ? keys : keys.filter(() => random() < 0.5);
    const versions = await database.commit(committed, keys);
    const start = instant();
    let outcome: Outcome;
    try {
      outcome = (await call(versions)).authority as Outcome;
    } catch (error) {
      outcome = "failed";
      console.error(`${verb} failed`, error);
    }
    log(["invalidation", id, verb, start, instant(), outcome, isSoft, keys, versions]);
  }

  #value(key: number, version: number, setBy: number): Stored {
    return { k: key, v: version, s: setBy, at: instant(), by: this.#parts.config.processIndex };
  }

  #failed(plan: KeyPlan, start: Instant, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (plan.isShaky && message === SOURCE_DOWN) return;
    this.#parts.log(["failed", plan.index, start, instant(), message]);
  }

  #own(work: Promise<void>): void {
    const owned = work.finally(() => this.#underWay.delete(owned));
    this.#underWay.add(owned);
  }

  #integer(below: number): number {
    return Math.floor(this.#random() * below);
  }
}

/** Mostly short; now and then longer than a lease. */
function refreshDelay(random: () => number): number {
  const dice = random();
  if (dice < 0.4) return 0;
  if (dice < 0.85) return random() * 10;
  return dice < 0.98 ? random() * 60 : random() * 700;
}

function readRow({ index }: KeyPlan, start: Instant, value: Stored | undefined): Row {
  const seen = value === undefined ? null : ([value.k, value.v, value.s, value.at, value.by] as const);
  return ["read", index, start, instant(), seen];
}

function sleep(ms: number): Promise<void> | undefined {
  if (ms <= 0) return undefined;
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
