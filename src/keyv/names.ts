// Names of keys in the store, made of full keys and names so that none can be taken for another.

import type { EpochName } from "../contracts/authority.ts";
import { epochSuffix } from "../model/epoch-key.ts";

/** Where the two halves of an epoch are: apart, so that changing the one never writes the other. */
export interface EpochKeys {
  readonly hard: string;
  readonly soft: string;
}

/** Makes the names of one cache. */
export interface KeyvNames {
  /** Where a frame is. */
  entry(fullKey: string): string;
  /** What the names of all entries of the cache begin with. */
  readonly entries: string;
  /** The full key of an entry, by its name in the store. */
  fullKeyOf(found: string): string;
  epoch(name: EpochName): EpochKeys;
}

/**
 * @param root what the cache's full keys start with
 * @param prefix goes in front of everything
 */
export function keyvNames(root: string, prefix: string): KeyvNames {
  return {
    entry: (fullKey) => prefix + fullKey,
    // A cache's version may be called `v`, but its keys never have the brace there.
    entries: `${prefix}${root}:v:{`,
    fullKeyOf: (found) => found.slice(prefix.length),
    epoch(name) {
      const base = `${prefix}${root}${epochSuffix(name)}`;
      return { hard: `${base}:hard`, soft: `${base}:soft` };
    },
  };
}
