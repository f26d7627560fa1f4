// What the caches opened from one plan share: made with the first of them, ended with the last.

import type { Clock } from "../contracts/clock.ts";
import { RedisClient } from "./client.ts";
import { RedisLink } from "./link.ts";
import type { RedisSettings } from "./settings.ts";
import { Subscriber } from "./subscriber.ts";

/** The shared connections. */
interface Shared {
  readonly link: RedisLink;
  readonly subscriber: Subscriber;
  /** The subscriber's own way to the link: it outlives the cache that was opened first. */
  readonly client: RedisClient;
}

/** One cache's part in them. */
export interface RedisPart {
  readonly link: RedisLink;
  readonly subscriber: Subscriber;
  /** Resolves when this cache's part in them is over. Once is enough, more is harmless. */
  leave(): Promise<void>;
}

/** Counts who uses the connections of one plan. */
export class RedisShare {
  readonly settings: RedisSettings;
  #shared: Shared | undefined;
  #users = 0;

  constructor(settings: RedisSettings) {
    this.settings = settings;
  }

  /** Takes part. @param clock of the cache; that of the first one serves what all share */
  join(clock: Clock): RedisPart {
    const shared = (this.#shared ??= this.#make(clock));
    this.#users++;
    let left: Promise<void> | undefined;
    return { link: shared.link, subscriber: shared.subscriber, leave: () => (left ??= this.#leave(shared)) };
  }

  #make(clock: Clock): Shared {
    const link = new RedisLink(this.settings);
    const client = new RedisClient(link, clock);
    return { link, client, subscriber: new Subscriber(client) };
  }

  async #leave({ link, subscriber, client }: Shared): Promise<void> {
    if (--this.#users > 0) return;
    // Who comes from now on gets others.
    this.#shared = undefined;
    subscriber.close();
    client.close();
    await link.close();
  }
}
