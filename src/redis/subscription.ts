// A connection that listens: from its first SUBSCRIBE to its end, which is final. Then another is made.

import type { RedisClient } from "./client.ts";
import type { RedisNode } from "./connection.ts";

/** Told of what a subscription hears. */
export interface SubscriptionHandlers {
  onText(channel: string, text: string): void;
  /** It has ended, and not because it was closed. Called once. */
  onLost(reason: string): void;
}

/** Listens to channels over a connection of its own. */
export class Subscription {
  readonly #client: RedisClient;
  readonly #channels: readonly string[];
  readonly #handlers: SubscriptionHandlers;
  #connection: RedisNode | undefined;
  #isOver = false;

  constructor(client: RedisClient, channels: readonly string[], handlers: SubscriptionHandlers) {
    this.#client = client;
    this.#channels = channels;
    this.#handlers = handlers;
  }

  /** Connects, and resolves when the server has acknowledged: it answers `ready` before that. @throws what it failed of */
  async open(): Promise<void> {
    const connection = await this.#client.subscriber();
    if (this.#isOver) return;
    this.#connection = connection;
    // Errors come with a close; one that nobody listens to kills the process.
    connection.on("error", () => undefined);
    connection.on("close", () => this.#lose("its connection was lost"));
    connection.on("message", (channel: string, text: string) => {
      if (!this.#isOver) this.#handlers.onText(channel, text);
    });
    await connection.connect();
    await this.acknowledge();
  }

  /** Subscribes (again), and resolves when the server has acknowledged: it still knows us. */
  async acknowledge(): Promise<void> {
    await this.#connection?.subscribe(...this.#channels);
  }

  close(): void {
    this.#isOver = true;
    this.#connection?.disconnect();
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#handlers.onLost(reason);
  }
}
