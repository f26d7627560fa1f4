// One run: two readers and one invalidation take their steps in a given order, on a cache in front of a small database.

import type { BatchRefresh, GetOptions, Refresh, TieredCacheManager } from "../../src/index.ts";
import { deferred, type Deferred } from "../support/deferred.ts";
import { drainMicrotasks, FakeClock } from "../support/fake-clock.ts";
import type { Package } from "./bundle.ts";
import type { Gap, Scenario } from "./scenario.ts";
import { KEY, NAMESPACE, TAG } from "./verbs.ts";

/** One call of a refresh function. Moments count every event of a run. */
export interface RefreshRecord {
  readonly begunAt: number;
  endedAt: number;
  /** Its value: no two refreshes bring the same. */
  value: string;
}

/** One call of `get` or `getMany`. */
export interface CallerRecord {
  readonly name: string;
  readonly calledAt: number;
  /** Refreshes that had begun when the call returned, before anything else could happen. */
  begunByThen: number;
  result: string | undefined;
}

/** Steps of the two readers and of the invalidation. */
export const STEPS: readonly number[] = [3, 3, 2];

/** Everything that happened in a run. */
export class World {
  readonly scenario: Scenario;
  readonly cache: TieredCacheManager;
  readonly refreshes: RefreshRecord[] = [];
  readonly callers: CallerRecord[] = [];
  readonly order: readonly number[];
  /** When the verb was called, and when it had resolved. */
  invalidatedAt: number = Infinity;
  resolvedAt: number = Infinity;
  /** What could be read just before the verb was called. */
  storedBefore: string | undefined;
  #moment = 0;
  #databaseVersion = 0;
  readonly #gates: readonly Deferred<void>[] = [deferred<void>(), deferred<void>(), deferred<void>(), deferred<void>()];

  constructor({ TieredCacheManager: Manager, memoryTier }: Package, scenario: Scenario, order: readonly number[]) {
    this.scenario = scenario;
    this.order = order;
    const backgroundRefresh = scenario.before !== "stale entry, foreground only";
    // Small, because a run lasts some microseconds and a thousand places take as long to make.
    const tiers = [memoryTier({ maxEntries: 4 })];
    const times = { clock: new FakeClock(), ttl: 1_000, staleWhileRevalidate: 1_000 };
    this.cache = new Manager({ ...times, tiers, backgroundRefresh });
    const tags = scenario.verb.tagged === "not" ? [] : [TAG];
    if (scenario.before !== "nothing") this.cache.setSync(KEY, "old", { namespace: NAMESPACE, tags, ttl: 0 });
  }

  /** Takes all steps; `afterEach` looks at the world after each, and once more when everything has come to rest. */
  async run(afterEach: (world: World) => void): Promise<void> {
    const taken = [0, 0, 0];
    for (const actor of this.order) {
      this.#step(actor, taken[actor]!++);
      await pause(this.scenario.gap);
      afterEach(this);
    }
    for (const gate of this.#gates) gate.resolve();
    await drainMicrotasks();
    afterEach(this);
  }

  /** What can be read now without a refresh. */
  peek(): string | undefined {
    return this.cache.getSync<string>(KEY, { namespace: NAMESPACE });
  }

  #step(actor: number, step: number): void {
    if (actor === 2) this.#invalidate(step);
    else if (step === 0) this.#read(actor);
    else this.#gates[2 * actor + step - 1]!.resolve();
  }

  #invalidate(step: number): void {
    if (step === 0) return void this.#databaseVersion++;
    this.storedBefore = this.peek();
    this.invalidatedAt = ++this.#moment;
    void this.scenario.verb.call(this.cache).then(() => (this.resolvedAt = ++this.#moment));
  }

  #read(actor: number): void {
    const { verb, second } = this.scenario;
    const way = actor === 0 ? "get" : second;
    const options: GetOptions = { namespace: NAMESPACE, tags: verb.tagged === "by call" ? [TAG] : [] };
    const name = `reader ${"AB"[actor]}`;
    const caller: CallerRecord = { name, calledAt: ++this.#moment, begunByThen: 0, result: undefined };
    this.callers.push(caller);
    const result = this.#call(actor, way, options);
    caller.begunByThen = this.refreshes.length;
    result.then(
      (value) => (caller.result = String(value)),
      (error: unknown) => (caller.result = error instanceof Failure ? "failed" : String(error)),
    );
  }

  #call(actor: number, way: Scenario["second"], options: GetOptions): Promise<unknown> {
    const { cache } = this;
    const late = this.scenario.verb.tagged === "by refresh";
    const refresh: Refresh = ({ setTags }) => this.#refresh(actor, () => late && setTags([TAG]));
    if (way === "get of a view") return cache.namespace(NAMESPACE).get(KEY, refresh, { tags: options.tags });
    if (way !== "getMany") return cache.get(KEY, refresh, { ...options, ...(way === "get by force" && FORCE) });
    const batch: BatchRefresh = async (keys, { setTags }) => {
      if (!keys.includes(KEY)) return {};
      const value = await this.#refresh(actor, () => late && keys.forEach((key) => setTags(key, [TAG])));
      return new Map(keys.map((key) => [key, value]));
    };
    return cache.getMany([KEY, "other"], batch, options).then(([value]) => value);
  }

  /** Reads the database in its first or second step, names the tags in the second, ends in the third. */
  async #refresh(actor: number, nameTags: () => void): Promise<string> {
    const record: RefreshRecord = { begunAt: ++this.#moment, endedAt: Infinity, value: "" };
    this.refreshes.push(record);
    let version = this.#databaseVersion;
    await this.#gates[2 * actor]!.promise;
    if (this.scenario.reads === "after a wait") version = this.#databaseVersion;
    nameTags();
    await this.#gates[2 * actor + 1]!.promise;
    record.endedAt = ++this.#moment;
    if (actor === 0 && this.scenario.first === "fails") throw new Failure();
    record.value = `v${version} of refresh ${record.begunAt}`;
    return record.value;
  }
}

const FORCE = { forceRefresh: true } as const;

class Failure extends Error {}

async function pause(gap: Gap): Promise<void> {
  if (gap === "rest") return drainMicrotasks();
  for (let turn = 0; turn < gap; turn++) await Promise.resolve();
}
