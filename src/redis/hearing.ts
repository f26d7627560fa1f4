// All that one bus listens to: its channels, on the connection it shares, and tracking, if it is wanted.

import type { RedisClient } from "./client.ts";
import type { RedisKeys } from "./keys.ts";
import type { Member, Subscriber } from "./subscriber.ts";
import { Tracking } from "./tracking.ts";

/** What hearing works with. */
export interface HearingParts {
  readonly client: RedisClient;
  readonly subscriber: Subscriber;
  readonly keys: RedisKeys;
  readonly tracking: boolean;
}

/** Told of what is heard. */
export interface HearingHandlers {
  /** On the channel of the cache. */
  onText(text: string): void;
  /** On the channel of this process. */
  onEcho(text: string): void;
  onTouched(fullKey: string): void;
  onFlushed(): void;
  /** Some of it has ended, unasked. */
  onLost(reason: string): void;
}

/** Begins it, and begins it again: what has been lost is made anew when it is opened the next time. */
export class Hearing {
  readonly #parts: HearingParts;
  readonly #handlers: HearingHandlers;
  readonly #member: Member;
  #tracking: Tracking | undefined;

  constructor(parts: HearingParts, ownChannel: string, handlers: HearingHandlers) {
    this.#parts = parts;
    this.#handlers = handlers;
    this.#member = {
      channels: [parts.keys.channel, ownChannel],
      onText: (channel, text) => (channel === ownChannel ? handlers.onEcho(text) : handlers.onText(text)),
      onLost: (reason) => handlers.onLost(reason),
    };
  }

  /** Resolves when the servers have acknowledged all of it, anew. @throws what it failed of */
  async open(): Promise<void> {
    await Promise.all([this.#parts.subscriber.subscribe(this.#member), this.#track()]);
  }

  /** Resolves when tracking has answered; the channels have probes. */
  ping(): Promise<void> {
    return this.#tracking?.ping() ?? Promise.reject(new Error("there is no tracking"));
  }

  /** Servers may be others now: each of them has to track. */
  moveOn(): void {
    this.#tracking?.close();
    this.#tracking = undefined;
  }

  /** Gives up all connections, for all who share them. */
  drop(reason: string): void {
    this.moveOn();
    this.#parts.subscriber.drop(reason);
  }

  close(): void {
    this.moveOn();
    this.#parts.subscriber.leave(this.#member);
  }

  async #track(): Promise<void> {
    if (!this.#parts.tracking) return;
    const { client, keys } = this.#parts;
    const tracking: Tracking = (this.#tracking ??= new Tracking(client, keys.trackedPrefix, {
      onTouched: (key) => this.#handlers.onTouched(keys.fullKeyOf(key)),
      onFlushed: () => this.#handlers.onFlushed(),
      onLost: (reason) => {
        if (tracking !== this.#tracking) return;
        this.#tracking = undefined;
        this.#handlers.onLost(reason);
      },
    }));
    await tracking.open();
  }
}
