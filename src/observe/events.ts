// Typed listeners: delivers events to them, and keeps whatever they do away from the cache.

import { badInput } from "../errors.ts";
import { isThenable } from "../model/check.ts";
import type { Observer } from "../contracts/observer.ts";
import type { CacheEvent, CacheEventOf, CacheEventType } from "../model/event.ts";
import { isSubscribed, publish } from "./channels.ts";
import { EVENT_TYPES, isEventType } from "./event-types.ts";

/** Hears events of one type. What it throws, or rejects with, becomes a `listenerError` event. */
export type CacheListener<T extends CacheEventType> = (event: CacheEventOf<T>) => unknown;

type AnyListener = (event: CacheEvent) => unknown;

/** The listeners of one cache, and the subscribers of all. */
export class Listeners implements Observer {
  readonly #cache: string;
  readonly #byType = new Map<CacheEventType, Set<AnyListener>>();
  /** Whether anybody listens to anything: asked on every hit. */
  #isHeard = false;

  /** @param cache its name, for subscribers */
  constructor(cache: string) {
    this.#cache = cache;
  }

  wants(type: CacheEventType): boolean {
    return (this.#isHeard && this.#byType.has(type)) || isSubscribed(type);
  }

  notify(event: CacheEvent): void {
    publish(this.#cache, event);
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
    if (!isEventType(type)) {
      throw badInput("invalid_argument", "event type", `one of ${EVENT_TYPES.join(", ")}`, type);
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
