// Typed listeners: delivers events to them, and keeps whatever they do away from the cache.

import { badInput } from "../errors.ts";
import { isThenable } from "../model/check.ts";
import type { Observer } from "../contracts/observer.ts";
import type { CacheEvent, CacheEventOf, CacheEventType } from "../model/event.ts";

/** Hears events of one type. What it throws, or rejects with, becomes a `listenerError` event. */
export type CacheListener<T extends CacheEventType> = (event: CacheEventOf<T>) => unknown;

type AnyListener = (event: CacheEvent) => unknown;

/** Every type there is; the compiler checks that none is missing. */
const TYPES: Readonly<Record<CacheEventType, true>> = {
  hit: true,
  stale: true,
  rescue: true,
  miss: true,
  refreshStart: true,
  refreshEnd: true,
  refreshFail: true,
  refreshRefused: true,
  fillRejected: true,
  invalid: true,
  set: true,
  evict: true,
  invalidate: true,
  tierError: true,
  breaker: true,
  busLost: true,
  busLive: true,
  pendingReplayed: true,
  pendingLost: true,
  damagedFrame: true,
  listenerError: true,
};

/** The listeners of one cache. */
export class Listeners implements Observer {
  readonly #byType = new Map<CacheEventType, Set<AnyListener>>();
  /** Whether anybody listens to anything: asked on every hit. */
  #isHeard = false;

  wants(type: CacheEventType): boolean {
    return this.#isHeard && this.#byType.has(type);
  }

  notify(event: CacheEvent): void {
    const listeners = this.#byType.get(event.type);
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        const result = listener(event);
        if (isThenable(result)) result.then(undefined, (error: unknown) => this.#report(error, event));
      } catch (error) {
        this.#report(error, event);
      }
    }
  }

  /** Adds a listener. @throws CacheError `invalid_argument` for an unknown type or a listener that is no function */
  add<T extends CacheEventType>(type: T, listener: CacheListener<T>): void {
    if (!Object.hasOwn(TYPES, type)) {
      throw badInput("invalid_argument", "event type", `one of ${Object.keys(TYPES).join(", ")}`, type);
    }
    if (typeof listener !== "function") throw badInput("invalid_argument", "listener", "a function", listener);
    const listeners = this.#byType.get(type);
    if (listeners === undefined) this.#byType.set(type, new Set([listener as AnyListener]));
    else listeners.add(listener as AnyListener);
    this.#isHeard = true;
  }

  remove<T extends CacheEventType>(type: T, listener: CacheListener<T>): void {
    const listeners = this.#byType.get(type);
    if (listeners?.delete(listener as AnyListener) && listeners.size === 0) this.#byType.delete(type);
    this.#isHeard = this.#byType.size > 0;
  }

  /** A listener of listener errors that itself throws is not heard again: that would never end. */
  #report(error: unknown, event: CacheEvent): void {
    if (event.type !== "listenerError") this.notify({ type: "listenerError", error, event });
  }
}
