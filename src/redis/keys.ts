// Names of keys and channels in Redis, made of full keys and names so that none can be taken for another.

import type { EpochName } from "../contracts/authority.ts";
import { epochSuffix } from "../model/epoch-key.ts";

/** Makes the names of one cache. */
export interface RedisKeys {
  /** The channel of the cache, and the one on which a process talks to itself. */
  readonly channel: string;
  ownChannel(publisher: string): string;
  /** Holds the frame. */
  entry(fullKey: string): string;
  /** Holds the lease: the same slot, because the braces hold the same text. */
  lease(fullKey: string): string;
  epoch(name: EpochName): string;
  /** The pattern of SCAN for entries whose full keys start with `prefix`. */
  pattern(prefix: string): string;
  /** The full key of an entry, by its name on the server. */
  fullKeyOf(found: string): string;
  /** The pattern of SCAN for leases of full keys that start with `prefix`; `undefined` when there can be none. */
  leasePattern(prefix: string): string | undefined;
  /** The full key that a lease is of, by its name on the server. */
  leasedKeyOf(found: string): string;
  /** What the names of all entries start with on the server. */
  readonly trackedPrefix: string;
  /** A key by its name on the server. */
  onServer(key: string): string;
}

/**
 * @param root what the cache's full keys start with
 * @param prefix goes in front of everything
 * @param clientPrefix what the client itself puts in front of keys, but neither of patterns nor of channels
 */
export function redisKeys(root: string, prefix: string, clientPrefix: string): RedisKeys {
  const base = `${prefix}${root}`;
  const entries = `${root}:v:`;
  const leases = `${base}:l:`;
  const onServer = (key: string): string => clientPrefix + key;
  return {
    onServer,
    channel: `${clientPrefix}${base}:bus`,
    ownChannel: (publisher) => `${clientPrefix}${base}:bus:${publisher}`,
    entry: (fullKey) => prefix + fullKey,
    lease: (fullKey) => leases + fullKey.slice(entries.length),
    epoch: (name) => base + epochSuffix(name),
    pattern: (start) => `${escapeGlob(onServer(prefix + start))}*`,
    fullKeyOf: (found) => found.slice(onServer(prefix).length),
    leasePattern(start) {
      // Names of other caches may go on where the root ends, but never with a brace.
      const known = `${entries}{`;
      const rest = start.startsWith(known) ? start.slice(known.length) : known.startsWith(start) ? "" : undefined;
      return rest === undefined ? undefined : `${escapeGlob(onServer(`${leases}{${rest}`))}*`;
    },
    leasedKeyOf: (found) => entries + found.slice(onServer(leases).length),
    trackedPrefix: `${onServer(prefix + entries)}{`,
  };
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^]/g, String.raw`\$&`);
}
