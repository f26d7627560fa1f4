// Names of keys and channels in Redis, made of full keys and names so that none can be taken for another.

import type { EpochName } from "../contracts/authority.ts";
import { escapeName } from "../model/key.ts";

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
  /** How much stands in front of the full key in what SCAN finds. */
  readonly patternPrefixLength: number;
}

/**
 * @param root what the cache's full keys start with
 * @param prefix goes in front of everything
 * @param clientPrefix what the client itself puts in front of keys, but neither of patterns nor of channels
 */
export function redisKeys(root: string, prefix: string, clientPrefix: string): RedisKeys {
  const base = `${prefix}${root}`;
  const entries = `${root}:v:`;
  return {
    channel: `${clientPrefix}${base}:bus`,
    ownChannel: (publisher) => `${clientPrefix}${base}:bus:${publisher}`,
    entry: (fullKey) => prefix + fullKey,
    lease: (fullKey) => `${base}:l:${fullKey.slice(entries.length)}`,
    epoch: (name) => base + epochSuffix(name),
    pattern: (start) => `${escapeGlob(clientPrefix + prefix + start)}*`,
    patternPrefixLength: clientPrefix.length + prefix.length,
  };
}

/** The braces keep tag `r` of one cache apart from the root of another whose version is called `t`. */
function epochSuffix(name: EpochName): string {
  if (name.kind === "root") return ":r";
  return `:${name.kind === "tag" ? "t" : "n"}:{${escapeName(name.name ?? "")}}`;
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^]/g, String.raw`\$&`);
}
