// The seam between processes: carries word of invalidations. It may lose messages, but must know when it may have.

import type { Instant, Milliseconds } from "../model/duration.ts";
import type { EpochName } from "./authority.ts";

/** Word of an invalidation. It carries doubt, not truth: receivers drop or re-verify, and never take a value from it. */
export type BusMessage =
  /** An entry is gone or stale; with a `version`, every copy of another version is. */
  | { readonly kind: "key"; readonly fullKey: string; readonly version: string | undefined }
  /** A refresh has been stored: whoever waits for it may read. */
  | { readonly kind: "filled"; readonly fullKey: string; readonly version: string }
  /** Some program, which need not know of this library, has written or removed an entry, or it has expired. */
  | { readonly kind: "touched"; readonly fullKey: string }
  | { readonly kind: "epoch"; readonly name: EpochName; readonly soft: boolean }
  /** All entries of a namespace whose keys match a glob pattern are gone. */
  | { readonly kind: "matching"; readonly namespace: string | undefined; readonly pattern: string };

/** Messages that have not come, and will not: those that another process has numbered, or a log has held. */
export interface BusGap {
  /** How many, as far as that is known. */
  readonly missing: number | undefined;
}

/** What a bus tells its process. Nothing it is told may throw. */
export interface BusReceiver {
  /** A message, own ones included. `isOwn` says that this process published it. */
  onMessage(message: BusMessage, isOwn: boolean): void;
  /**
   * Messages may have been lost since the last call, or may be from now on. `reason` is for people.
   * @param gap where the bus has seen that messages are missing
   */
  onDoubt(reason: string, gap?: BusGap): void;
  /** From now on every message will arrive, or `onDoubt` be called. */
  onLive(): void;
  /** Whether the tier has answered the latest of the probes by which the bus sees that it works. */
  onProbe(answered: boolean): void;
}

/** A connection to the other processes of a cache. Messages are published by the authority, within its writes. */
export interface Bus {
  /** Whether no message can have been lost without `onDoubt`. */
  readonly isLive: boolean;
  /**
   * Until when, by the clock of the cache, its being live may be believed: it has been seen to work a while before. A
   * process that was paused, or is cut off without knowing, must not believe its copies past this.
   */
  readonly trustedUntil: Instant;
  /** How long the last message that tells it took to come; `undefined` before one has, absent where none does. */
  readonly lagMs?: Milliseconds | undefined;
  /** Begins to listen. Resolves when it is set up; being live may take longer, or never come. */
  start(receiver: BusReceiver): Promise<void>;
  /** Tells before it returns what has come until now; absent where that has to be waited for. Must not throw. */
  catchUp?(): void;
  close(): Promise<void>;
}
