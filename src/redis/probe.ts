// The loop-back: a message to oneself, which shows that messages still come.

import type { Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { RedisClient } from "./client.ts";

interface Sent {
  readonly nonce: string;
  readonly sentAt: Instant;
  /** Servers whose copy has not come back. */
  missing: number;
}

/**
 * Sends over the command connection, to each primary: so it shows that commands and messages meet at the same servers,
 * which an old primary that has been cut off, or a broken link inside a cluster, would not.
 */
export class Probe {
  readonly #client: RedisClient;
  readonly #clock: Clock;
  readonly #channel: string;
  #count = 0;
  #sent: Sent | undefined;

  /** @param channel a channel of this process alone */
  constructor(client: RedisClient, clock: Clock, channel: string) {
    this.#client = client;
    this.#clock = clock;
    this.#channel = channel;
  }

  /** For how long the one under way has been. */
  get pendingMs(): Milliseconds {
    return this.#sent === undefined ? 0 : this.#clock.now() - this.#sent.sentAt;
  }

  /** Sends one, unless one is under way. One that cannot be sent is as if there had been none. */
  async send(): Promise<void> {
    if (this.#sent !== undefined) return;
    const sent: Sent = { nonce: String(++this.#count), sentAt: this.#clock.now(), missing: Infinity };
    this.#sent = sent;
    try {
      await this.#client.verify();
      const nodes = await this.#client.primaries();
      sent.missing = nodes.length;
      await Promise.all(nodes.map((node) => this.#client.runOn(node, (one) => one.publish(this.#channel, sent.nonce))));
    } catch {
      if (this.#sent === sent) this.#sent = undefined;
    }
  }

  /** Notes what came on the channel. When a probe is complete: when it was sent. */
  note(text: string): Instant | undefined {
    const sent = this.#sent;
    if (sent?.nonce !== text || --sent.missing > 0) return undefined;
    this.#sent = undefined;
    return sent.sentAt;
  }

  /** Forgets the one under way. */
  reset(): void {
    this.#sent = undefined;
  }
}
