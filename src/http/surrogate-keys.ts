// Surrogate keys: tags that a response brings along, for whoever caches it, and for nobody behind.

import { listMembers } from "./policy/syntax.ts";
import type { Fields } from "./policy/message.ts";

/** Separated by commas, and by spaces. */
const CACHE_TAG = "cache-tag";
const SURROGATE_KEY = "surrogate-key";

/** The tags of a response, each once. */
export function surrogateKeys(fields: Fields): string[] {
  const keys = fields.all(SURROGATE_KEY).flatMap((line) => line.split(/[ \t,]+/));
  return [...new Set([...listMembers(fields.all(CACHE_TAG)), ...keys])].filter((key) => key !== "");
}

/** Those that are taken out on the way to the client. */
export const SURROGATE_FIELDS: readonly string[] = Object.freeze([CACHE_TAG, SURROGATE_KEY]);

/** The name is given in lower case. */
export function isSurrogateField(name: string): boolean {
  return SURROGATE_FIELDS.includes(name);
}
