// Which class or function the names in keys belong to, per cache: two of one name would answer for each other.

import { CacheError, show } from "../errors.ts";

interface Claim {
  readonly owner: WeakRef<object>;
  readonly property: string | symbol | undefined;
}

const claims = new WeakMap<object, Map<string, Claim>>();

/**
 * Notes that a name in the keys of a cache belongs to a method of a class, to a class or to a function.
 * @throws CacheError `invalid_decorator` when it belongs to another one that is still there
 */
export function claimName(
  cache: object,
  name: string,
  owner: object,
  property?: string | symbol,
  what = "function",
): void {
  const ofCache = claims.get(cache) ?? new Map<string, Claim>();
  const holder = ofCache.get(name);
  const held = holder?.owner.deref();
  if (held === owner && holder?.property === property) return;
  if (held !== undefined) {
    const rule = `must have a name of its own among those that share a cache without keys of their own`;
    throw new CacheError("invalid_decorator", `a ${what} ${rule}, got ${show(name)} twice: give one of them an id`);
  }
  claims.set(cache, ofCache.set(name, { owner: new WeakRef(owner), property }));
}

/** A name as it stands in a key, in front of `(`. */
export function escapeName(name: string): string {
  return name.replace(/[%(]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

/**
 * Checks the name of a class or function that keys are to be made of.
 * @throws CacheError `invalid_decorator` for none, and for one that a minifier may have made
 */
export function checkName(name: unknown, what: string, hint: string): asserts name is string {
  if (typeof name === "string" && name.length > 2) return;
  const rule = `must have a name of more than two letters, which no minifier has made, or ${hint}`;
  throw new CacheError("invalid_decorator", `a ${what} without a key of its own ${rule}, got ${show(name)}`);
}
