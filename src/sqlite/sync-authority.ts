// The authority on SQLite for callers who cannot wait: the same verbs, within transactions that are over at once.

import type { EpochName, ReadReply, SharedEpoch, SyncAuthority, Written } from "../contracts/authority.ts";
import type { Instant } from "../model/duration.ts";
import type { Spans } from "../model/policy.ts";
import { aboutOf, EPOCHS, type SqliteClient } from "./client.ts";
import { hostNow } from "./host-clock.ts";
import type { SqliteVerbs } from "./verbs.ts";

/** Answers while it is called; what others hold the lock for fails at once. */
export class SqliteSyncAuthority implements SyncAuthority {
  readonly #client: SqliteClient;
  readonly #verbs: SqliteVerbs;

  constructor(client: SqliteClient, verbs: SqliteVerbs) {
    this.#client = client;
    this.#verbs = verbs;
  }

  now(): Instant {
    return this.#client.readSync([], ({ store }) => hostNow(store.record.offsetMs));
  }

  read(fullKey: string, unknown: readonly EpochName[]): ReadReply {
    const about = aboutOf(fullKey, unknown);
    const reply = this.#client.readSync(about, (transaction) => this.#verbs.read(transaction, fullKey, unknown));
    if (reply !== undefined) return reply;
    return this.#client.writeSync(EPOCHS, (transaction) => this.#verbs.readAndMint(transaction, fullKey, unknown));
  }

  epochs(names: readonly EpochName[]): readonly (SharedEpoch & { readonly since: Instant })[] {
    const known = this.#client.readSync([EPOCHS], (transaction) => this.#verbs.knownEpochs(transaction, names));
    return known ?? this.#client.writeSync(EPOCHS, (transaction) => this.#verbs.mint(transaction, names));
  }

  set(fullKey: string, frame: Uint8Array, spans: Spans, deadline: Instant): Written {
    const own = Buffer.from(frame);
    return this.#client.writeSync(fullKey, (transaction) =>
      this.#verbs.set(transaction, fullKey, own, spans, deadline),
    );
  }

  remove(fullKey: string, deadline: Instant): { readonly existed: boolean | undefined } {
    return {
      existed: this.#client.writeSync(fullKey, (transaction) => this.#verbs.remove(transaction, fullKey, deadline)),
    };
  }
}
