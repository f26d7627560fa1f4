// A connection that listens to channels: from its making to its end, which is final. Then another is made.

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
  readonly #handlers: SubscriptionHandlers;
  #opened: Promise<void> | undefined;
  #connection: RedisNode | undefined;
  #waiting = 0;
  #isOver = false;

  constructor(client: RedisClient, handlers: SubscriptionHandlers) {
    this.#client = client;
    this.#handlers = handlers;
  }

  /** Whether the server owes an acknowledgement. */
  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  /**
   * Subscribes (again), and resolves when the server has acknowledged: it answers `ready` before that.
   * @param isWanted asked when it is connected
   * @throws what it failed of
   */
  async subscribe(channels: readonly string[], isWanted: () => boolean): Promise<void> {
    this.#waiting++;
    try {
      await (this.#opened ??= this.#open());
      if (isWanted()) await this.#connection?.subscribe(...channels);
    } finally {
      this.#waiting--;
    }
  }

  /** Listens to them no longer. */
  unsubscribe(channels: readonly string[]): void {
    if (this.#connection?.status !== "ready" || channels.length === 0) return;
    this.#connection.unsubscribe(...channels).catch(() => undefined);
  }

  close(): void {
    this.#isOver = true;
    this.#connection?.disconnect();
  }

  async #open(): Promise<void> {
    try {
      const connection = await this.#client.listener();
      if (this.#isOver) throw new Error("it was closed");
      this.#connection = connection;
      // Errors come with a close; one that nobody listens to kills the process.
      connection.on("error", () => undefined);
      connection.on("close", () => this.#lose("its connection was lost"));
      connection.on("message", (channel: string, text: string) => {
        if (!this.#isOver) this.#handlers.onText(channel, text);
      });
      await connection.connect();
    } catch (error) {
      this.#lose("it could not connect");
      throw error;
    }
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#handlers.onLost(reason);
  }
}
