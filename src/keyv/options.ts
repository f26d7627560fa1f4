// What can be said about the Keyv tier, and the element of `tiers` made of it.

import type { RemoteTierConfig, RemoteTierContext } from "../contracts/remote.ts";
import type { BreakerOptions } from "../model/breaker-options.ts";
import type { Duration } from "../model/duration.ts";
import type { PayloadOptions } from "../model/payload-options.ts";
import { KeyvOpener } from "./open.ts";
import { resolveKeyvOptions } from "./settings.ts";
import type { KeyvLike, KeyvStorage } from "./storage.ts";

/** Options of the Keyv tier. */
export interface KeyvTierOptions extends PayloadOptions {
  /**
   * A storage adapter of Keyv, such as `new KeyvPostgres(…)`, a Keyv, of which only the adapter is used, or a Map. It
   * has to carry strings, and keys as long as yours. Caches given the same object share leases and fences.
   */
  readonly store: KeyvStorage | KeyvLike | Map<string, unknown>;
  /** Label in events and statistics. Default `"keyv"`. */
  readonly name?: string | undefined;
  /** `false` leaves the tier out. Default `true`. */
  readonly enabled?: boolean | undefined;
  /** Longest that one command may take, however many questions to the store it needs. Default 100 ms. */
  readonly timeout?: Duration | undefined;
  /** In front of all keys. Default `""`, behind the namespace of a Keyv or an adapter that has one. */
  readonly keyPrefix?: string | undefined;
  /** Entries are gone at this age, whatever their `ttl`. Default `"forever"`. */
  readonly maxAge?: Duration | undefined;
  /**
   * `false`: goes on asking a store that keeps failing. `true`: leaves it alone for half a minute after five failures. Or
   * other numbers. Default `true`.
   */
  readonly breaker?: boolean | BreakerOptions | undefined;
  /** Whether the last cache to close disconnects the store. Default `false`: it is yours. */
  readonly closeStore?: boolean | undefined;
}

/** The Keyv tier as an element of `tiers`. */
export interface KeyvTierConfig extends RemoteTierConfig {
  readonly kind: "keyv";
  readonly options: KeyvTierOptions;
}

/**
 * A shared tier on any store that Keyv has an adapter for: Postgres, MySQL, SQLite, MongoDB, Memcached, DynamoDB and
 * others. Processes share its entries, and an invalidation reaches the others with their next read, for every read
 * asks the store. But such a store takes no decisions: leases, fences and the order of writes hold among the caches of
 * this process, and `health()` says so. Where processes must not overtake each other, use a tier that can decide.
 * @param options checked when the cache is made
 */
export function keyvTier(options: KeyvTierOptions): KeyvTierConfig {
  return Object.freeze({
    kind: "keyv",
    options,
    prepare(field: string) {
      const settings = resolveKeyvOptions(options, `${field}.options`);
      const opener = new KeyvOpener(settings);
      return Object.freeze({
        name: settings.name,
        enabled: settings.enabled,
        maxAgeMs: settings.maxAgeMs,
        timeoutMs: settings.timeoutMs,
        breaker: settings.breaker,
        scope: "nobody",
        payload: settings.payload,
        open: (context: RemoteTierContext) => opener.open(context),
      });
    },
  } satisfies KeyvTierConfig);
}
