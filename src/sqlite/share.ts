// What the caches opened from one plan share: made with the first of them, ended with the last.

import type { Clock } from "../contracts/clock.ts";
import { loadDriver } from "./driver.ts";
import { SqliteLink } from "./link.ts";
import { LogReader } from "./log-reader.ts";
import type { SqliteSettings } from "./settings.ts";
import { Touches } from "./touches.ts";
import { pushOut, UpkeepTimer } from "./upkeep.ts";
import { SqliteWriter } from "./writer.ts";

/** What is shared. */
interface Shared {
  readonly link: SqliteLink;
  readonly writer: SqliteWriter;
  readonly reader: LogReader;
  readonly touches: Touches;
  readonly upkeep: UpkeepTimer;
}

/** One cache's part in it. */
export interface SqlitePart extends Omit<Shared, "upkeep"> {
  /** Resolves when this cache's part in it is over. Once is enough, more is harmless. */
  leave(): Promise<void>;
}

/** Counts who uses the connection of one plan. */
export class SqliteShare {
  readonly settings: SqliteSettings;
  #shared: Shared | undefined;
  #users = 0;

  constructor(settings: SqliteSettings) {
    this.settings = settings;
  }

  /**
   * Takes part. @param clock of the cache; that of the first one serves what all share
   * @throws CacheError `unavailable` when there is no SQLite
   */
  join(clock: Clock): SqlitePart {
    const shared = (this.#shared ??= this.#make(clock));
    this.#users++;
    let left: Promise<void> | undefined;
    return { ...shared, leave: () => (left ??= this.#leave(shared)) };
  }

  #make(clock: Clock): Shared {
    const { settings } = this;
    const { target, name, maxEntries, maxBytes } = settings;
    const link = new SqliteLink(settings, target.kind === "database" ? undefined : loadDriver(name), clock);
    const touches = new Touches(maxEntries !== Infinity || maxBytes !== Infinity);
    const reader = new LogReader(link, clock);
    const keepBounds = (transaction: Parameters<typeof pushOut>[0]): void => {
      touches.write(transaction.store);
      pushOut(transaction, settings);
    };
    const writer = new SqliteWriter(link, clock, keepBounds, (rows) => reader.nudge(rows));
    link.onLost(() => touches.forget());
    return { link, writer, reader, touches, upkeep: new UpkeepTimer(link, writer, clock, touches) };
  }

  async #leave({ link, writer, reader, upkeep }: Shared): Promise<void> {
    if (--this.#users > 0) return;
    // Who comes from now on gets others.
    this.#shared = undefined;
    upkeep.stop();
    reader.close();
    await writer.settled();
    writer.close();
    link.close();
  }
}
