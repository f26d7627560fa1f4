// The authority on a Keyv store: leases and fences in this process, frames and epochs in the store.

import type {
  Acquired,
  Authority,
  DatedEpoch,
  EpochName,
  Inspected,
  ReadReply,
  SharedEpoch,
  Written,
} from "../contracts/authority.ts";
import type { FrameLayout } from "../contracts/frame.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Spans } from "../model/policy.ts";
import type { Attempt, KeyvClient } from "./client.ts";
import type { KeyvEpochs } from "./epochs.ts";
import { readInstants, readText, toText, versionOf, withInstants } from "./frame-text.ts";
import type { Leases } from "./leases.ts";
import type { KeyvNames } from "./names.ts";

/** What the authority works with. */
export interface KeyvAuthorityParts {
  readonly client: KeyvClient;
  readonly names: KeyvNames;
  readonly epochs: KeyvEpochs;
  readonly layout: FrameLayout;
}

/**
 * Decides in the memory of this process, which is where a store without scripts or transactions can be decided on:
 * between processes nothing is fenced. The writes of one key go to the store one after the other. Deadlines and instants
 * go by the clock of the process.
 */
export class KeyvAuthority implements Authority {
  readonly #client: KeyvClient;
  readonly #names: KeyvNames;
  readonly #epochs: KeyvEpochs;
  readonly #leases: Leases;
  readonly #layout: FrameLayout;

  constructor({ client, names, epochs, layout }: KeyvAuthorityParts) {
    this.#client = client;
    this.#names = names;
    this.#epochs = epochs;
    this.#leases = client.share.leases;
    this.#layout = layout;
  }

  /** Asks the store for something, so that one which does not answer is found out. */
  async now(): Promise<Instant> {
    await this.#client.run((attempt) => attempt.get(this.#names.epoch({ kind: "root" }).hard));
    return this.#client.clock.now();
  }

  /** Nobody can tell two stores apart, nor a store from one that has forgotten something. */
  identity(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  read(fullKey: string, unknown: readonly EpochName[]): Promise<ReadReply> {
    return this.#client.run(async (attempt) => {
      const [found, ...epochs] = await attempt.getMany([this.#names.entry(fullKey), ...this.#epochs.keys(unknown)]);
      const told = await this.#epochs.complete(attempt, unknown, epochs);
      return {
        frame: readText(found, this.#client.clock.now())?.bytes,
        epochs: told.map(({ hard, soft }) => ({ hard, soft })),
      };
    });
  }

  epochs(names: readonly EpochName[]): Promise<readonly (SharedEpoch & { readonly since: Instant })[]> {
    return this.#client.run(async (attempt) =>
      this.#epochs.complete(attempt, names, await attempt.getMany(this.#epochs.keys(names))),
    );
  }

  acquire(fullKey: string, token: string, knownVersion: string | undefined, leaseMs: Milliseconds): Promise<Acquired> {
    return this.#inLine(fullKey, async (attempt, key) => {
      const held = readText(await attempt.get(key), this.#client.clock.now());
      const version = versionOf(this.#layout, held?.bytes);
      if (version !== knownVersion) return { kind: "changed", frame: version === undefined ? undefined : held?.bytes };
      // A lease that nobody knows of would keep everybody waiting.
      attempt.assertWanted();
      return this.#leases.acquire(key, token, this.#client.clock.now(), leaseMs);
    });
  }

  renew(fullKey: string, token: string, leaseMs: Milliseconds): Promise<boolean> {
    const now = this.#client.clock.now();
    return Promise.resolve(this.#leases.renew(this.#names.entry(fullKey), token, now, leaseMs));
  }

  release(fullKey: string, token: string): Promise<void> {
    return Promise.resolve(this.#leases.release(this.#names.entry(fullKey), token));
  }

  async *leases(prefix: string): AsyncGenerator<string> {
    const { entries } = this.#names;
    for (const key of this.#leases.keys(this.#names.entry(prefix), this.#client.clock.now())) {
      if (key.startsWith(entries)) yield this.#names.fullKeyOf(key);
    }
  }

  fill(fullKey: string, token: string, frame: Uint8Array, spans: Spans, deadline: Instant): Promise<Written> {
    return this.#inLine<Written>(fullKey, async (attempt, key, now) => {
      if (now > deadline) return { kind: "late" };
      if (!this.#leases.isHeld(key, token, now)) return { kind: "fenced" };
      try {
        return await this.#store(attempt, key, frame, spans, now);
      } finally {
        this.#leases.release(key, token);
      }
    });
  }

  discard(fullKey: string, token: string, deadline: Instant): Promise<"done" | "fenced" | "late"> {
    return this.#inLine(fullKey, async (attempt, key, now) => {
      if (now > deadline) return "late";
      if (!this.#leases.isHeld(key, token, now)) return "fenced";
      await attempt.delete(key);
      this.#leases.release(key, token);
      return "done";
    });
  }

  set(fullKey: string, frame: Uint8Array, spans: Spans, deadline: Instant): Promise<Written> {
    return this.#inLine<Written>(fullKey, async (attempt, key, now) => {
      if (now > deadline) return { kind: "late" };
      this.#leases.drop(key);
      return this.#store(attempt, key, frame, spans, now);
    });
  }

  remove(fullKey: string, deadline: Instant): Promise<{ readonly existed: boolean | undefined }> {
    return this.#inLine(fullKey, async (attempt, key, now) => {
      if (now > deadline) return { existed: undefined };
      this.#leases.drop(key);
      return { existed: await attempt.delete(key) };
    });
  }

  markStale(fullKey: string, deadline: Instant): Promise<boolean> {
    return this.#inLine(fullKey, async (attempt, key, now) => {
      if (now > deadline) return false;
      this.#leases.drop(key);
      const held = readText(await attempt.get(key), now);
      if (held === undefined) return true;
      if (versionOf(this.#layout, held.bytes) === undefined) {
        await attempt.delete(key);
        return true;
      }
      const staleAt = Math.floor(now);
      const [createdAt = staleAt, freshUntil = Infinity] = readInstants(this.#layout, held.bytes);
      if (freshUntil <= staleAt) return true;
      const stale = withInstants(this.#layout, held.bytes, [Math.min(createdAt, staleAt), staleAt]);
      await attempt.set(key, toText(stale, held.endsAt), held.endsAt - now);
      return true;
    });
  }

  /** There is nobody to tell. */
  announce(_namespace: string | undefined, _pattern: string, deadline: Instant): Promise<boolean> {
    return Promise.resolve(this.#client.clock.now() <= deadline);
  }

  bump(name: EpochName, soft: boolean, deadline: Instant): Promise<boolean> {
    const key = this.#names.epoch(name)[soft ? "soft" : "hard"];
    return this.#client.runInLine(key, async (attempt, now) => {
      if (now > deadline) return false;
      await this.#epochs.bump(attempt, key);
      return true;
    });
  }

  /** Leases are those of this process. */
  inspect(fullKey: string): Promise<Inspected> {
    const key = this.#names.entry(fullKey);
    return this.#client.run(async (attempt) => {
      const found = await attempt.get(key);
      const now = this.#client.clock.now();
      const held = this.#leases.find(key, now);
      const lease = held && { token: held.token, remainingMs: held.endsAt - now };
      return { now, frame: readText(found, now)?.bytes, lease };
    });
  }

  inspectEpochs(names: readonly EpochName[]): Promise<readonly (DatedEpoch | undefined)[]> {
    return this.#client.run(async (attempt) =>
      this.#epochs.found(names, await attempt.getMany(this.#epochs.keys(names))),
    );
  }

  /** Work on one entry: whatever comes before it, in this process, is over when it begins. */
  #inLine<T>(fullKey: string, work: (attempt: Attempt, key: string, now: Instant) => Promise<T>): Promise<T> {
    const key = this.#names.entry(fullKey);
    return this.#client.runInLine(key, (attempt, now) => work(attempt, key, now));
  }

  /** Instants count from a whole millisecond. */
  async #store(
    attempt: Attempt,
    key: string,
    frame: Uint8Array,
    { freshMs, staleMs, errorMs }: Spans,
    now: Instant,
  ): Promise<Written> {
    const createdAt = Math.floor(now);
    const instants = [createdAt, createdAt + freshMs, createdAt + staleMs, createdAt + errorMs];
    const bytes = withInstants(this.#layout, frame, instants);
    await attempt.set(key, toText(bytes, createdAt + errorMs), errorMs);
    return { kind: "stored", createdAt };
  }
}
