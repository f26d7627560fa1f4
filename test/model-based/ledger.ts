// The safety oracle: knows of every value only when it was read and what was invalidated since, and nothing of flights.
// It is right whatever the cache evicts, refreshes or forgets.

import type { Clock } from "../../src/index.ts";
import { textOf, TTL, type CallOptions, type Id, type Setup } from "./command.ts";
import { shown } from "./shown.ts";
import type { Scope } from "./reference-store.ts";
import type { RefreshCall, RefreshWatcher } from "./refreshes.ts";

interface Item {
  readonly id: Id;
  readonly tags: readonly string[];
  /** The command in which it was set, or its refresh began. */
  readonly readAt: number;
  /** The command, and the instant, in which it may have come into the cache. */
  readonly landedIn: number;
  readonly landedAt: number;
  readonly ttl: number;
}

interface Verdict {
  readonly at: number;
  readonly scope: Scope;
  readonly soft: boolean;
}

/** Every value there was, and every invalidation. */
export class Ledger implements RefreshWatcher {
  /** Index of the present command: the logical time. */
  step = 0;
  readonly violations: string[] = [];
  readonly #setup: Setup;
  readonly #clock: Clock;
  readonly #items = new Map<string, Item>();
  readonly #verdicts: Verdict[] = [];
  readonly #beginnings = new Map<RefreshCall, number>();

  constructor(setup: Setup, clock: Clock) {
    this.#setup = setup;
    this.#clock = clock;
  }

  begins(call: RefreshCall): void {
    this.#beginnings.set(call, this.step);
    for (const value of call.stale) this.#judge(value, this.step, `stale value of the refresh ${call.label}`);
  }

  ends(call: RefreshCall, value: unknown): void {
    if (typeof value !== "string") return;
    const readAt = this.#beginnings.get(call) as number;
    const landedAt = this.#clock.now();
    const id = call.ids[call.values.indexOf(value)];
    const old = this.#items.get(value);
    if (id !== undefined) {
      this.#items.set(value, { id, tags: call.tags, readAt, landedIn: this.step, landedAt, ttl: call.ttl });
    } else if (old !== undefined) {
      // Not modified: an old value that was looked at again. Whether that could be stored is not known here.
      this.#items.set(value, { ...old, readAt, landedAt, ttl: Math.max(old.ttl, call.ttl) });
    }
  }

  set(id: Id, value: string, { tags, ttl = TTL }: CallOptions): void {
    const of = { of: "keys", includes: (other: Id) => textOf(other) === textOf(id) } as const;
    this.invalidates(of, false);
    const readAt = this.step;
    this.#items.set(value, { id, tags, readAt, landedIn: readAt, landedAt: this.#clock.now(), ttl });
  }

  invalidates(scope: Scope, soft: boolean): void {
    this.#verdicts.push({ at: this.step, scope, soft });
  }

  /** A read without a refresh gave this value. */
  peeked(value: unknown, by: string): void {
    this.#judge(value, this.step, by);
    this.#judgeAge(value, this.#setup.staleWhileRevalidate, this.#clock.now(), by);
  }

  /** A read with a refresh, that came in an earlier command, got this value now. */
  got(value: unknown, cameIn: number, cameAt: number, by: string): void {
    this.#judge(value, cameIn, by);
    this.#judgeAge(value, Math.max(this.#setup.staleWhileRevalidate, this.#setup.staleIfError), cameAt, by);
  }

  #judge(value: unknown, cameIn: number, by: string): void {
    if (typeof value !== "string") return;
    const item = this.#items.get(value);
    if (item === undefined) return void this.violations.push(`${by} is ${value}, which no refresh has brought`);
    const broken = this.#verdicts.find(
      ({ at, scope, soft }) =>
        item.readAt < at && at <= cameIn && (!soft || at < item.landedIn) && covers(scope, item.id, item.tags),
    );
    if (broken === undefined) return;
    const how = broken.soft ? "marked stale before it was stored" : "invalidated";
    this.violations.push(`${by} is ${value}, which was ${how} by command ${broken.at} (${broken.scope.of})`);
  }

  #judgeAge(value: unknown, graceMs: number, at: number, by: string): void {
    const item = typeof value === "string" ? this.#items.get(value) : undefined;
    if (item === undefined || item.landedAt >= at || at < item.landedAt + item.ttl + graceMs) return;
    this.violations.push(
      `${by} is ${shown(value)}, which expired ${at - item.landedAt - item.ttl - graceMs} ms before`,
    );
  }
}

function covers(scope: Scope, id: Id, tags: readonly string[]): boolean {
  if (scope.of === "keys") return scope.includes(id);
  if (scope.of === "tag") return tags.includes(scope.name);
  return scope.of === "all" || scope.name === id.namespace;
}
