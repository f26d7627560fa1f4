// What can be said about the SQLite tier, and the element of `tiers` made of it.

import type { RemoteTierConfig, RemoteTierContext } from "../contracts/remote.ts";
import type { BreakerOptions } from "../model/breaker-options.ts";
import type { Duration } from "../model/duration.ts";
import type { PayloadOptions } from "../model/payload-options.ts";
import type { SqliteDatabase } from "./driver.ts";
import { openSqlite } from "./open.ts";
import { resolveSqliteOptions } from "./settings.ts";
import { SqliteShare } from "./share.ts";

/** Options of the SQLite tier. */
export interface SqliteTierOptions extends PayloadOptions {
  /**
   * The file; its directory is made if it is not there. `":memory:"` keeps everything in this process, for the caches of
   * this plan alone. Default `"cache.db"` in the working directory.
   */
  readonly path?: string | undefined;
  /**
   * An open `DatabaseSync` of `node:sqlite`, or of a package with its interface, instead of `path`. It is used and never
   * closed, its `busy_timeout` is set to 0, and it holds nothing but the cache.
   */
  readonly database?: SqliteDatabase | undefined;
  /** Label in events and statistics. Default `"sqlite"`. */
  readonly name?: string | undefined;
  /** `false` leaves the tier out. Default `true`. */
  readonly enabled?: boolean | undefined;
  /** Most entries of the file, of all caches in it; those not used for the longest go first. Default `Infinity`. */
  readonly maxEntries?: number | undefined;
  /**
   * Most bytes that entries may take, keys and about 100 bytes each included; the file itself is somewhat larger.
   * Those not used for the longest go first. Default 1 GiB.
   */
  readonly maxBytes?: number | undefined;
  /** Entries are gone at this age, whatever their `ttl`. Default `"forever"`. */
  readonly maxAge?: Duration | undefined;
  /** Longest that a write waits while another process holds the lock of the file. Default 100 ms. */
  readonly timeout?: Duration | undefined;
  /** How often space that has become free is given back to the system, in small steps. Default 10 min. */
  readonly vacuumInterval?: Duration | undefined;
  /** Whether entries that have ended are removed as soon as the file is opened, rather than a second later. Default `false`. */
  readonly cleanupOnStart?: boolean | undefined;
  /** `false`: no word of invalidations from other processes; every read then asks the file. Default `true`. */
  readonly bus?: boolean | undefined;
  /** Longest that a process which cannot read the file goes on believing its own copies. Default 2 s. */
  readonly divergenceLimit?: Duration | undefined;
  /**
   * `false`: goes on asking a file that keeps failing. `true`: leaves it alone for half a minute after five failures. Or
   * other numbers. Default `true`.
   */
  readonly breaker?: boolean | BreakerOptions | undefined;
}

/** The SQLite tier as an element of `tiers`. */
export interface SqliteTierConfig extends RemoteTierConfig {
  readonly kind: "sqlite";
  readonly options: SqliteTierOptions;
}

/**
 * The tier that all processes and threads of one host share: a SQLite file, on `node:sqlite` (Node.js 22.13 or newer) or
 * on the package `@photostructure/sqlite`. It survives restarts, and tells every process what another one invalidates. It
 * has to be on a local disk. Caches opened from one plan share one connection.
 * @param options checked when the cache is made. A file that cannot be opened is tried again and again, in the background.
 * @throws CacheError `unavailable` when the cache is made, if there is no SQLite
 */
export function sqliteTier(options: SqliteTierOptions = {}): SqliteTierConfig {
  return Object.freeze({
    kind: "sqlite",
    options,
    prepare(field: string) {
      const settings = resolveSqliteOptions(options, `${field}.options`);
      const share = new SqliteShare(settings);
      return Object.freeze({
        name: settings.name,
        system: "sqlite",
        enabled: settings.enabled,
        maxAgeMs: settings.maxAgeMs,
        timeoutMs: settings.timeoutMs,
        breaker: settings.breaker,
        payload: settings.payload,
        scope: "host",
        open: (context: RemoteTierContext) => openSqlite(share, context),
      });
    },
  } satisfies SqliteTierConfig);
}
