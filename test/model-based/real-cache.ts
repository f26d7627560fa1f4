// The cache under the model test: carries commands out, and remembers every call that waits.

import { assertNever } from "../../src/errors.ts";
import type { GetOptions, TieredCacheManager } from "../../src/index.ts";
import type { Package } from "../interleaving/bundle.ts";
import { drainMicrotasks, FakeClock } from "../support/fake-clock.ts";
import { idsOf, REFRESH_TIMEOUT, START, textOf, TTL } from "./command.ts";
import type { CallOptions, Command, Ending, Id, Setup } from "./command.ts";
import { Ledger } from "./ledger.ts";
import { RefreshError, Refreshes, type RefreshCall } from "./refreshes.ts";
import { invalidationsOf } from "./scope.ts";
import { shown } from "./shown.ts";

/** A call of `get` or `getMany` with a refresh; without an outcome while it waits. */
export interface RealCall {
  readonly name: string;
  outcome: string | undefined;
}

/** A cache, its clock, its refresh functions, and the ledger of its values. */
export class RealCache {
  readonly clock: FakeClock = new FakeClock(START);
  readonly cache: TieredCacheManager;
  readonly ledger: Ledger;
  readonly refreshes: Refreshes;
  readonly calls: RealCall[] = [];
  #step = 0;

  constructor({ TieredCacheManager: Manager, memoryTier }: Package, setup: Setup, maxEntries: number) {
    this.ledger = new Ledger(setup, this.clock);
    this.refreshes = new Refreshes(this.ledger);
    const tiers = [memoryTier({ maxEntries })];
    const rest = { ttl: TTL, refreshTimeout: REFRESH_TIMEOUT, clock: this.clock, random: () => 0 };
    this.cache = new Manager({ ...setup, ...rest, tiers });
  }

  /** Takes one step; answers what the verb gives back, as text, when everything that it set going has come to rest. */
  async perform(command: Command): Promise<string> {
    this.#step = this.ledger.step = ++this.refreshes.step;
    for (const { scope, soft } of invalidationsOf(command)) this.ledger.invalidates(scope, soft);
    const result = await this.#perform(command);
    await drainMicrotasks();
    return result;
  }

  async #perform(command: Command): Promise<string> {
    const { cache, refreshes } = this;
    const namespace = "id" in command ? command.id.namespace : "namespace" in command ? command.namespace : undefined;
    const verbs = this.#verbs(namespace);
    const options = { namespace, ...("options" in command && callOptions(command.options)) };
    switch (command.do) {
      case "peek":
        return this.#peeked(await verbs.get(command.id.key, options));
      case "peekSync":
        return this.#peeked(verbs.getSync(command.id.key, options));
      case "peekMany":
        return this.#peeked(await verbs.getMany(command.keys, options));
      case "get": {
        const refresh = refreshes.single(command.id, command.options, command.script);
        return this.#track(`get ${textOf(command.id)}`, verbs.get(command.id.key, refresh, options));
      }
      case "getMany": {
        const refresh = refreshes.batch(namespace, command.options, command.script);
        return this.#track(`getMany ${command.keys.join()}`, verbs.getMany(command.keys, refresh, options));
      }
      case "settle":
      case "nameTags":
        return this.#steer(command);
      case "set":
        await verbs.set(command.id.key, this.#newValue(command.id, command.options), options);
        return "done";
      case "setMany": {
        const pairs = idsOf(command).map((id) => [id.key, this.#newValue(id, command.options)] as const);
        await verbs.setMany(pairs, options);
        return "done";
      }
      case "delete":
        return `${Number((await verbs.delete(command.id.key, options)).existed)}`;
      case "deleteMany":
        return `${(await verbs.deleteMany(command.keys, options)).deleted}`;
      case "deleteMatching":
        return `${(await verbs.deleteMatching(command.pattern, options)).deleted}`;
      case "markStale":
        await verbs.markStale(command.id.key, options);
        return "done";
      case "invalidateTags":
      case "markTagsStale":
        await cache[command.do](command.tags);
        return "done";
      case "clearNamespace":
      case "markNamespaceStale":
        await cache[command.do](namespace);
        return "done";
      case "clear":
      case "cleanupExpired":
        await cache[command.do]();
        return "done";
      case "advance":
        await this.clock.advance(command.ms);
        return "done";
      default:
        return assertNever(command);
    }
  }

  /** The keyed verbs: in every other step those of a namespace view, which must not differ from the cache's own. */
  #verbs(namespace: string | undefined): TieredCacheManager {
    if (namespace === undefined || this.#step % 2 === 0) return this.cache;
    return this.cache.namespace(namespace) as unknown as TieredCacheManager;
  }

  #newValue(id: Id, options: CallOptions): string {
    const value = this.refreshes.newValue(id);
    this.ledger.set(id, value, options);
    return value;
  }

  #steer(command: Command & { readonly do: "settle" | "nameTags" }): string {
    const hanging = this.refreshes.hanging();
    const call = hanging[command.nth % hanging.length];
    if (call === undefined) return "none";
    if (command.do === "nameTags") call.nameTags(command.tags);
    else this.settle(call, command.ending);
    return call.label;
  }

  /** Tells a refresh how to end. */
  settle(call: RefreshCall, ending: Ending): void {
    call.toldToEnd = true;
    call.end.resolve(ending);
  }

  #peeked(result: unknown): string {
    for (const value of [result].flat()) this.ledger.peeked(value, `what command ${this.#step} read`);
    return shown(result);
  }

  #track(name: string, promise: Promise<unknown>): string {
    const step = this.#step;
    const cameAt = this.clock.now();
    const call: RealCall = { name: `${name} (command ${step})`, outcome: undefined };
    this.calls.push(call);
    promise.then(
      (result) => {
        call.outcome = shown(result);
        for (const value of [result].flat()) this.ledger.got(value, step, cameAt, `result of ${call.name}`);
      },
      (error: unknown) => (call.outcome = `throws ${nameOf(error)}`),
    );
    return "done";
  }
}

/** Options as a user would give them: one that is left out is not there. */
function callOptions({ tags, ttl, forceRefresh }: CallOptions): GetOptions {
  return { tags, ...(ttl !== undefined && { ttl }), ...(forceRefresh && { forceRefresh }) };
}

/** The refresh's own message, or the code of an error of the cache. */
function nameOf(error: unknown): string {
  if (error instanceof RefreshError) return error.message;
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
