// The one connection over which all caches of a plan listen, each to channels of its own.

import type { RedisClient } from "./client.ts";
import { Subscription } from "./subscription.ts";

/** One cache that listens. */
export interface Member {
  readonly channels: readonly string[];
  onText(channel: string, text: string): void;
  /** The connection has gone, and what was said meanwhile with it. */
  onLost(reason: string): void;
}

/** Makes the connection when somebody subscribes, and another one when that has been lost. */
export class Subscriber {
  readonly #client: RedisClient;
  readonly #members = new Set<Member>();
  #subscription: Subscription | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
    client.onGeneration((reason) => {
      // What waits for an acknowledgement may hang on a server that is gone.
      if (this.#subscription?.isWaiting === true) this.drop(reason);
    });
  }

  /** Subscribes a member (again), and resolves when the server has acknowledged. @throws what it failed of */
  async subscribe(member: Member): Promise<void> {
    this.#members.add(member);
    this.#subscription ??= this.#make();
    await this.#subscription.subscribe(member.channels, () => this.#members.has(member));
  }

  /** Gives up the connection, which is a loss for every member. */
  drop(reason: string): void {
    const subscription = this.#subscription;
    if (subscription === undefined) return;
    this.#subscription = undefined;
    subscription.close();
    for (const member of this.#members) member.onLost(reason);
  }

  /** Ends a member's listening, without a word to it or the others. */
  leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    if (this.#members.size === 0) return this.close();
    const others = new Set([...this.#members].flatMap(({ channels }) => channels));
    this.#subscription?.unsubscribe(member.channels.filter((channel) => !others.has(channel)));
  }

  /** Ends the connection. */
  close(): void {
    this.#members.clear();
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  #make(): Subscription {
    const subscription: Subscription = new Subscription(this.#client, {
      onText: (channel, text) => {
        for (const member of this.#members) if (member.channels.includes(channel)) member.onText(channel, text);
      },
      onLost: (reason) => {
        if (subscription === this.#subscription) this.drop(reason);
      },
    });
    return subscription;
  }
}
