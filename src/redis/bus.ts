// The bus on Redis: listens to what the scripts of all processes publish, and knows when it may have missed something.

import type { Bus, BusGap, BusMessage, BusReceiver } from "../contracts/bus.ts";
import type { Cancel, Clock } from "../contracts/clock.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { RedisClient } from "./client.ts";
import { GAP_GRACE_MS, GapAlarm } from "./gap-alarm.ts";
import { Hearing } from "./hearing.ts";
import type { RedisKeys } from "./keys.ts";
import { readMessage } from "./message.ts";
import { Probe } from "./probe.ts";
import type { Subscriber } from "./subscriber.ts";

/** What the bus works with. */
export interface RedisBusParts {
  readonly client: RedisClient;
  readonly subscriber: Subscriber;
  readonly keys: RedisKeys;
  readonly clock: Clock;
  /** Id of this process's publisher. */
  readonly ownId: string;
  readonly divergenceLimitMs: Milliseconds;
  /** Whether servers are to tell what other programs touch. */
  readonly tracking: boolean;
}

/** Probes per time that a lost bus may go unnoticed: five have failed before that if Redis hangs. */
const PROBES_PER_LIMIT = 8;
/** Longest between two tries to connect, or two probes. */
const MAX_PERIOD_MS: Milliseconds = 250;

/**
 * Live means: the SUBSCRIBE has been acknowledged, a probe has come back since, no number is missing, and the commands
 * go where they went. Whatever ends one of these ends being live; then SUBSCRIBE is sent again, or a new connection made.
 */
export class RedisBus implements Bus {
  readonly #parts: RedisBusParts;
  readonly #hearing: Hearing;
  readonly #probe: Probe;
  readonly #periodMs: Milliseconds;
  readonly #gaps: GapAlarm;
  #receiver: BusReceiver | undefined;
  #isLive = false;
  #isClosed = false;
  #trustedUntil: Instant = -Infinity;
  #lagMs: Milliseconds | undefined;
  /** The subscription under way. */
  #attempt: object | undefined;
  /** Whether all that is listened to has been acknowledged since the last doubt. */
  #isSubscribed = false;
  #liveSince: Instant = 0;
  #cancelTick: Cancel = () => undefined;
  #unfollow: () => void = () => undefined;

  constructor(parts: RedisBusParts) {
    this.#parts = parts;
    const { client, clock, keys, ownId } = parts;
    const ownChannel = keys.ownChannel(ownId);
    this.#hearing = new Hearing(parts, ownChannel, {
      onText: (text) => this.#hear(text),
      onEcho: (text) => this.#probe.note(text),
      onTouched: (fullKey) => this.#pass({ kind: "touched", fullKey }, false),
      onFlushed: () => this.#pass({ kind: "epoch", name: { kind: "root" }, soft: false }, false),
      onLost: (reason) => this.#doubt(reason),
    });
    this.#probe = new Probe({
      client,
      clock,
      channel: ownChannel,
      alsoAsk: parts.tracking ? () => this.#hearing.ping() : undefined,
      onAnswer: (answered) => void this.#tell((receiver) => receiver.onProbe(answered)),
      onHeard: (sentAt) => this.#trust(sentAt),
    });
    this.#gaps = new GapAlarm(clock, () => this.#renew("a message is missing", { missing: this.#gaps.missing }));
    this.#periodMs = Math.min(parts.divergenceLimitMs / PROBES_PER_LIMIT, MAX_PERIOD_MS);
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get trustedUntil(): Instant {
    return this.#isLive ? this.#trustedUntil : -Infinity;
  }

  /** Of the last message to itself: from when it was to be sent until it came. */
  get lagMs(): Milliseconds | undefined {
    return this.#lagMs;
  }

  async start(receiver: BusReceiver): Promise<void> {
    this.#receiver = receiver;
    this.#unfollow = this.#parts.client.onGeneration((reason) => this.#followClient(reason));
    this.#tickLater();
    await this.#subscribe();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#doubt("closed");
    this.#cancelTick();
    this.#unfollow();
    this.#hearing.close();
    return Promise.resolve();
  }

  /** Subscribes (again). Never rejects: what fails is tried again at the next tick. */
  async #subscribe(): Promise<void> {
    const attempt = {};
    this.#attempt = attempt;
    const isCurrent = (): boolean => this.#attempt === attempt;
    try {
      await this.#hearing.open();
      // What is on its way between nodes overtakes each other: numbers count when that is over.
      if (this.#parts.client.isCluster && isCurrent()) await this.#pause(GAP_GRACE_MS);
    } catch {
      if (isCurrent()) this.#attempt = undefined;
      return;
    }
    if (!isCurrent()) return;
    this.#attempt = undefined;
    this.#isSubscribed = true;
    void this.#probe.send(true);
  }

  /** Commands go elsewhere now, or nowhere. */
  #followClient(reason: string): void {
    this.#hearing.moveOn();
    if (this.#isSubscribed) return this.#renew(reason);
    this.#doubt(reason);
    if (this.#parts.client.isConnected) void this.#subscribe();
  }

  /** Doubts, and has the server acknowledge the subscription anew; what is not acknowledged yet, will be. */
  #renew(reason: string, gap?: BusGap): void {
    if (!this.#isSubscribed) return;
    this.#doubt(reason, gap);
    void this.#subscribe();
  }

  #doubt(reason: string, gap?: BusGap): void {
    const wasLive = this.#isLive;
    this.#isLive = false;
    this.#isSubscribed = false;
    this.#attempt = undefined;
    this.#gaps.clear();
    this.#probe.forget();
    if (wasLive) this.#tell((receiver) => receiver.onDoubt(reason, gap));
  }

  #pause(ms: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.schedule(ms, resolve);
    });
  }

  #tickLater(): void {
    this.#cancelTick = this.#parts.clock.schedule(this.#periodMs, () => {
      if (this.#isClosed) return;
      this.#tickLater();
      this.#tick();
    });
  }

  /** Probes also while nothing is heard: whoever waits for Redis to come back learns of it here. */
  #tick(): void {
    if (!this.#isSubscribed) {
      if (this.#attempt === undefined) void this.#subscribe();
    } else if (this.#probe.unheardMs >= this.#parts.divergenceLimitMs) {
      this.#hearing.drop("its probe did not come back");
    } else if (this.#isLive && this.#parts.clock.now() >= this.#trustedUntil) {
      this.#renew("its probe is late");
    }
    void this.#probe.send(this.#isSubscribed);
  }

  #trust(sentAt: Instant): void {
    if (!this.#isSubscribed) return;
    this.#lagMs = this.#parts.clock.now() - sentAt;
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
    if (message !== undefined && !this.#pass(message, publisher === this.#parts.ownId)) return;
    if (!this.#isLive) return this.#gaps.skip(publisher, number);
    const liveMs = this.#parts.clock.now() - this.#liveSince;
    this.#gaps.note(publisher, number, isFollowUp, ageMs, liveMs);
  }

  /** Answers whether the receiver took it. One that failed has perhaps not acted on it. */
  #pass(message: BusMessage, isOwn: boolean): boolean {
    const isTold = this.#tell((receiver) => receiver.onMessage(message, isOwn));
    if (!isTold) this.#renew("its receiver failed at a message");
    return isTold;
  }

  /** A receiver must not throw. Answers whether it did not. */
  #tell(what: (receiver: BusReceiver) => void): boolean {
    try {
      if (this.#receiver !== undefined && !this.#isClosed) what(this.#receiver);
      return true;
    } catch {
      return false;
    }
  }
}
