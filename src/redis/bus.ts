// The bus on Redis: listens to what the scripts of all processes publish, and knows when it may have missed something.

import type { Bus, BusReceiver } from "../contracts/bus.ts";
import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { RedisClient } from "./client.ts";
import { GAP_GRACE_MS, GapAlarm } from "./gap-alarm.ts";
import type { RedisKeys } from "./keys.ts";
import { readMessage } from "./message.ts";
import { Probe } from "./probe.ts";
import { Subscription } from "./subscription.ts";

/** What the bus works with. */
export interface RedisBusParts {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly clock: Clock;
  /** Id of this process's publisher. */
  readonly ownId: string;
  readonly divergenceLimitMs: Milliseconds;
}

/** Probes per time that a lost bus may go unnoticed. */
const PROBES_PER_LIMIT = 4;
/** Longest between two tries to connect, or two probes. */
const MAX_PERIOD_MS: Milliseconds = 500;

/**
 * Live means: the SUBSCRIBE has been acknowledged, a probe has come back since, no number is missing, and the commands
 * go where they went. Whatever ends one of these ends being live; then SUBSCRIBE is sent again, or a new connection made.
 */
export class RedisBus implements Bus {
  readonly #parts: RedisBusParts;
  readonly #probe: Probe;
  readonly #ownChannel: string;
  readonly #periodMs: Milliseconds;
  readonly #gaps: GapAlarm;
  readonly #stops: Cancel[] = [];
  #receiver: BusReceiver | undefined;
  #subscription: Subscription | undefined;
  #isLive = false;
  #isClosed = false;
  #trustedUntil: Instant = -Infinity;
  /** Whether SUBSCRIBE has been acknowledged since the last doubt. */
  #isSubscribed = false;
  #liveSince: Instant = 0;
  #cancelTick: Cancel = () => undefined;

  constructor(parts: RedisBusParts) {
    this.#parts = parts;
    this.#ownChannel = parts.keys.ownChannel(parts.ownId);
    this.#probe = new Probe(parts.client, parts.clock, this.#ownChannel);
    this.#gaps = new GapAlarm(parts.clock, () => this.#renew("a message is missing"));
    this.#periodMs = Math.min(parts.divergenceLimitMs / PROBES_PER_LIMIT, MAX_PERIOD_MS);
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get trustedUntil(): Instant {
    return this.#isLive ? this.#trustedUntil : -Infinity;
  }

  async start(receiver: BusReceiver): Promise<void> {
    this.#receiver = receiver;
    this.#stops.push(this.#parts.client.onGeneration((reason) => this.#followClient(reason)));
    this.#tickLater();
    await this.#open();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#isLive = false;
    this.#cancelTick();
    this.#gaps.clear();
    for (const stop of this.#stops) stop();
    this.#subscription?.close();
    return Promise.resolve();
  }

  /** Makes a new connection. What fails is tried again at the next tick. */
  async #open(): Promise<void> {
    const { client, keys } = this.#parts;
    const subscription = new Subscription(client, [keys.channel, this.#ownChannel], {
      onText: (channel, text) => (channel === this.#ownChannel ? this.#hearProbe(text) : this.#hear(text)),
      onLost: (reason) => this.#drop(reason),
    });
    this.#subscription = subscription;
    await this.#awaitAcknowledgement(subscription, subscription.open());
  }

  /** Commands go elsewhere now, or nowhere. A subscription that was being made may hang on what is gone. */
  #followClient(reason: string): void {
    if (this.#isSubscribed) return this.#renew(reason);
    if (!this.#parts.client.isConnected) return;
    this.#drop(reason);
    void this.#open();
  }

  /** Doubts, and has the server acknowledge the subscription anew; what is not acknowledged yet, will be. */
  #renew(reason: string): void {
    const subscription = this.#subscription;
    const wasSubscribed = this.#isSubscribed;
    this.#doubt(reason);
    if (wasSubscribed && subscription !== undefined) {
      void this.#awaitAcknowledgement(subscription, subscription.acknowledge());
    }
  }

  /** Never rejects. One for a connection that has been given up meanwhile does not count. */
  async #awaitAcknowledgement(subscription: Subscription, acknowledged: Promise<void>): Promise<void> {
    try {
      await acknowledged;
      // What is on its way between nodes overtakes each other: numbers count when that is over.
      if (this.#parts.client.isCluster) await this.#pause(GAP_GRACE_MS);
    } catch {
      if (subscription === this.#subscription) this.#drop("it could not subscribe");
      return;
    }
    if (subscription !== this.#subscription || this.#isClosed) return subscription.close();
    this.#isSubscribed = true;
    this.#probe.reset();
    void this.#probe.send();
  }

  /** Doubts, and gives up the connection. The next tick makes another. */
  #drop(reason: string): void {
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#doubt(reason);
  }

  #pause(ms: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.schedule(ms, resolve);
    });
  }

  #doubt(reason: string): void {
    const wasLive = this.#isLive;
    this.#isLive = false;
    this.#isSubscribed = false;
    this.#gaps.clear();
    this.#probe.reset();
    if (wasLive) this.#tell((receiver) => receiver.onDoubt(reason));
  }

  #tickLater(): void {
    this.#cancelTick = this.#parts.clock.schedule(this.#periodMs, () => {
      if (this.#isClosed) return;
      this.#tickLater();
      this.#tick();
    });
  }

  #tick(): void {
    if (this.#subscription === undefined) return void this.#open();
    if (!this.#isSubscribed) return;
    if (this.#probe.pendingMs >= this.#parts.divergenceLimitMs) return this.#drop("its probe did not come back");
    if (this.#isLive && this.#parts.clock.now() >= this.#trustedUntil) return this.#renew("its probe is late");
    void this.#probe.send();
  }

  #hearProbe(text: string): void {
    const sentAt = this.#probe.note(text);
    if (sentAt === undefined || !this.#isSubscribed) return;
    this.#trustedUntil = sentAt + this.#parts.divergenceLimitMs;
    if (this.#isLive) return;
    this.#isLive = true;
    this.#liveSince = this.#parts.clock.now();
    this.#tell((receiver) => receiver.onLive());
  }

  #hear(text: string): void {
    const heard = readMessage(text);
    if (heard.kind === "unknown") return this.#renew("a message could not be read");
    const { publisher, number, isFollowUp, ageMs, message } = heard;
    if (message !== undefined) {
      const isTold = this.#tell((receiver) => receiver.onMessage(message, publisher === this.#parts.ownId));
      if (!isTold) return this.#renew("its receiver failed at a message");
    }
    if (!this.#isLive) return this.#gaps.skip(publisher, number);
    const liveMs = this.#parts.clock.now() - this.#liveSince;
    this.#gaps.note(publisher, number, isFollowUp, ageMs, liveMs);
  }

  /** A receiver must not throw; one that does has perhaps not acted on what it was told. Answers whether it did not. */
  #tell(what: (receiver: BusReceiver) => void): boolean {
    try {
      if (this.#receiver !== undefined && !this.#isClosed) what(this.#receiver);
      return true;
    } catch {
      return false;
    }
  }
}
