// The table of epochs: the generation of each cache, namespace and tag.

import type { EpochName, SharedEpoch } from "../contracts/authority.ts";
import type { Instant } from "../model/duration.ts";
import { escapeName } from "../model/key.ts";
import { randomBytes } from "../model/random.ts";
import type { SqliteDatabase, SqliteStatement } from "./driver.ts";
import { prepare } from "./statement.ts";

/** An epoch, and when it was minted or bumped last. */
export type FoundEpoch = SharedEpoch & { readonly since: Instant };

/** The name of an epoch in the table. The braces keep apart what names of caches could make alike. */
function rowName(root: string, name: EpochName): string {
  if (name.kind === "root") return `${root}:r`;
  return `${root}:${name.kind === "tag" ? "t" : "n"}:{${escapeName(name.name ?? "")}}`;
}

/** Prepared statements on the epochs of one connection. */
export class EpochTable {
  readonly #find: SqliteStatement;
  readonly #put: SqliteStatement;
  readonly #count: SqliteStatement;
  readonly #deleteNames: SqliteStatement;

  constructor(database: SqliteDatabase) {
    const sql = (text: string): SqliteStatement => prepare(database, text);
    this.#find = sql("SELECT hard, soft, since FROM epochs WHERE name = ?");
    this.#put = sql(
      `INSERT INTO epochs (name, kind, hard, soft, since) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET hard = excluded.hard, soft = excluded.soft, since = excluded.since`,
    );
    this.#count = sql("SELECT count(*) AS count FROM epochs");
    // All belongs to a root, and most to the namespace without a name.
    this.#deleteNames = sql(
      `DELETE FROM epochs WHERE id IN
         (SELECT id FROM epochs WHERE kind <> 'root' AND name NOT LIKE '%:n:{}' ORDER BY id LIMIT ?)`,
    );
  }

  find(root: string, name: EpochName): FoundEpoch | undefined {
    const found = this.#find.get(rowName(root, name)) as FoundEpoch | undefined;
    return found && { hard: found.hard, soft: found.soft, since: found.since };
  }

  /** The epoch, minted if there is none: so its loss invalidates. */
  mint(root: string, name: EpochName, now: Instant): FoundEpoch {
    return this.find(root, name) ?? this.#write(root, name, randomText(), randomText(), now);
  }

  /** Changes one half of it, or makes it. */
  bump(root: string, name: EpochName, soft: boolean, now: Instant): void {
    const before = this.find(root, name);
    const changed = randomText();
    if (before === undefined) this.#write(root, name, changed, changed, now);
    else this.#write(root, name, soft ? before.hard : changed, soft ? changed : before.soft, now);
  }

  get count(): number {
    return (this.#count.get() as { readonly count: number }).count;
  }

  /** Forgets the tags and namespaces that were made first, which ends all that belongs to them. */
  removeNames(atMost: number): number {
    return Number(this.#deleteNames.run(atMost).changes);
  }

  #write(root: string, name: EpochName, hard: string, soft: string, since: Instant): FoundEpoch {
    this.#put.run(rowName(root, name), name.kind, hard, soft, since);
    return { hard, soft, since };
  }
}

function randomText(): string {
  return randomBytes(9).toString("base64url");
}
