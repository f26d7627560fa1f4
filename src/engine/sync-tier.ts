// The questions to a shared tier that answers at once.

import type { EpochName, ReadReply, SyncAuthority, Written } from "../contracts/authority.ts";
import type { Instant } from "../model/duration.ts";
import type { Epoch } from "../model/epoch.ts";
import type { Spans } from "../model/policy.ts";
import { UNAVAILABLE, type Operation, type Unavailable } from "./guard.ts";
import type { SharedTier, ToldEpoch } from "./shared-tier.ts";

/** Every question to the authority that is answered at once goes through here; none throws. */
export class SyncTier {
  readonly #shared: SharedTier;
  readonly #authority: SyncAuthority;

  constructor(shared: SharedTier, authority: SyncAuthority) {
    this.#shared = shared;
    this.#authority = authority;
  }

  read(fullKey: string, names: readonly Epoch[]): ReadReply | Unavailable {
    return this.#ask(fullKey, "read", (authority) => authority.read(fullKey, names as readonly EpochName[]));
  }

  epochs(names: readonly Epoch[]): readonly ToldEpoch[] | Unavailable {
    return this.#ask(names[0] as EpochName, "epochs", (authority) => authority.epochs(names as readonly EpochName[]));
  }

  set(fullKey: string, frame: Uint8Array, spans: Spans): Written | Unavailable {
    return this.#ask(fullKey, "set", (authority) => authority.set(fullKey, frame, spans, this.#deadline(authority)));
  }

  remove(fullKey: string): { readonly existed: boolean | undefined } | Unavailable {
    return this.#ask(fullKey, "remove", (authority) => authority.remove(fullKey, this.#deadline(authority)));
  }

  /** Makes sure that the clock of the authority is known. */
  sync(): boolean {
    const { time, clock } = this.#shared;
    if (time.isKnown) return true;
    const sentAt = clock.now();
    const serverAt = this.#ask({ kind: "root" }, "now", (authority) => authority.now());
    if (serverAt !== UNAVAILABLE) time.sample(serverAt, sentAt, clock.now());
    return time.isKnown;
  }

  /** It is over when it returns: the deadline only has to lie ahead. */
  #deadline(authority: SyncAuthority): Instant {
    return authority.now() + this.#shared.timeoutMs;
  }

  #ask<T>(about: string | EpochName, operation: Operation, work: (authority: SyncAuthority) => T): T | Unavailable {
    // Called before, and not sent yet.
    if (this.#shared.isHolding) return UNAVAILABLE;
    return this.#shared.guard.runSync(this.#shared.shardOf(about), operation, () => work(this.#authority), about);
  }
}
