// The loop-back: a message to oneself, which shows that messages still come.

import type { Clock } from "../contracts/clock.ts";
import { CacheError } from "../errors.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { RedisClient } from "./client.ts";

interface Sent {
  readonly nonce: string;
  readonly sentAt: Instant;
  /** Servers whose copy has not come back, and connections that have not answered. */
  missing: number;
}

/** What a probe works with, and whom it tells. */
export interface ProbeParts {
  readonly client: RedisClient;
  readonly clock: Clock;
  /** A channel of this process alone. */
  readonly channel: string;
  /** Asks other connections that have to work. Their answer is part of the probe. */
  readonly alsoAsk: (() => Promise<unknown>) | undefined;
  /** Whether Redis answered the commands of a probe, if only to refuse them. */
  onAnswer(answered: boolean): void;
  /** A probe is complete. */
  onHeard(sentAt: Instant): void;
}

/**
 * Sends over the command connection, to each primary: so it shows that commands and messages meet at the same servers,
 * which an old primary that has been cut off, or a broken link inside a cluster, would not.
 */
export class Probe {
  readonly #parts: ProbeParts;
  #count = 0;
  /** The one whose commands are under way. */
  #asking: Sent | undefined;
  /** Those that have not come back, in order. */
  readonly #unheard = new Map<string, Sent>();

  constructor(parts: ProbeParts) {
    this.#parts = parts;
  }

  /** For how long the oldest that has not come back has been under way. */
  get unheardMs(): Milliseconds {
    for (const { sentAt } of this.#unheard.values()) return this.#parts.clock.now() - sentAt;
    return 0;
  }

  /**
   * Sends one, unless the commands of another are under way. Never rejects.
   * @param isListening whether it can come back; if not, it only shows whether Redis answers
   */
  async send(isListening: boolean): Promise<void> {
    const asking = this.#asking;
    if (asking !== undefined && (!isListening || this.#unheard.has(asking.nonce))) return;
    const sent: Sent = { nonce: String(++this.#count), sentAt: this.#parts.clock.now(), missing: Infinity };
    this.#asking = sent;
    if (isListening) this.#unheard.set(sent.nonce, sent);
    const failure = await this.#ask(sent).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (this.#asking === sent) this.#asking = undefined;
    // One that could not be sent is as if there had been none.
    if (failure !== undefined) this.#unheard.delete(sent.nonce);
    // Who may not publish is answered all the same.
    this.#parts.onAnswer(failure === undefined || (failure instanceof CacheError && failure.code === "refused"));
  }

  /** Notes what came on the channel. */
  note(text: string): void {
    const sent = this.#unheard.get(text);
    if (sent !== undefined) this.#arrive(sent);
  }

  /** Forgets those under way: what comes of them does not count. */
  forget(): void {
    this.#unheard.clear();
  }

  async #ask(sent: Sent): Promise<void> {
    const { client, channel, alsoAsk } = this.#parts;
    await client.verify();
    const nodes = await client.primaries();
    sent.missing = nodes.length + (alsoAsk === undefined ? 0 : 1);
    alsoAsk?.().then(
      () => this.#arrive(sent),
      () => undefined,
    );
    await Promise.all(nodes.map((node) => client.runOn(node, (one) => one.publish(channel, sent.nonce))));
  }

  #arrive(sent: Sent): void {
    if (!this.#unheard.has(sent.nonce) || --sent.missing > 0) return;
    for (const [nonce, { sentAt }] of this.#unheard) if (sentAt <= sent.sentAt) this.#unheard.delete(nonce);
    this.#parts.onHeard(sent.sentAt);
  }
}
