// The authority on SQLite: every decision is taken within a transaction on the file, by the clock of the host.

import type {
  Acquired,
  Authority,
  DatedEpoch,
  EpochName,
  Inspected,
  NewFrame,
  ReadReply,
  SharedEpoch,
  Written,
} from "../contracts/authority.ts";
import type { Instant, Milliseconds } from "../model/duration.ts";
import type { Spans } from "../model/policy.ts";
import { aboutOf, EPOCHS, type SqliteClient } from "./client.ts";
import { hostNow } from "./host-clock.ts";
import type { SqliteVerbs } from "./verbs.ts";

/** Leases, fills and epochs in the tables of the file that all processes of a host share. */
export class SqliteAuthority implements Authority {
  readonly #client: SqliteClient;
  readonly #verbs: SqliteVerbs;

  constructor(client: SqliteClient, verbs: SqliteVerbs) {
    this.#client = client;
    this.#verbs = verbs;
  }

  now(): Promise<Instant> {
    // The file is asked, although it need not be: this is how it is found out whether it answers.
    return this.#client.read([], ({ store }) => hostNow(store.record.offsetMs));
  }

  identity(): Promise<string | undefined> {
    return this.#client.read([], ({ store }) => store.record.identity);
  }

  read(fullKey: string, unknown: readonly EpochName[]): ReadReply | Promise<ReadReply> {
    if (unknown.length > 0) return this.#readWithEpochs(fullKey, unknown);
    // Who knows its epochs is told of what changes.
    return this.#client.readShared(fullKey, (transaction) => ({
      frame: this.#verbs.frame(transaction, fullKey),
      epochs: NO_EPOCHS,
    }));
  }

  async epochs(names: readonly EpochName[]): Promise<readonly (SharedEpoch & { readonly since: Instant })[]> {
    const known = await this.#client.read([EPOCHS], (transaction) => this.#verbs.knownEpochs(transaction, names));
    return known ?? this.#client.write(EPOCHS, (transaction) => this.#verbs.mint(transaction, names));
  }

  acquire(fullKey: string, token: string, knownVersion: string | undefined, leaseMs: Milliseconds): Promise<Acquired> {
    return this.#client.write(fullKey, (transaction) =>
      this.#verbs.acquire(transaction, fullKey, token, knownVersion, leaseMs),
    );
  }

  renew(fullKey: string, token: string, leaseMs: Milliseconds): Promise<boolean> {
    return this.#client.write(fullKey, (transaction) => this.#verbs.renew(transaction, fullKey, token, leaseMs));
  }

  release(fullKey: string, token: string): Promise<void> {
    return this.#client.write(fullKey, (transaction) => this.#verbs.release(transaction, fullKey, token));
  }

  async *leases(prefix: string): AsyncGenerator<string> {
    yield* await this.#client.read([], ({ store, now }) => store.leases.keys(prefix, now));
  }

  fill(fullKey: string, token: string, frame: Uint8Array, spans: Spans, deadline: Instant): Promise<Written> {
    const own = Buffer.from(frame);
    return this.#client.write(fullKey, (transaction) =>
      this.#verbs.fill(transaction, fullKey, token, own, spans, deadline),
    );
  }

  discard(fullKey: string, token: string, deadline: Instant): Promise<"done" | "fenced" | "late"> {
    return this.#client.write(fullKey, (transaction) => this.#verbs.discard(transaction, fullKey, token, deadline));
  }

  set(fullKey: string, frame: Uint8Array, spans: Spans, deadline: Instant): Promise<Written> {
    const own = Buffer.from(frame);
    return this.#client.write(fullKey, (transaction) => this.#verbs.set(transaction, fullKey, own, spans, deadline));
  }

  setMany(sets: readonly NewFrame[], deadline: Instant): Promise<readonly (Written | Error)[]> {
    const keys = sets.map(({ fullKey }) => fullKey);
    return this.#client.writeAll(keys, sets, (transaction, some) => this.#verbs.setMany(transaction, some, deadline));
  }

  async remove(fullKey: string, deadline: Instant): Promise<{ readonly existed: boolean | undefined }> {
    const existed = await this.#client.write(fullKey, (transaction) =>
      this.#verbs.remove(transaction, fullKey, deadline),
    );
    return { existed };
  }

  markStale(fullKey: string, deadline: Instant): Promise<boolean> {
    return this.#client.write(fullKey, (transaction) => this.#verbs.markStale(transaction, fullKey, deadline));
  }

  announce(namespace: string | undefined, pattern: string, deadline: Instant): Promise<boolean> {
    return this.#client.write(EPOCHS, (transaction) => this.#verbs.announce(transaction, namespace, pattern, deadline));
  }

  bump(name: EpochName, soft: boolean, deadline: Instant): Promise<boolean> {
    return this.#client.write(EPOCHS, (transaction) => this.#verbs.bump(transaction, name, soft, deadline));
  }

  inspect(fullKey: string): Promise<Inspected> {
    return this.#client.read([fullKey], (transaction) => this.#verbs.inspect(transaction, fullKey));
  }

  inspectEpochs(names: readonly EpochName[]): Promise<readonly (DatedEpoch | undefined)[]> {
    return this.#client.read([EPOCHS], (transaction) => this.#verbs.findEpochs(transaction, names));
  }

  async #readWithEpochs(fullKey: string, unknown: readonly EpochName[]): Promise<ReadReply> {
    const about = aboutOf(fullKey, unknown);
    const reply = await this.#client.read(about, (transaction) => this.#verbs.read(transaction, fullKey, unknown));
    if (reply !== undefined) return reply;
    return this.#client.write(EPOCHS, (transaction) => this.#verbs.readAndMint(transaction, fullKey, unknown));
  }
}

const NO_EPOCHS: ReadReply["epochs"] = [];
